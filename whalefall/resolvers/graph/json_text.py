"""JSON as text, made by PostgreSQL: a list of parts, literals of ours and SQL expressions."""

import itertools
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from functools import reduce
from itertools import groupby
from typing import Any, get_origin

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.functions import Function

from whalefall.resolvers.graph.selection import Unsupported
from whalefall.resolvers.nouns.noun import Kind, Noun
from whalefall.resolvers.nouns.text import JsonText, base64_of, quoted

Expression = ColumnElement[str]
Parts = Sequence[Any]  # str, Expression; at the top of an answer also what only its plan knows
AS_TEXT = (int, bool, float)  # PostgreSQL writes them as JSON does; our floats are never NaN
AS_JSON = (str, date, datetime)


def object_of(members: Iterable[tuple[str, Parts]]) -> Parts:
    """An object with these members, in this order."""
    parts: list[str | Expression] = ["{"]
    for key, value in members:
        parts += [json.dumps(key) + ":", *value, ","]
    return [*(parts[:-1] if len(parts) > 1 else parts), "}"]


def value_of(column: ColumnElement[Any], kind: Kind, *, null: str = "null") -> Parts:
    """A column's value, exactly as the ordinary path serializes it; `null` stands for no value."""
    text = _text_of(column, kind.type)
    return [or_null(text, null) if kind.nullable else text]


def global_id(noun: Noun[Any], column: ColumnElement[Any]) -> Parts:
    """The row's global id. At most 60 bytes, so base64 breaks no line."""
    text = quoted(noun.name + ":").concat(cast(column, Text))
    return ['"', base64_of(text), '"']


def or_null(text: Expression, null: str = "null") -> Expression:
    return func.coalesce(text, quoted(null))


class Joined(Function[str]):
    """A list's items as one text: it may be long."""

    inherit_cache = True


def concatenated(parts: Parts) -> Expression:
    """One expression for all parts; neighbouring literals become one.

    Each step copies all that is left of it: what stands between long texts is made first.
    """
    pieces: list[Expression] = []
    text = ""
    for part in [*parts, None]:
        if isinstance(part, str):
            text += part
            continue
        if text:
            pieces.append(quoted(text))
        if part is not None:
            pieces.append(part)
        text = ""
    runs = groupby(pieces, lambda piece: isinstance(piece, ScalarSelect | Joined))
    grouped = (run if is_long else [reduce(_then, run)] for is_long, run in runs)
    return reduce(_and, itertools.chain.from_iterable(grouped))


def _then(left: Expression, right: Expression) -> Expression:
    return left.concat(right)


def _and(left: Expression, right: Expression) -> Expression:
    """The same, but in this very order: SQLAlchemy takes brackets around || for needless."""
    return func.textcat(left, right, type_=Text())


def joined(items: Expression, *, order: Any = None, only: Any = None) -> Parts:
    """A JSON list from an aggregate over a sub-select's rows, which arrive in order."""
    comma = quoted(",")
    aggregate: Any = func.string_agg(
        items, comma if order is None else aggregate_order_by(comma, order)
    )
    if only is not None:
        aggregate = aggregate.filter(only)
    return ["[", Joined("coalesce", aggregate, quoted("")), "]"]


def _text_of(column: ColumnElement[Any], kind: Any) -> Expression:
    if kind in AS_TEXT:
        return cast(column, Text)
    if kind in AS_JSON:
        return JsonText(column)
    if get_origin(kind) is list:
        return cast(func.to_json(column), Text)
    if isinstance(kind, type) and issubclass(kind, Enum):  # names of ours: nothing to escape
        return quoted('"').concat(column).concat(quoted('"'))
    raise Unsupported(f"values of {kind}")
