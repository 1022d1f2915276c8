"""What a caller asks of a list, and what comes back."""

import base64
import binascii
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from whalefall.errors import BadInput, said

Row = TypeVar("Row")
CURSOR_VERSION = 1
MAX_CURSOR = 8192
MOST_COUNTED = 10_000  # on a page: what lies beyond is "10,000+", for counting it takes longer
START_AGAIN = said("Start again from the first page.")


class Direction(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


@dataclass
class OrderBy:
    """One of a list's orders."""

    field: StrEnum
    direction: Direction = Direction.ASC


@dataclass(kw_only=True)
class PageRequest:
    """The four Relay arguments, not yet checked."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    @property
    def backward(self) -> bool:
        return self.last is not None

    def limit(self, default: int, maximum: int) -> int:
        """The number of rows wanted; raises BadInput when it makes no sense."""
        if self.first is not None and self.last is not None:
            raise BadInput("Ask for first or last, not both.", field="last")
        name = "last" if self.backward else "first"
        wanted = self.last if self.backward else self.first
        if wanted is None:
            return default
        if not 0 <= wanted <= maximum:
            message = said(
                "%(name)s must be between 0 and %(maximum)s.", name=name, maximum=maximum
            )
            raise BadInput(message, field=name)
        return wanted


@dataclass(kw_only=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(kw_only=True)
class Page(Generic[Row]):
    """One page in reading order, each row beside its cursor."""

    rows: list[Row] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    has_next_page: bool = False
    has_previous_page: bool = False

    @property
    def info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_next_page,
            has_previous_page=self.has_previous_page,
            start_cursor=self.cursors[0] if self.cursors else None,
            end_cursor=self.cursors[-1] if self.cursors else None,
        )


def read_cursor(text: str, order: str) -> list[Any]:
    """What stands in a cursor made for `order`: its scope, its sort keys, its row's id."""
    try:
        if len(text) > MAX_CURSOR:
            raise damaged_cursor()
        values: list[Any]
        version, made_for, *values = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise damaged_cursor() from error
    if version != CURSOR_VERSION or made_for != order:
        raise BadInput("This cursor belongs to another list or order.", hint=START_AGAIN)
    return values


def damaged_cursor() -> BadInput:
    return BadInput("This cursor is damaged.", hint=START_AGAIN)


def outdated_cursor() -> BadInput:
    return BadInput("The list has been collected anew since this cursor.", hint=START_AGAIN)
