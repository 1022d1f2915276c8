"""Reading query strings and form fields: text to the types that operations take."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from whalefall.domain.checks import Problems, is_storable
from whalefall.domain.engines import Engine, engine_named
from whalefall.domain.paging import Direction, OrderBy, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput, Problem, said

Choice = TypeVar("Choice", bound=StrEnum)
Fields = QueryParams | FormData
SIZE = re.compile(r"\s*(\d{1,18}(?:\.\d{1,6})?)\s*([kmgtp]?)(?:i?b)?\s*", re.IGNORECASE)
POWERS = " kmgtp"
ROW_ID = re.compile("[0-9]{1,18}")  # and any other whole number
SHOWN = (400, 409)  # what somebody can mend by entering something else
MOST_INTEGERS = 2_000  # chosen at once; operations take fewer


def text(fields: Fields, name: str) -> str | None:
    """A trimmed text; none when it is absent or blank. Raises BadInput for what SQL cannot hold."""
    value = fields.get(name)
    return _clean(name, value) if isinstance(value, str) else None


def typed(fields: Fields, name: str) -> str:
    """A text exactly as it was typed: a password may begin with a blank."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def texts(fields: Fields, name: str) -> list[str] | None:
    """A list that repeats its name or stands in one value with commas; none when empty."""
    values = (value for value in fields.getlist(name) if isinstance(value, str))
    parts = (_clean(name, part) for value in values for part in value.split(","))
    return [part for part in parts if part] or None


def integer(fields: Fields, name: str) -> int | None:
    value = text(fields, name)
    if value is None:
        return None
    if not ROW_ID.fullmatch(value):
        raise BadInput(said("%(name)s must be a whole number.", name=name), field=name)
    return int(value)


def integers(fields: Fields, name: str) -> list[int]:
    """Whole numbers that repeat their name or stand in one value with commas."""
    found = texts(fields, name) or []
    if len(found) > MOST_INTEGERS:
        message = said("Choose at most %(maximum)s.", maximum=f"{MOST_INTEGERS:,}")
        raise BadInput(message, field=name)
    if not all(ROW_ID.fullmatch(each) for each in found):
        raise BadInput(said("%(name)s must be whole numbers.", name=name), field=name)
    return [int(each) for each in found]


def choice(fields: Fields, name: str, kind: type[Choice]) -> Choice | None:
    """A member of a closed set, in any case."""
    value = text(fields, name)
    if value is None:
        return None
    try:
        return kind(value.upper())
    except ValueError as error:
        raise BadInput(_one_of(name, kind), field=name) from error


class _Activity(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


def is_active(fields: Fields) -> bool | None:
    """What `status` asks for of something that is on or off."""
    chosen = choice(fields, "status", _Activity)
    return None if chosen is None else chosen is _Activity.ACTIVE


def moment(fields: Fields, name: str) -> datetime | None:
    """A moment that a form of ours carries in a hidden field."""
    try:
        value = text(fields, name)
        found = datetime.fromisoformat(value) if value else None
    except ValueError as error:
        raise BadInput("This form is damaged; load it again.") from error
    if found is not None and found.tzinfo is None:
        raise BadInput("This form is damaged; load it again.")
    return found


def engines(fields: Fields, *names: str) -> list[Engine] | None:
    """The engines under any of these names; `engine` and its alias `db_type` are one filter."""
    found = [value for name in names for value in texts(fields, name) or ()]
    try:
        return [engine_named(value) for value in found] or None
    except KeyError as error:
        raise BadInput("There is no such engine.", field=names[0]) from error


def size(fields: Fields, name: str) -> Bytes | None:
    """Bytes, as a number or with a binary unit: 1048576, 10 GiB, 1.5t."""
    value = text(fields, name)
    if value is None:
        return None
    match = SIZE.fullmatch(value)
    if match is None:
        raise BadInput(said("%(name)s must be a size such as 500 MiB.", name=name), field=name)
    size_bytes = int(Decimal(match[1]) * 1024 ** POWERS.index(match[2].lower() or " "))
    if size_bytes >= 2**63:
        raise BadInput(said("%(name)s is too large.", name=name), field=name)
    return Bytes(size_bytes)


def order(fields: Fields, kind: type[StrEnum]) -> OrderBy | None:
    """`size` sorts upwards, `-size` downwards."""
    value = text(fields, "order")
    if value is None:
        return None
    try:
        member = kind(value.removeprefix("-").upper())
    except ValueError as error:
        raise BadInput(_one_of("order", kind), field="order") from error
    return OrderBy(member, Direction.DESC if value.startswith("-") else Direction.ASC)


def descending(field: StrEnum) -> OrderBy:
    return OrderBy(field, Direction.DESC)


class _RowId(IntegerConvertor):
    """`{id:row_id}`: a longer number is the id of nothing, and no number for PostgreSQL."""

    regex = ROW_ID.pattern


register_url_convertor("row_id", _RowId())


def path_id(request: Request) -> int:
    """The id in the path; the route's pattern saw to it that it is a number."""
    return int(request.path_params["id"])


def page_request(fields: Fields, sizes: Sequence[int]) -> PageRequest:
    """One page after or before a cursor; `size` is one of those offered."""
    wanted = integer(fields, "size")
    count = wanted if wanted is not None and wanted in sizes else sizes[0]
    if before := text(fields, "before"):
        return PageRequest(last=count, before=before)
    return PageRequest(first=count, after=text(fields, "after"))


def first(count: int) -> PageRequest:
    return PageRequest(first=count)


def errors_of(problem: Problem) -> dict[str, str]:
    """A refused form's messages by field; the empty name is for the form as a whole."""
    found = problem.problems if isinstance(problem, Problems) else [problem]
    return {each.field[-1] if each.field else "": each.message for each in found}


def refusal(problem: Problem) -> dict[str, str]:
    """What a form says is wrong, by field; raises again what no form can show."""
    if problem.meaning.status not in SHOWN:
        raise problem
    return errors_of(problem)


def _clean(name: str, value: str) -> str | None:
    if not is_storable(value):
        message = said("%(name)s holds characters that cannot be searched for.", name=name)
        raise BadInput(message, field=name)
    return value.strip() or None


def _one_of(name: str, kind: type[StrEnum]) -> str:
    return said("%(name)s must be one of %(choices)s.", name=name, choices=list(kind))
