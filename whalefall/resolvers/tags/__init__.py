"""Tags group instances: reading them in `reading`, changing them in `writing`.

Putting them on instances stands in `assigning`, which knows instances and is imported by its name.
"""

from whalefall.resolvers.tags.reading import (
    INSTANCE_TAGS,
    TAGS,
    TagFilter,
    TagOption,
    TagOrderField,
    TagRow,
    count_tags,
    get_tag,
    list_tag_categories,
    list_tag_options,
    list_tags,
    tag_names_of,
    tagged,
)
from whalefall.resolvers.tags.writing import (
    TagInput,
    TagPatch,
    create_tag,
    delete_tag,
    update_tag,
)

__all__ = [
    "INSTANCE_TAGS",
    "TAGS",
    "TagFilter",
    "TagInput",
    "TagOption",
    "TagOrderField",
    "TagPatch",
    "TagRow",
    "count_tags",
    "create_tag",
    "delete_tag",
    "get_tag",
    "list_tag_categories",
    "list_tag_options",
    "list_tags",
    "tag_names_of",
    "tagged",
    "update_tag",
]
