"""The page of a connection: the columns it must yield, and the text that aggregates them."""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Subquery, Text, case, cast, func, literal_column, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from whalefall.resolvers.graph.json_text import (
    Expression,
    Parts,
    concatenated,
    joined,
    object_of,
    or_null,
)
from whalefall.resolvers.graph.selection import Selected, Unsupported
from whalefall.resolvers.nouns.noun import Condition, View
from whalefall.resolvers.nouns.paging import Keyset
from whalefall.resolvers.nouns.queries import Window, page_of

Later = Callable[[Subquery], Parts]  # text in terms of the page's rows, once they are known


class PageText:
    """Collects what the selected members need; rows are numbered only when they must be."""

    def __init__(self, order: Keyset, window: Window) -> None:
        self._order, self._window = order, window
        self._columns: dict[str, Any] = {}
        self._peek = 0  # rows beyond the page, to learn whether there are more

    def items(self, item: Parts) -> Later:
        """A list of the page's rows, each as `item`."""
        name = f"item{len(self._columns)}"
        self._columns[name] = concatenated(item)
        if self._window.backward:
            self._number()
        return lambda rows: joined(
            rows.c[name], order=self._reading(rows), only=self._shown(rows) if self._peek else None
        )

    def info(self, selected: Selected) -> Later:
        """Where the page stands."""
        number = self._number()
        is_outermost = or_(
            number == literal_column("1"),
            number == literal_column(str(self._window.limit)),
            func.lead(self._order.view.c.id).over(order_by=self._read()).is_(None),
        )
        self._columns["cursor"] = case((is_outermost, self._order.cursor))
        self._peek = 1
        return lambda rows: object_of((s.key, self._info(rows, s)) for s in selected.fields)

    def rows(self, conditions: Iterable[Condition], parent: Any, name: str) -> Any:
        """The page itself; None when nothing of it was asked for."""
        if not self._columns:
            return None
        columns = [column.label(name) for name, column in self._columns.items()]
        page = page_of(self._order, self._window, conditions, columns, peek=self._peek)
        return (page if parent is None else page.correlate(parent)).subquery(name)

    def _info(self, rows: Subquery, selected: Selected) -> Parts:
        window = self._window
        more: Parts = [cast(func.count() > literal_column(str(window.limit)), Text)]
        match selected.name:
            case "__typename":
                return [f'"{selected.typename}"']
            case "has_next_page":
                return [_boolean(window.before is not None)] if window.backward else more
            case "has_previous_page":
                return more if window.backward else [_boolean(window.after is not None)]
            case "start_cursor" | "end_cursor":
                return [self._outermost(rows, last=selected.name == "end_cursor")]
        raise Unsupported(selected.name)

    def _outermost(self, rows: Subquery, *, last: bool) -> Expression:
        """The cursor of the first or the last row shown, or null."""
        cursors = func.json_agg(aggregate_order_by(rows.c.cursor, self._reading(rows)))
        shown = cursors.filter(rows.c.cursor.is_not(None), self._shown(rows))
        return or_null(cast(shown.op("->")(literal_column("-1" if last else "0")), Text))

    def _number(self) -> Any:
        self._columns["number"] = number = func.row_number().over(order_by=self._read())
        return number

    def _read(self) -> Any:
        return self._order.order(backward=self._window.backward)

    def _reading(self, rows: Subquery) -> Any:
        """The order of reading, once rows are numbered. All aggregates name the same order: where
        they differ, PostgreSQL sorts for one of them, and whatever names none follows it."""
        if "number" not in self._columns:
            return None
        return rows.c.number.desc() if self._window.backward else rows.c.number

    def _shown(self, rows: Subquery) -> Condition:
        shown: Condition = rows.c.number <= literal_column(str(self._window.limit))
        return shown


def aggregate(rows: Subquery, *columns: Expression) -> View:
    """Exactly one row, even where no column happens to be an aggregate."""
    return select(*columns).select_from(rows).having(true())


def _boolean(value: object) -> str:
    return "true" if value else "false"
