"""Global ids: opaque to clients, a type and a row id to us."""

import base64
import binascii
import re
from typing import NamedTuple

from strawberry import ID

from whalefall.errors import BadInput

MAX_ROW_ID = 2**63 - 1
SHAPE = re.compile(r"([A-Z][A-Za-z]{0,39}):([1-9][0-9]{0,18})", re.ASCII)


class RowId(NamedTuple):
    type_name: str
    row_id: int


def global_id(type_name: str, row_id: int) -> ID:
    return ID(base64.b64encode(f"{type_name}:{row_id}".encode()).decode())


def read_id(text: str) -> RowId:
    """What a global id stands for. Raises BadInput unless we could have made it."""
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadInput("This id is malformed.") from error
    found = SHAPE.fullmatch(plain)
    if found is None or int(found[2]) > MAX_ROW_ID:
        raise BadInput("This id is malformed.")
    row = RowId(found[1], int(found[2]))
    if global_id(*row) != text:  # base64 has several spellings of the same bytes
        raise BadInput("This id is malformed.")
    return row


def row_id(text: str, type_name: str, *, field: str | tuple[str, ...] | None = None) -> int:
    """The row id inside a global id. Raises BadInput when it is malformed or another type's."""
    try:
        found = read_id(text)
    except BadInput as problem:
        raise BadInput(problem.message, field=field) from problem
    if found.type_name != type_name:
        raise BadInput(f"This id is not of type {type_name}.", field=field)
    return found.row_id


def id_type(text: str) -> str | None:
    """The type that a global id names; null for what is no id."""
    try:
        return read_id(text).type_name
    except BadInput:
        return None
