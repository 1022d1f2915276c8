"""The page of the outermost list as rows of its own, not as one text.

What is nested in its rows may be long. One text of all of it would be copied whole at each step on
its way: a fifth of the time that PostgreSQL takes for 20 × 20 × 10 rows.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ScalarSelect, Subquery

from whalefall.resolvers.graph.json_text import Expression, Parts, concatenated
from whalefall.resolvers.graph.page_text import PageText
from whalefall.resolvers.graph.plan import End, HasMore, Items
from whalefall.resolvers.graph.selection import Selected


class RowText(PageText):
    """A page whose list and info are left to the plan; `told` is what it needs of each row."""

    def __init__(self, told: list[Expression], *page: Any, **more: Any) -> None:
        super().__init__(*page, **more)
        self._told = told

    @cached_property
    def rows(self) -> Subquery:
        return self._numbered(self._name)

    def items(self, item: Parts) -> Parts:
        return [Items(self._pieces(item))]

    def info(self, selected: Selected, cursor: Expression) -> Parts:
        window = self._window
        is_after = selected.name == ("has_previous_page" if window.backward else "has_next_page")
        if is_after:
            return [HasMore()]
        if selected.name in ("start_cursor", "end_cursor"):
            return [End(self._column(cursor), is_last=selected.name == "end_cursor")]
        return super().info(selected, cursor)

    def _pieces(self, item: Parts) -> Sequence[bytes | int]:
        """What is nested is a column of its own, all between such columns another."""
        pieces: list[bytes | int] = []
        between: list[str | Expression] = []
        for part in [*item, None]:
            if part is not None and not isinstance(part, ScalarSelect):
                between.append(part)
                continue
            if all(isinstance(each, str) for each in between):
                pieces.append("".join(map(str, between)).encode())
            else:
                pieces.append(self._column(concatenated(between)))
            between = []
            if part is not None:
                pieces.append(self._column(part))
        return pieces

    def _column(self, text: Expression) -> int:
        self._told.append(text)
        return len(self._told)  # the first says where the row stands
