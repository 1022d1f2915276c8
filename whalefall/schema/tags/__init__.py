"""Tags: the type in `types`, what changes and assigns them in `mutations`."""

from whalefall.schema.tags.types import Tag

__all__ = ["Tag"]
