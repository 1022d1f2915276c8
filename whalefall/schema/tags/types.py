"""Tags: what is known of them."""

from whalefall.resolvers.tags import TAGS, TagRow
from whalefall.schema.nodes import Node, noun_type


@noun_type(TAGS)
class Tag(TagRow, Node):
    pass
