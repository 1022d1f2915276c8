"""The state of a list page that lives in its address: filters, order, size and position."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from whalefall.domain.paging import Page, PageRequest
from whalefall.resolvers.users import LISTS
from whalefall.web import forms
from whalefall.web.columns import COLUMNS
from whalefall.web.html import query

SIZES = (50, 25, 100, 200)


@dataclass(frozen=True, kw_only=True)
class ListState:
    """What a list's own links need. `target` is the block that they swap.

    `values` are the filters as they stand in the address; `labels` name those shown as chips,
    `texts` says in words what an address has as a number. `choices` are the sizes of a page.
    """

    path: str
    target: str
    values: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    default_order: str = ""
    choices: tuple[int, ...] = SIZES
    size: int = SIZES[0]
    at: int = 1  # the number of the first row on this page, for reading only
    position: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> str:
        return self.values.get("order") or self.default_order

    @property
    def sizes(self) -> list[int]:
        return sorted(self.choices)

    def shows(self, column: str) -> bool:
        """Whether a column that may be left out is wanted: all are, until some were chosen."""
        return column in (self.values.get("columns") or COLUMNS[self.path])

    @property
    def has_views(self) -> bool:
        """Whether it can be saved as a view."""
        return self.path in LISTS

    @property
    def has_columns(self) -> bool:
        """Whether some of its columns may be left out."""
        return self.path in COLUMNS

    @property
    def views(self) -> str:
        """Where the views of this list are, and it can become one."""
        return query("/views", {"of": self.url()})

    @property
    def active(self) -> list[tuple[str, str, str]]:
        """The filters in force as (name, label, value)."""
        return [
            (name, label, self.texts.get(name) or _joined(value))
            for name, label in self.labels.items()
            if (value := self.values.get(name))
        ]

    @property
    def here(self) -> str:
        """The address of this very page, without what is empty."""
        return self.url(**self.position)

    def url(self, **changes: object) -> str:
        """This list from its first page, with something changed."""
        return query(self.path, self.values, **changes)

    def without(self, name: str) -> str:
        return self.url(**{name: None})

    def next(self, page: Page[Any]) -> str | None:
        if not page.has_next_page:
            return None
        return self.url(after=page.cursors[-1], at=self.at + len(page.rows))

    def previous(self, page: Page[Any]) -> str | None:
        if not page.has_previous_page:
            return None
        at = self.at - self.size
        return self.url(before=page.cursors[0], at=at) if at > 1 else self.url()


def list_state(
    request: Request,
    target: str,
    labels: Mapping[str, str],
    *,
    hidden: tuple[str, ...] = (),
    default_order: str = "",
    path: str = "",
    choices: tuple[int, ...] = SIZES,
) -> tuple[ListState, PageRequest]:
    """The state and the page asked for; unknown parameters are dropped from the links.

    The first of `choices` is the size of a page unless another is asked for.
    """
    fields = request.query_params
    page = forms.page_request(fields, choices)
    size = page.last if page.backward else page.first
    at = max(1, forms.integer(fields, "at") or 1)
    values: dict[str, Any] = {name: forms.text(fields, name) for name in (*labels, *hidden)}
    values |= {"tags": forms.texts(fields, "tags")} if "tags" in values else {}
    path = path or request.url.path
    if path in COLUMNS:
        chosen = forms.texts(fields, "columns") or []
        values["columns"] = [name for name in COLUMNS[path] if name in chosen]
    values |= {"order": forms.text(fields, "order"), "size": size if size != choices[0] else None}
    state = ListState(
        path=path,
        target=target,
        values=values,
        labels=labels,
        default_order=default_order,
        choices=choices,
        size=size or choices[0],
        at=at,
        position={"after": page.after, "before": page.before, "at": at if at > 1 else None},
    )
    return state, page


def _joined(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
