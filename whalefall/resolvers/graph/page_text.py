"""The page of a connection: its rows, and the text that aggregates what is said of them."""

from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Subquery,
    Text,
    case,
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

    Of its rows it has these `columns`: each that is not used costs at every step of every row.
    They are numbered only if somebody asks where the page stands, reads it backwards, or wants
    something shared among rows: finding that puts them into another order.
    """

    def __init__(
        self,
        order: Keyset,
        window: Window,
        conditions: Iterable[Condition],
        parent: Subquery | None,
        name: str,
        *,
        columns: Container[str],
        stands: bool,
    ) -> None:
        self._window, self._stands, self._name = window, stands, name
        wanted = [column for column in order.view.c if column.name in columns]
        page = page_of(order, window, conditions, wanted, peek=int(stands))
        self._page = page if parent is None else page.correlate(parent)
        self._is_sorted = True

    def shared(
        self, keys: Sequence[str], texts: Callable[[Subquery], Sequence[Expression]]
    ) -> list[Expression]:
        """For each key column the text that stands for it, made at the first row of each value."""
        if not keys:
            return []
        numbered = self._numbered(f"{self._name}_numbered")
        firsts = {
            key: func.row_number().over(partition_by=numbered.c[key]).label(f"first_{key}")
            for key in keys
        }
        rows = select(*numbered.c, *firsts.values()).subquery(f"{self._name}_first")
        shared = [
            func.max(case((rows.c[f"first_{key}"] == _literal(1), text)))
            .over(partition_by=rows.c[key])
            .label(f"shared_{number}")
            for number, (key, text) in enumerate(zip(keys, texts(rows), strict=True))
        ]
        self._is_sorted = False
        self.rows = select(*rows.c, *shared).subquery(self._name)
        return [self.rows.c[column.name] for column in shared]

    @cached_property
    def rows(self) -> Subquery:
        """The rows that the page's text is an aggregate of."""
        if self._stands or self._window.backward:
            return self._numbered(self._name)
        return self._page.subquery(self._name)

    def _numbered(self, name: str) -> Subquery:
        read = self._page.subquery(f"{name}_read")
        number: ColumnElement[int] = func.row_number().over()
        is_end = func.lead(read.c.id).over().is_(None)
        return select(*read.c, number.label(NUMBER), is_end.label(IS_END)).subquery(name)

    def items(self, item: Parts) -> Parts:
        """A list of the page's rows, each as `item`."""
        order: Any = None
        if self._window.backward:
            order = self.rows.c[NUMBER].desc()
        elif not self._is_sorted:
            order = self.rows.c[NUMBER]
        return joined(concatenated(item), order=order, only=self._shown() if self._stands else None)

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


def nested(parts: Parts, rows: Subquery | None) -> Parts:
    """Text that aggregates `rows`, for the row around it; a lone big value is not copied again."""
    if rows is None:
        return parts
    expressions = [part for part in parts if not isinstance(part, str)]
    if len(expressions) == 1:
        lone = aggregate(rows, expressions[0]).scalar_subquery()
        return [part if isinstance(part, str) else lone for part in parts]
    return [aggregate(rows, concatenated(parts)).scalar_subquery()]


def _literal(number: int) -> ColumnElement[int]:
    return literal_column(str(number))


def _boolean(value: object) -> str:
    return "true" if value else "false"
