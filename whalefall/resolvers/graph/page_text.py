"""The page of a connection: its rows, and the text that aggregates what is said of them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    Text,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)

from whalefall.resolvers.graph.json_text import Expression, Parts, concatenated, joined, or_null
from whalefall.resolvers.graph.selection import Selected, Unsupported
from whalefall.resolvers.nouns.noun import Condition, View
from whalefall.resolvers.nouns.paging import Keyset
from whalefall.resolvers.nouns.queries import Window, page_of
from whalefall.resolvers.nouns.text import quoted

NUMBER, IS_END = "page_number", "page_is_end"


class PageText:
    """A page that is read before anything is made of its rows: what lies beyond it costs nothing.

    Rows are numbered only if somebody asks where the page stands, or reads it backwards.
    """

    def __init__(
        self,
        order: Keyset,
        window: Window,
        conditions: Iterable[Condition],
        parent: Subquery | None,
        name: str,
        *,
        stands: bool,
    ) -> None:
        self._window, self._stands = window, stands
        page = page_of(order, window, conditions, list(order.view.c), peek=int(stands))
        page = page if parent is None else page.correlate(parent)
        if not stands and not window.backward:
            self.rows = page.subquery(name)
            return
        read = page.subquery(f"{name}_read")
        number: ColumnElement[int] = func.row_number().over()
        is_end = func.lead(read.c.id).over().is_(None)
        numbered = select(*read.c, number.label(NUMBER), is_end.label(IS_END))
        self.rows = numbered.subquery(name)

    def items(self, item: Parts) -> Parts:
        """A list of the page's rows, each as `item`."""
        backward = self._window.backward
        return joined(
            concatenated(item),
            order=self.rows.c[NUMBER].desc() if backward else None,
            only=self._shown() if self._stands else None,
        )

    def info(self, selected: Selected, cursor: Expression) -> Parts:
        """A member of the page's info."""
        window = self._window
        more: Parts = [cast(func.count() > _literal(window.limit), Text)]
        match selected.name:
            case "__typename":
                return [f'"{selected.typename}"']
            case "has_next_page":
                return [_boolean(window.before is not None)] if window.backward else more
            case "has_previous_page":
                return more if window.backward else [_boolean(window.after is not None)]
            case "start_cursor" | "end_cursor":
                is_last = (selected.name == "end_cursor") != window.backward
                return [self._outermost(cursor, is_last=is_last)]
        raise Unsupported(selected.name)

    def _outermost(self, cursor: Expression, *, is_last: bool) -> Expression:
        """The cursor of the first or the last row read, or null; no other row's is made."""
        number = self.rows.c[NUMBER]
        wanted = number == _literal(1)
        if is_last:
            wanted = or_(number == _literal(self._window.limit), self.rows.c[IS_END])
        lone: Any = func.max(cursor).filter(wanted, self._shown())
        return or_null(quoted('"').concat(lone).concat(quoted('"')))

    def _shown(self) -> Condition:
        shown: Condition = self.rows.c[NUMBER] <= _literal(self._window.limit)
        return shown


def aggregate(rows: Subquery, *columns: Expression) -> View:
    """Exactly one row, even where no column happens to be an aggregate."""
    return select(*columns).select_from(rows).having(true())


def _literal(number: int) -> ColumnElement[int]:
    return literal_column(str(number))


def _boolean(value: object) -> str:
    return "true" if value else "false"
