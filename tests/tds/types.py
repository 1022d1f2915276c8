"""Columns and values on the wire: PostgreSQL's types as SQL Server's."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.tds.packets import COLLATION, text

LONGEST = 4000  # characters of nvarchar(n); more goes in chunks, as nvarchar(max)
DAY_ONE = date(1, 1, 1)


@dataclass(frozen=True)
class WireType:
    """How a column says what it is, and how a value of it is written."""

    info: bytes
    write: Callable[[Any], bytes]
    null: bytes = b"\0"


def _integer(value: Any) -> bytes:
    return b"\x08" + struct.pack("<q", int(value))


def _bit(value: Any) -> bytes:
    return bytes([1, bool(value)])


def _float(value: Any) -> bytes:
    return b"\x08" + struct.pack("<d", float(value))


def _guid(value: UUID) -> bytes:
    return b"\x10" + value.bytes_le


def _moment(value: datetime) -> bytes:
    """datetime2(7): tenths of a microsecond of the day, and days since the first of all."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    ticks = seconds * 10**7 + value.microsecond * 10
    days = (value.date() - DAY_ONE).days
    return b"\x08" + ticks.to_bytes(5, "little") + days.to_bytes(3, "little")


def _binary(value: bytes) -> bytes:
    return struct.pack("<H", len(value)) + value


def _chunks(value: Any) -> bytes:
    data = str(value).encode("utf-16-le")
    chunk = struct.pack("<I", len(data)) + data if data else b""
    return struct.pack("<Q", len(data)) + chunk + struct.pack("<I", 0)


def _short(value: Any) -> bytes:
    data = str(value).encode("utf-16-le")
    return struct.pack("<H", len(data)) + data


def _decimal(scale: int) -> WireType:
    def write(value: Any) -> bytes:
        number = int(Decimal(value).scaleb(scale).to_integral_value())
        return bytes([17, number >= 0]) + abs(number).to_bytes(16, "little")

    return WireType(bytes([0x6C, 17, 38, scale]), write)


INTEGER = WireType(b"\x26\x08", _integer)
BIT = WireType(b"\x68\x01", _bit)
FLOAT = WireType(b"\x6d\x08", _float)
GUID = WireType(b"\x24\x10", _guid)
MOMENT = WireType(b"\x2a\x07", _moment)
BINARY = WireType(b"\xa5" + struct.pack("<H", 8000), _binary, b"\xff\xff")
SHORT = WireType(b"\xe7" + struct.pack("<H", LONGEST * 2) + COLLATION, _short, b"\xff\xff")
LONG = WireType(b"\xe7\xff\xff" + COLLATION, _chunks, b"\xff" * 8)
BY_NAME = {
    "int2": INTEGER,
    "int4": INTEGER,
    "int8": INTEGER,
    "bool": BIT,
    "float4": FLOAT,
    "float8": FLOAT,
    "uuid": GUID,
    "timestamp": MOMENT,
    "timestamptz": MOMENT,
    "bytea": BINARY,
}


def type_of(name: str, values: Sequence[Any]) -> WireType:
    """The wire's type of a column of PostgreSQL's type `name`, wide enough for its values."""
    if name == "numeric":
        known = [Decimal(value) for value in values if value is not None]
        # PostgreSQL sums bigint to numeric, SQL Server to bigint.
        if all(value == value.to_integral_value() for value in known):
            return INTEGER
        return _decimal(max(-int(value.as_tuple().exponent) for value in known))
    if name in BY_NAME:
        return BY_NAME[name]
    return LONG if any(len(str(value)) > LONGEST for value in values if value) else SHORT


def columns(names: Sequence[str], types: Sequence[WireType]) -> bytes:
    """The token that describes the rows to come."""
    described = b"".join(
        struct.pack("<IH", 0, 9) + type_.info + text(name)
        for name, type_ in zip(names, types, strict=True)
    )
    return struct.pack("<BH", 0x81, len(names)) + described


def row(values: Sequence[Any], types: Sequence[WireType]) -> bytes:
    return b"\xd1" + b"".join(
        type_.null if value is None else type_.write(value)
        for value, type_ in zip(values, types, strict=True)
    )
