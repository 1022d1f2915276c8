"""Patches: a field that was not given stays as it is, which is not the same as null."""

from enum import Enum
from typing import Any, Final, Literal


class Unset(Enum):
    """The type of UNSET, the value of a field that was not given."""

    UNSET = "UNSET"


UNSET: Final[Literal[Unset.UNSET]] = Unset.UNSET


def given(patch: Any) -> dict[str, Any]:
    """The fields of a patch that the caller gave, in order of declaration."""
    return {name: value for name, value in vars(patch).items() if value is not UNSET}
