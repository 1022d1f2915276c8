"""A selection becomes one SQL statement per root field, whose answer is JSON text."""

from collections.abc import Callable, Sequence

from sqlalchemy import literal_column, select

from whalefall.auth import Actor
from whalefall.resolvers.graph.draft import Draft
from whalefall.resolvers.graph.json_text import Expression, Parts, concatenated
from whalefall.resolvers.graph.objects import Objects
from whalefall.resolvers.graph.page_text import aggregate
from whalefall.resolvers.graph.plan import ConstantRoot, NodesRoot, Plan, Root, RowRoot
from whalefall.resolvers.graph.selection import (
    Anything,
    Lookup,
    Run,
    Selected,
    Unsupported,
    Wanted,
)
from whalefall.resolvers.nouns.noun import NOUNS
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import one_of


def compile_plan(actor: Actor, selection: Sequence[Selected]) -> Plan:
    """Compile the root fields of one operation. Raises Unsupported rather than guess, BadInput."""
    return Compiler(actor).plan(selection)


class Compiler:
    """Compiles the root fields of one operation."""

    def __init__(self, actor: Actor) -> None:
        self._draft = Draft(actor)
        self._objects = Objects(self._draft)

    def plan(self, selection: Sequence[Selected]) -> Plan:
        draft = self._draft
        roots = [self._root(selected) for selected in selection]
        return Plan(roots, frozenset(draft.permissions), draft.windows.cursors, draft.is_keyed)

    def _root(self, selected: Selected) -> Root:
        match selected.arguments:
            case None if selected.name == "__typename":
                return ConstantRoot(selected.key, f'"{selected.typename}"')
            case Listing():
                return self._list(selected)
            case Lookup():
                return self._lookup(selected)
            case Wanted():
                return self._nodes(selected, selected.arguments)
        raise Unsupported(f"Query.{selected.name}")

    def _list(self, selected: Selected) -> Root:
        parts, rows = self._objects.connection(selected, None)
        columns = _expressions(parts)
        statement = select(*columns) if rows is None else aggregate(rows, *columns)
        return RowRoot(selected.key, self._draft.later.prepare(statement), parts)

    def _lookup(self, selected: Selected) -> Root:
        noun, view = self._draft.target(selected)
        row_id = self._draft.later.later(int, lambda run: run.arguments[selected.position].id)
        parts = self._objects.text(noun, view, selected.fields)
        statement = select(*_expressions(parts)).select_from(view)
        statement = statement.where(view.c.id == row_id, *noun.visible(view, self._draft.actor))
        return RowRoot(selected.key, self._draft.later.prepare(statement), parts)

    def _nodes(self, selected: Selected, wanted: Wanted) -> Root:
        prepared = {}
        for name in sorted({name for name, _ in wanted.ids}):
            noun = NOUNS[name]
            view = self._draft.alias(noun)
            ids = self._draft.later.later(list[int], _ids_of(selected.position, name))
            text = concatenated(self._objects.text(noun, view, selected.choices[name]))
            visible = noun.visible(view, self._draft.actor)
            statement = select(view.c.id, text).where(one_of(view.c.id, ids), *visible)
            prepared[name] = self._draft.later.prepare(statement)
        is_list = selected.link is Anything.MANY
        return NodesRoot(selected.key, selected.position, prepared, is_list)


def _ids_of(position: int, name: str) -> Callable[[Run], list[int]]:
    return lambda run: [row_id for noun, row_id in run.arguments[position].ids if noun == name]


def _expressions(parts: Parts) -> list[Expression]:
    return [part for part in parts if not isinstance(part, str)] or [literal_column("'1'")]
