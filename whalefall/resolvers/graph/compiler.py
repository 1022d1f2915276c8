"""A selection becomes one SQL statement per root field, whose answer is JSON text."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, literal_column, select, true

from whalefall.auth import Actor
from whalefall.resolvers.graph.connections import of_rows
from whalefall.resolvers.graph.draft import Draft
from whalefall.resolvers.graph.json_text import Expression, Parts, concatenated
from whalefall.resolvers.graph.objects import Objects
from whalefall.resolvers.graph.page_text import NUMBER, aggregate
from whalefall.resolvers.graph.placeholders import Prepared
from whalefall.resolvers.graph.plan import (
    ConstantRoot,
    Late,
    NodesRoot,
    PageRoot,
    Plan,
    Root,
    RowRoot,
)
from whalefall.resolvers.graph.row_text import RowText
from whalefall.resolvers.graph.selection import (
    Anything,
    Lookup,
    Run,
    Selected,
    Unsupported,
    Wanted,
)
from whalefall.resolvers.nouns.noun import NOUNS, Connection, Noun, View
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import one_of, utf8_of


def compile_plan(actor: Actor, selection: Sequence[Selected], version: int) -> Plan:
    """Compile the root fields of one operation for a PostgreSQL of this major version.

    Raises Unsupported rather than guess, BadInput.
    """
    return Compiler(actor, version).plan(selection)


class Compiler:
    """Compiles the root fields of one operation."""

    def __init__(self, actor: Actor, version: int) -> None:
        self._draft = Draft(actor, version)
        self._is_alone = False  # whether one root field is all that reads anything
        self._objects = Objects(self._draft)
        self._rows: list[Subquery] = []  # of one row or none, each with a column that says which

    def plan(self, selection: Sequence[Selected]) -> Plan:
        draft = self._draft
        self._is_alone = sum(selected.arguments is not None for selected in selection) == 1
        roots = [self._root(selected) for selected in selection]
        return Plan(
            roots,
            self._common(),
            frozenset(draft.permissions),
            draft.windows.cursors,
            draft.is_keyed,
        )

    def _root(self, selected: Selected) -> Root:
        match selected.arguments:
            case None if selected.name == "__typename":
                return ConstantRoot(selected.key, f'"{selected.typename}"'.encode())
            case Listing():
                return self._list(selected)
            case Lookup():
                return self._lookup(selected)
            case Wanted():
                return self._nodes(selected, selected.arguments)
        raise Unsupported(f"Query.{selected.name}")

    def _list(self, selected: Selected) -> Root:
        if self._is_alone and any(isinstance(s.link, Connection) for s in of_rows(selected)):
            return self._page(selected)
        parts, rows = self._objects.connection(selected, None)
        columns = _columns(parts)
        return self._row(
            selected, parts, select(*columns) if rows is None else aggregate(rows, *columns)
        )

    def _page(self, selected: Selected) -> Root:
        """A list whose rows hold lists. Alone it needs no snapshot shared with others."""
        told: list[Expression] = []
        parts, rows = self._objects.connection(selected, None, partial(RowText, told))
        noun, listing = selected.link, selected.arguments
        assert isinstance(noun, Noun)  # noqa: S101 (the list of a root field)
        assert isinstance(listing, Listing)  # noqa: S101
        assert rows is not None  # noqa: S101 (something of them is wanted)
        pieces: list[bytes | int | Late] = []
        for part in parts:
            if isinstance(part, ColumnElement):  # the same for all rows
                told.append(part)
                pieces.append(len(told))
            else:
                pieces.append(part.encode() if isinstance(part, str) else part)
        one = select(literal_column("1")).subquery("one")
        texts = [utf8_of(text).label(f"part_{number}") for number, text in enumerate(told)]
        return PageRoot(
            selected.key,
            pieces,
            self._draft.later.prepare(
                select(rows.c[NUMBER], *texts).select_from(one.outerjoin(rows, true()))
            ),
            listing.page.limit(noun.page_size, noun.max_page_size),
            listing.page.backward,
        )

    def _lookup(self, selected: Selected) -> Root:
        noun, view = self._draft.target(selected)
        row_id = self._draft.later.later(int, lambda run: run.arguments[selected.position].id)
        parts = self._objects.text(noun, view, selected.fields)
        found = select(*_columns(parts)).select_from(view)
        found = found.where(view.c.id == row_id, *noun.visible(view, self._draft.actor))
        return self._row(selected, parts, found)

    def _row(self, selected: Selected, parts: Parts, row: View) -> Root:
        start = sum(len(rows.c) for rows in self._rows)
        self._rows.append(row.subquery(self._draft.name()))
        literals = [part.encode() if isinstance(part, str) else None for part in parts]
        return RowRoot(selected.key, literals, start)

    def _common(self) -> Prepared | None:
        """All root fields in one statement: one round trip, and one snapshot by itself."""
        if not self._rows:
            return None
        columns = [column for row in self._rows for column in row.c]
        source: FromClause = select(literal_column("1")).subquery("one")
        for row in self._rows:
            source = source.outerjoin(row, true())
        return self._draft.later.prepare(select(*columns).select_from(source))

    def _nodes(self, selected: Selected, wanted: Wanted) -> Root:
        prepared = {}
        for name in sorted({name for name, _ in wanted.ids}):
            noun = NOUNS[name]
            view = self._draft.alias(noun)
            ids = self._draft.later.later(list[int], _ids_of(selected.position, name))
            text = concatenated(self._objects.text(noun, view, selected.choices[name]))
            visible = noun.visible(view, self._draft.actor)
            statement = select(view.c.id, utf8_of(text)).where(one_of(view.c.id, ids), *visible)
            prepared[name] = self._draft.later.prepare(statement)
        is_list = selected.link is Anything.MANY
        return NodesRoot(selected.key, selected.position, prepared, is_list)


def _ids_of(position: int, name: str) -> Callable[[Run], list[int]]:
    return lambda run: [row_id for noun, row_id in run.arguments[position].ids if noun == name]


def _columns(parts: Parts) -> list[ColumnElement[Any]]:
    """The parts that are no literals, behind one that is there whenever the row is."""
    expressions = [part for part in parts if not isinstance(part, str)]
    named = [utf8_of(part).label(f"part_{number}") for number, part in enumerate(expressions)]
    return [literal_column("true").label("is_found"), *named]
