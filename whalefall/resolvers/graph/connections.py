"""The text of a connection: its page, the edges and nodes in it, and how many there are in all."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Subquery, Text, cast

from whalefall.resolvers.graph.draft import Draft
from whalefall.resolvers.graph.json_text import Expression, Parts, object_of
from whalefall.resolvers.graph.page_text import PageText
from whalefall.resolvers.graph.selection import Selected, Unsupported, columns_of
from whalefall.resolvers.graph.windows import scope_text
from whalefall.resolvers.nouns.noun import Noun, One, RequiredOne
from whalefall.resolvers.nouns.paging import Keyset, keyset
from whalefall.resolvers.nouns.queries import Listing, count_of

OF_THE_PAGE = {"nodes", "edges", "page_info"}


class Objects(Protocol):
    """What a connection needs to know of its rows' text."""

    def text(self, noun: Noun[Any], view: Subquery, fields: Iterable[Selected]) -> Parts: ...

    def one(self, parent: Subquery, selected: Selected) -> Expression: ...

    def share(self, selected: Selected, text: Expression) -> None: ...


class Read(NamedTuple):
    """The rows of a page, and what they are."""

    noun: Noun[Any]
    order: Keyset  # of the page's rows
    page: PageText


class Connections:
    """Makes the text of connections. Raises Unsupported rather than guess."""

    def __init__(self, draft: Draft, objects: Objects) -> None:
        self._draft, self._objects = draft, objects

    def text(
        self,
        selected: Selected,
        parent: Subquery | None,
        text_of: Callable[..., PageText] = PageText,
    ) -> tuple[Parts, Subquery | None]:
        """The text, and the page that it aggregates, if any of it is wanted."""
        listing = selected.arguments
        if not isinstance(listing, Listing):
            raise Unsupported(selected.name)
        noun, view = self._draft.target(selected)
        filter = self._draft.filter(noun, selected)
        order = keyset(noun, view, listing.order)
        window = self._draft.windows.window(noun, order, selected, listing, parent)
        parts = {part.name for part in selected.fields}
        if not selected.is_bare and not parts & OF_THE_PAGE:
            if window.guard is not None:
                raise Unsupported(f"cursors of {noun.name}")  # the page itself would check them
            return self._around(selected, None, parent, filter), None
        conditions = self._draft.conditions(selected, parent, noun, view, filter)
        page = text_of(
            order,
            window,
            conditions,
            parent,
            self._draft.name(),
            columns={*order.held, *columns_of(noun, of_rows(selected))},
            stands="page_info" in parts,
        )
        self._share(page, selected)
        read = Read(noun, _order_of(order, page, noun, selected, parent), page)
        if selected.is_bare:
            return page.items(self._objects.text(noun, page.rows, selected.fields)), page.rows
        return self._around(selected, read, parent, filter), page.rows

    def _share(self, page: PageText, selected: Selected) -> None:
        """Find what the rows' to-one relations lead to once for each key, not for each row: the
        databases of a page belong to few instances."""
        ones = list(_to_one(selected))
        texts = page.shared(
            [s.link.ours for s in ones if isinstance(s.link, One | RequiredOne)],
            lambda rows: [self._objects.one(rows, one) for one in ones],
        )
        for one, text in zip(ones, texts, strict=True):
            self._objects.share(one, text)

    def _around(
        self, selected: Selected, read: Read | None, parent: Subquery | None, filter: Any
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

    def _of_page(self, read: Read | None, part: Selected) -> Parts:
        if read is None:
            raise Unsupported(part.name)
        noun, order, page = read
        match part.name:
            case "nodes":
                return page.items(self._objects.text(noun, page.rows, part.fields))
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
                    return self._objects.text(noun, order.view, part.fields)
            raise Unsupported(part.name)

        return object_of((part.key, member(part)) for part in selected.fields)

    def _count(self, selected: Selected, parent: Subquery | None, filter: Any) -> Parts:
        noun, view = self._draft.target(selected)
        count = count_of(view, self._draft.conditions(selected, parent, noun, view, filter))
        count = count if parent is None else count.correlate(parent)
        return [cast(count.scalar_subquery(), Text)]


def _order_of(
    order: Keyset, page: PageText, noun: Noun[Any], selected: Selected, parent: Subquery | None
) -> Keyset:
    return replace(order, view=page.rows, scope_text=scope_text(noun, selected, parent))


def _to_one(connection: Selected) -> Iterator[Selected]:
    """The relations to one row that the rows of a connection are asked for."""
    return (s for s in of_rows(connection) if isinstance(s.link, One | RequiredOne))


def of_rows(connection: Selected) -> Iterator[Selected]:
    """What the rows of a connection are asked for."""
    rows = [connection] if connection.is_bare else connection.fields
    for part in rows:
        nodes = part.fields if part.name == "edges" else [part]
        for node in nodes:
            if node.name in ("node", "nodes") or connection.is_bare:
                yield from node.fields
