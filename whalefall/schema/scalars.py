"""Scalars: 64-bit integers, days and moments, written as PostgreSQL's to_json writes them."""

from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from whalefall.domain.sizes import Bytes, Count

JsonObject = NewType("JsonObject", dict[str, Any])


def write_datetime(value: datetime) -> str:
    """ISO-8601 in UTC without trailing zeros in the fraction."""
    text = value.astimezone(UTC).isoformat()
    if "." not in text:
        return text
    seconds, fraction = text.removesuffix("+00:00").split(".")
    return f"{seconds}.{fraction.rstrip('0')}+00:00"


def read_datetime(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("A DateTime needs an offset, such as +00:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # at either end of time
        raise ValueError("UTC has no such moment.") from error


def read_date(value: object) -> date:
    return date.fromisoformat(_text(value))


def read_integer(value: object) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError("A BigInt is an integer of 64 bits.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("A moment is written as an ISO-8601 string.")
    return value


BIG_INT = strawberry.scalar(
    name="BigInt",
    description="A 64-bit integer, written as a JSON number.",
    serialize=int,
    parse_value=read_integer,
)
DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="A moment in ISO-8601 with its offset, in UTC; no trailing zeros in the fraction.",
    serialize=write_datetime,
    parse_value=read_datetime,
)
DATE = strawberry.scalar(
    name="Date",
    description="A day in ISO-8601: 2024-01-31.",
    serialize=date.isoformat,
    parse_value=read_date,
)
JSON = strawberry.scalar(
    name="JSON",
    description="An object of whatever fields the thing that it tells of has.",
    serialize=dict,
)
SCALARS: dict[object, ScalarDefinition] = {
    Bytes: BIG_INT,
    Count: BIG_INT,
    datetime: DATE_TIME,
    date: DATE,
    JsonObject: JSON,
}
