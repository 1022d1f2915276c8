"""The page that a connection is asked for, with the positions of its cursors still to come."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Subquery, select

from whalefall.resolvers.graph.placeholders import Getter, Placeholders
from whalefall.resolvers.graph.selection import Run, Selected, Unsupported
from whalefall.resolvers.nouns.noun import Condition, Noun, Relation, Scope
from whalefall.resolvers.nouns.paging import Keyset, Position, as_json
from whalefall.resolvers.nouns.queries import Listing, Window


class Windows:
    """Makes windows whose limit is fixed in the plan and whose positions are placeholders."""

    def __init__(self, later: Placeholders) -> None:
        self._later = later
        self.cursors: list[Getter] = []  # which a page that nobody looks at does not read

    def window(
        self,
        noun: Noun[Any],
        order: Keyset,
        selected: Selected,
        listing: Listing,
        parent: Subquery | None,
    ) -> Window:
        """Raises BadInput where the page asked for makes no sense."""
        positions = {
            name: self._position(noun, order, selected.position, name)
            for name in ("after", "before")
            if getattr(listing.page, name) is not None
        }
        return Window(
            limit=listing.page.limit(noun.page_size, noun.max_page_size),
            backward=listing.page.backward,
            guard=_guard(noun, selected, parent, [p.scope for p in positions.values()]),
            **positions,
        )

    def _position(self, noun: Noun[Any], order: Keyset, position: int, name: str) -> Position:
        def read(run: Run) -> Position:
            found = run.positions.get((position, name))
            if found is None:
                found = order.read(getattr(run.arguments[position].page, name))
                run.positions[position, name] = found
            return found

        self.cursors.append(read)
        keys = tuple(
            self._later.later(kind.type, _key(read, number))
            for number, kind in enumerate(order.kinds)
        )
        row_id = self._later.later(int, lambda run: read(run).row_id)
        if noun.scope is None:
            return Position(keys, row_id)
        kind = noun.kinds[noun.scope.column]
        return Position(keys, row_id, self._later.later(kind.type, lambda run: read(run).scope))


def _key(read: Callable[[Run], Position], number: int) -> Callable[[Run], Any]:
    return lambda run: read(run).keys[number]


def scope_text(
    noun: Noun[Any], selected: Selected, parent: Subquery | None
) -> ColumnElement[str] | None:
    """What cursors are bound to, as JSON: found once for a parent, not for each of its rows."""
    if noun.scope is None or parent is None:
        return None
    return _current(noun.scope, selected, parent, as_json)


def _guard(
    noun: Noun[Any], selected: Selected, parent: Subquery | None, scopes: list[BindParameter[Any]]
) -> Condition | None:
    """Whether cursors come from what holds now at their parent."""
    if noun.scope is None or not scopes:
        return None
    if parent is None:
        raise Unsupported(f"cursors of {noun.name}")
    holds = _current(noun.scope, selected, parent)
    first, *others = (holds.is_not_distinct_from(scope) for scope in scopes)
    for other in others:
        first &= other
    return first


def _current(
    scope: Scope,
    selected: Selected,
    parent: Subquery,
    of: Callable[[ColumnElement[Any]], ColumnElement[Any]] = lambda value: value,
) -> ColumnElement[Any]:
    if not isinstance(selected.link, Relation):
        raise Unsupported(selected.name)
    current = scope.current.subquery()
    holds = select(of(current.c.scope)).where(current.c.key == parent.c[selected.link.ours])
    return holds.correlate(parent).scalar_subquery()
