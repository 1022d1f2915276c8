"""A noun as CSV, made by PostgreSQL: cells that no spreadsheet takes for a formula."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Numeric, String, Subquery, case, cast, func, literal_column

from whalefall.auth import Actor
from whalefall.db import Statement
from whalefall.resolvers.nouns.noun import DIALECT, Noun
from whalefall.resolvers.nouns.queries import Listing, all_of
from whalefall.resolvers.nouns.text import Column, quoted

Cell = str | Callable[[Subquery], ColumnElement[Any]]
# The first character that is not blank; a spreadsheet also takes the full-width forms.
FORMULA: ColumnElement[str] = literal_column(
    r"E'^([ \u00a0\u200b\u3000\ufeff]*[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20])'"
)
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def csv_of(actor: Actor, noun: Noun[Any], listing: Listing, cells: Mapping[str, Cell]) -> Statement:
    """The statement behind a CSV of every matching row, for Database.copy.

    `cells` says for each heading which column of the view, or a harmless expression on it.
    """
    actor.require(noun.permission)
    view = noun.alias()
    columns = [
        (harmless(view.c[cell]) if isinstance(cell, str) else cell(view)).label(heading)
        for heading, cell in cells.items()
    ]
    compiled: Any = all_of(noun, view, actor, listing, columns).compile(dialect=DIALECT)
    return compiled.string, [compiled.params[name] for name in compiled.positiontup]


def harmless(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Numbers stay as they are; a text that could be a formula begins with an apostrophe."""
    if not isinstance(column.type, String):
        return column
    return func.regexp_replace(column, FORMULA, literal_column(r"E'\'\\1'"), type_=String())


def joined(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """An array of texts in one cell, as the import reads it."""
    return harmless(func.array_to_string(column, quoted(";"), type_=String()))


def utc(column: Column) -> ColumnElement[str]:
    """A moment as ISO 8601 in UTC, to the second."""
    form = quoted('YYYY-MM-DD"T"HH24:MI:SS"Z"')
    return func.to_char(func.timezone(quoted("UTC"), column), form, type_=String())


def human_size(column: Column) -> ColumnElement[str]:
    """Bytes for people, in binary units with one decimal: "512 B", "1.5 GiB"."""
    size: Any = cast(column, Numeric)
    texts = [
        (
            column < literal_column(str(1024 ** (power + 1))),
            func.round(size / literal_column(f"{1024**power}.0"), literal_column("1"))
            .cast(String)
            .concat(quoted(f" {unit}")),
        )
        for power, unit in enumerate(UNITS)
        if power
    ]
    plain = (column < literal_column("1024"), column.cast(String).concat(quoted(" B")))
    return case((column.is_(None), None), plain, *texts[:-1], else_=texts[-1][1])
