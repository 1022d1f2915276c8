"""Small SQL expressions that nouns share."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    Text,
    any_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.functions import FunctionElement

from whalefall.domain.checks import is_storable
from whalefall.resolvers.nouns.noun import Condition

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
PATTERN = "_pattern"  # ends the name of a placeholder for the pattern of another's text


def quoted(text: str) -> ColumnElement[str]:
    """A constant of ours, never a caller's text, as an SQL literal."""
    return literal_column("'" + text.replace("'", "''") + "'", String())


class JsonText(FunctionElement[str]):
    """A text, a number or a moment as JSON text. From 17 on PostgreSQL finds out once for a
    statement how its type is written; to_json does for each value, which takes twice as long."""

    type = Text()
    inherit_cache = True


@compiles(JsonText, "postgresql")
def _json_text(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    version = compiler.dialect.server_version_info or (0,)
    name = "JSON_SCALAR" if version >= (17,) else "to_json"
    return f"CAST({name}({compiler.process(element.clauses, **kw)}) AS TEXT)"


def base64_of(text: ColumnElement[str]) -> ColumnElement[str]:
    """The text in base64, which breaks its line after 76 characters."""
    sent = func.textsend(text)  # to us, who speak UTF-8; convert_to looks that name up each time
    return func.encode(sent, quoted("base64"), type_=Text())


def utf8_of(text: ColumnElement[str]) -> ColumnElement[bytes]:
    """The text as bytes, which asyncpg does not decode. A long one is not copied for it."""
    return func.convert_to(text, quoted("UTF8"))


def contains(column: Column, text: Any) -> Condition:
    """Case-insensitive substring; % and _ in the text mean themselves.

    A text that arrives later is asked for as its pattern: made in SQL, it would be made per row.
    """
    if isinstance(text, BindParameter):
        return column.ilike(bindparam(text.key + PATTERN, type_=Text()))
    if not is_storable(text):
        return false()  # PostgreSQL holds no such text, and asyncpg would refuse the question
    return column.ilike(literal(like_pattern(text), Text()))


def like_pattern(text: str) -> str:
    """The pattern of what contains this text."""
    for wildcard in ("\\", "%", "_"):
        text = text.replace(wildcard, "\\" + wildcard)
    return f"%{text}%"


def equals(column: Column, text: Any) -> Condition:
    """Exactly this text, in this case."""
    if isinstance(text, str) and not is_storable(text):
        return false()
    same: Condition = column == text
    return same


def one_of(column: Column, values: Any) -> Condition:
    """Membership through one array parameter: the statement is the same for any number."""
    if not isinstance(values, BindParameter):
        found = [v for v in values if not isinstance(v, str) or is_storable(v)]
        values = bindparam(None, found, type_=ARRAY(column.type))
    return column == any_(values)
