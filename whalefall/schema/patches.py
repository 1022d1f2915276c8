"""Patches: what a client left out is not what it set to null."""

from typing import Any

import strawberry


def absent(description: str) -> Any:
    """A field of an update input that may be left out; what is left out stays as it is."""
    return strawberry.field(description=description, default=strawberry.UNSET)


def given(patch: Any) -> dict[str, Any]:
    """The fields that the client sent."""
    return {name: value for name, value in vars(patch).items() if value is not strawberry.UNSET}
