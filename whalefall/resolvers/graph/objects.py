"""The text of an object: its row's values, and what its relations lead to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Subquery, case, select

from whalefall.resolvers.graph.connections import Connections
from whalefall.resolvers.graph.draft import Draft, linked
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
from whalefall.resolvers.graph.page_text import PageText, nested
from whalefall.resolvers.graph.selection import Selected, Unsupported
from whalefall.resolvers.nouns import noun as nouns
from whalefall.resolvers.nouns.noun import Noun, Part
from whalefall.resolvers.nouns.paging import keyset
from whalefall.resolvers.nouns.queries import Listing, matching
from whalefall.resolvers.nouns.text import quoted


class Objects:
    """Makes the text of objects. Raises Unsupported rather than guess."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._connections = Connections(draft, self)
        self._shared: dict[int, Expression] = {}  # by the identity of what is selected

    def text(self, noun: Noun[Any], view: Subquery, fields: Iterable[Selected]) -> Parts:
        """A row of the noun, with these fields."""
        return object_of((s.key, self._member(noun, view, s)) for s in fields)

    def connection(
        self,
        selected: Selected,
        parent: Subquery | None,
        text_of: Callable[..., PageText] = PageText,
    ) -> tuple[Parts, Subquery | None]:
        """A connection's text, and the rows that it aggregates, if any."""
        return self._connections.text(selected, parent, text_of)

    def one(self, parent: Subquery, selected: Selected) -> Expression:
        """The row that a relation leads to, or null."""
        noun, view = self._draft.target(selected)
        row = select(concatenated(self.text(noun, view, selected.fields)))
        row = row.where(linked(selected, parent, view)).correlate(parent)
        if isinstance(selected.link, nouns.RequiredOne):
            return row.scalar_subquery()
        return or_null(row.where(*noun.visible(view, self._draft.actor)).scalar_subquery())

    def share(self, selected: Selected, text: Expression) -> None:
        """From now on this stands for the relation: it was found once for all rows of a page."""
        self._shared[id(selected)] = text

    def _member(self, noun: Noun[Any], view: Subquery, selected: Selected) -> Parts:
        match selected.link:
            case None if selected.name == "__typename":
                return [f'"{selected.typename}"']
            case None if selected.name == "global_id":
                return global_id(noun, view.c.id)
            case None if selected.name in noun.kinds:
                return value_of(view.c[selected.name], noun.kinds[selected.name])
            case nouns.Elsewhere.NULL:
                return ["null"]
            case Part():
                return self._part(noun, view, selected.link, selected.fields)
            case nouns.One() | nouns.RequiredOne():
                shared = self._shared.get(id(selected))
                return [self.one(view, selected) if shared is None else shared]
            case nouns.Many() | nouns.Series():
                return self._many(view, selected)
            case nouns.Connection():
                return nested(*self.connection(selected, view))
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

    def _many(self, parent: Subquery, selected: Selected) -> Parts:
        noun, view = self._draft.target(selected)
        item = concatenated(self.text(noun, view, selected.fields)).label("item")
        conditions = noun.visible(view, self._draft.actor)
        if isinstance(selected.arguments, Listing):
            filter = self._draft.filter(noun, selected)
            conditions = matching(noun, view, self._draft.actor, filter)
        items = select(item).where(linked(selected, parent, view), *conditions).correlate(parent)
        rows = items.order_by(*keyset(noun, view, None).order()).subquery(self._draft.name())
        return nested(joined(rows.c.item), rows)


def _unless_null(column: ColumnElement[Any], text: Expression) -> Expression:
    return case((column.is_(None), quoted("null")), else_=text)
