"""A selection becomes one SQL statement per root field, whose answer is JSON text."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Subquery, Text, case, cast, literal_column, select

from whalefall.auth import Actor, Permission
from whalefall.resolvers.graph.json_text import (
    Expression,
    Parts,
    concatenated,
    global_id,
    joined,
    object_of,
    or_null,
    value_of,
)
from whalefall.resolvers.graph.page_text import PageText, aggregate
from whalefall.resolvers.graph.placeholders import Placeholders, shapes_plan
from whalefall.resolvers.graph.plan import ConstantRoot, NodesRoot, Plan, Root, RowRoot
from whalefall.resolvers.graph.selection import (
    Anything,
    Lookup,
    Run,
    Selected,
    Unsupported,
    Wanted,
)
from whalefall.resolvers.graph.windows import Windows, scope_text
from whalefall.resolvers.nouns import noun as nouns
from whalefall.resolvers.nouns.noun import NOUNS, Condition, Noun, Part, Relation
from whalefall.resolvers.nouns.paging import Keyset, keyset
from whalefall.resolvers.nouns.queries import Listing, count_of, matching
from whalefall.resolvers.nouns.text import one_of, quoted

OF_THE_PAGE = {"nodes", "edges", "page_info"}


class Read(NamedTuple):
    """The rows of a page, and what they are."""

    noun: Noun[Any]
    order: Keyset  # of the page's rows
    page: PageText


class Compiler:
    """Compiles the root fields of one operation. Raises Unsupported rather than guess."""

    def __init__(self, actor: Actor) -> None:
        self._later = Placeholders()
        self._actor = self._later.fill(actor, Actor, lambda run: run.actor)
        self._windows = Windows(self._later)
        self._permissions: set[Permission] = set()
        self._names = 0
        self._is_keyed = True

    def plan(self, selection: Sequence[Selected]) -> Plan:
        roots = [self._root(selected) for selected in selection]
        permissions = frozenset(self._permissions)
        return Plan(roots, permissions, self._windows.cursors, self._is_keyed)

    def _root(self, selected: Selected) -> Root:
        match selected.arguments:
            case None if selected.name == "__typename":
                return ConstantRoot(selected.key, f'"{selected.typename}"')
            case Listing():
                parts, rows = self._connection(selected, None)
                columns = _expressions(parts)
                statement = select(*columns) if rows is None else aggregate(rows, *columns)
                return RowRoot(selected.key, self._later.prepare(statement), parts)
            case Lookup():
                return self._lookup(selected)
            case Wanted():
                return self._nodes(selected, selected.arguments)
        raise Unsupported(f"Query.{selected.name}")

    def _lookup(self, selected: Selected) -> Root:
        noun, view = self._target(selected)
        row_id = self._later.later(int, lambda run: run.arguments[selected.position].id)
        parts = self._object(noun, view, selected.fields)
        statement = select(*_expressions(parts)).select_from(view)
        statement = statement.where(view.c.id == row_id, *noun.visible(view, self._actor))
        return RowRoot(selected.key, self._later.prepare(statement), parts)

    def _nodes(self, selected: Selected, wanted: Wanted) -> Root:
        prepared = {}
        for name in sorted({name for name, _ in wanted.ids}):
            noun = NOUNS[name]
            self._permissions.add(noun.permission)
            view = noun.alias(self._name())
            ids = self._later.later(list[int], _ids_of(selected.position, name))
            text = concatenated(self._object(noun, view, selected.choices[name]))
            statement = select(view.c.id, text).where(
                one_of(view.c.id, ids), *noun.visible(view, self._actor)
            )
            prepared[name] = self._later.prepare(statement)
        is_list = selected.link is Anything.MANY
        return NodesRoot(selected.key, selected.position, prepared, is_list)

    def _object(self, noun: Noun[Any], view: Subquery, fields: Sequence[Selected]) -> Parts:
        return object_of((s.key, self._member(noun, view, s)) for s in fields)

    def _member(self, noun: Noun[Any], view: Subquery, selected: Selected) -> Parts:
        match selected.link:
            case None if selected.name == "__typename":
                return [f'"{selected.typename}"']
            case None if selected.name == "global_id":
                return global_id(noun, view.c.id)
            case None if selected.name in noun.kinds:
                return value_of(view.c[selected.name], noun.kinds[selected.name])
            case Part():
                return self._part(noun, view, selected.link, selected.fields)
            case nouns.One() | nouns.RequiredOne():
                return self._one(view, selected)
            case nouns.Many() | nouns.Series():
                return self._many(view, selected)
            case nouns.Connection():
                return _nested(*self._connection(selected, view))
        raise Unsupported(f"{noun.name}.{selected.name}")

    def _part(
        self, noun: Noun[Any], view: Subquery, part: Part, fields: Sequence[Selected]
    ) -> Parts:
        def member(selected: Selected) -> Parts:
            if selected.link is not None or selected.name == "__typename":
                return self._member(noun, view, selected)
            column = part.members[selected.name]
            if column is None:
                return ["null"]
            null = '""' if selected.name in part.empty else "null"
            return value_of(view.c[column], noun.kinds[column], null=null)

        parts = object_of((s.key, member(s)) for s in fields)
        if part.unless is None:
            return parts
        return [_unless_null(view.c[part.unless], concatenated(parts))]

    def _one(self, parent: Subquery, selected: Selected) -> Parts:
        noun, view = self._target(selected)
        row = select(concatenated(self._object(noun, view, selected.fields)))
        row = row.where(_linked(selected, parent, view)).correlate(parent)
        if isinstance(selected.link, nouns.RequiredOne):
            return [row.scalar_subquery()]
        return [or_null(row.where(*noun.visible(view, self._actor)).scalar_subquery())]

    def _many(self, parent: Subquery, selected: Selected) -> Parts:
        noun, view = self._target(selected)
        item = concatenated(self._object(noun, view, selected.fields)).label("item")
        conditions = noun.visible(view, self._actor)
        if isinstance(selected.arguments, Listing):
            conditions = matching(noun, view, self._actor, self._filter(noun, selected))
        items = select(item).where(_linked(selected, parent, view), *conditions).correlate(parent)
        rows = items.order_by(*keyset(noun, view, None).order()).subquery(self._name())
        return _nested(joined(rows.c.item), rows)

    def _connection(
        self, selected: Selected, parent: Subquery | None
    ) -> tuple[Parts, Subquery | None]:
        """The text of a connection, and the page that it aggregates, if any of it is wanted."""
        listing = selected.arguments
        if not isinstance(listing, Listing):
            raise Unsupported(selected.name)
        noun, view = self._target(selected)
        filter = self._filter(noun, selected)
        order = keyset(noun, view, listing.order)
        window = self._windows.window(noun, order, selected, listing, parent)
        parts = {part.name for part in selected.fields}
        if not selected.is_bare and not parts & OF_THE_PAGE:
            return self._around(selected, None, parent, filter), None
        conditions = self._conditions(selected, parent, noun, view, filter)
        stands = "page_info" in parts
        page = PageText(order, window, conditions, parent, self._name(), stands=stands)
        order = replace(order, view=page.rows, scope_text=scope_text(noun, selected, parent))
        if selected.is_bare:
            return page.items(self._object(noun, page.rows, selected.fields)), page.rows
        return self._around(selected, Read(noun, order, page), parent, filter), page.rows

    def _around(
        self, selected: Selected, read: "Read | None", parent: Subquery | None, filter: Any
    ) -> Parts:
        """The connection's own object."""

        def member(part: Selected) -> Parts:
            match part.name:
                case "__typename":
                    return [f'"{part.typename}"']
                case "total_count":
                    return self._count(selected, parent, filter)
            return self._of_page(read, part)

        return object_of((part.key, member(part)) for part in selected.fields)

    def _of_page(self, read: "Read | None", part: Selected) -> Parts:
        if read is None:
            raise Unsupported(part.name)
        noun, order, page = read
        match part.name:
            case "nodes":
                return page.items(self._object(noun, page.rows, part.fields))
            case "edges":
                return page.items(self._edge(noun, order, part))
            case "page_info":
                return object_of((s.key, page.info(s, order.cursor)) for s in part.fields)
        raise Unsupported(part.name)

    def _edge(self, noun: Noun[Any], order: Keyset, selected: Selected) -> Parts:
        def member(part: Selected) -> Parts:
            match part.name:
                case "__typename":
                    return [f'"{part.typename}"']
                case "cursor":
                    return ['"', order.cursor, '"']
                case "node":
                    return self._object(noun, order.view, part.fields)
            raise Unsupported(part.name)

        return object_of((part.key, member(part)) for part in selected.fields)

    def _count(self, selected: Selected, parent: Subquery | None, filter: Any) -> Parts:
        noun, view = self._target(selected)
        count = count_of(view, self._conditions(selected, parent, noun, view, filter))
        count = count if parent is None else count.correlate(parent)
        return [cast(count.scalar_subquery(), Text)]

    def _conditions(
        self,
        selected: Selected,
        parent: Subquery | None,
        noun: Noun[Any],
        view: Subquery,
        filter: Any,
    ) -> list[Condition]:
        linked = [] if parent is None else [_linked(selected, parent, view)]
        return [*linked, *matching(noun, view, self._actor, filter)]

    def _filter(self, noun: Noun[Any], selected: Selected) -> Any:
        """The filter with placeholders; null when its defaults hold."""
        listing = selected.arguments
        if not isinstance(listing, Listing) or listing.filter is None:
            return None
        position = selected.position
        filled = self._later.fill(
            listing.filter, noun.filter, lambda run: run.arguments[position].filter
        )
        self._is_keyed &= all(
            shapes_plan(value) or name.endswith("_id")
            for name, value in vars(listing.filter).items()
        )
        return filled

    def _target(self, selected: Selected) -> tuple[Noun[Any], Subquery]:
        """The noun that a field leads to, under a name of its own."""
        link = selected.link
        if not isinstance(link, Noun | Relation):
            raise Unsupported(selected.name)
        noun = link if isinstance(link, Noun) else link.target
        self._permissions.add(noun.permission)
        return noun, noun.alias(self._name())

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"


def _linked(selected: Selected, parent: Subquery, view: Subquery) -> Condition:
    if not isinstance(selected.link, Relation):
        raise Unsupported(selected.name)
    return view.c[selected.link.theirs] == parent.c[selected.link.ours]


def _ids_of(position: int, name: str) -> Callable[[Run], list[int]]:
    return lambda run: [row_id for noun, row_id in run.arguments[position].ids if noun == name]


def _unless_null(column: ColumnElement[Any], text: Expression) -> Expression:
    return case((column.is_(None), quoted("null")), else_=text)


def _expressions(parts: Parts) -> list[Expression]:
    return [part for part in parts if not isinstance(part, str)] or [literal_column("'1'")]


def _nested(parts: Parts, rows: Subquery | None) -> Parts:
    """Text that aggregates `rows`, for the row around it; a lone big value is not copied again."""
    if rows is None:
        return parts
    expressions = [part for part in parts if not isinstance(part, str)]
    if len(expressions) == 1:
        lone = aggregate(rows, expressions[0]).scalar_subquery()
        return [part if isinstance(part, str) else lone for part in parts]
    return [aggregate(rows, concatenated(parts)).scalar_subquery()]
