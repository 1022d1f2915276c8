"""The statements that lists, streams, counts, loaders and CSV share."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    select,
)

from whalefall.auth import Actor
from whalefall.domain.paging import OrderBy, PageRequest
from whalefall.resolvers.nouns.noun import Condition, Noun, View
from whalefall.resolvers.nouns.paging import Keyset, Position, keyset


@dataclass(kw_only=True)
class Listing:
    """The arguments of a connection. No filter means the filter's defaults."""

    filter: Any = None
    order: OrderBy | None = None
    page: PageRequest = field(default_factory=PageRequest)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A page request in terms of a keyset; the values of positions may be placeholders.

    `guard` is true or ends the statement: what a list's positions must be bound to.
    """

    limit: int
    after: Position | None = None
    before: Position | None = None
    backward: bool = False
    guard: Condition | None = None

    @property
    def positions(self) -> list[Position]:
        return [position for position in (self.after, self.before) if position is not None]


def window(noun: Noun[Any], order: Keyset, page: PageRequest) -> Window:
    return Window(
        limit=page.limit(noun.page_size, noun.max_page_size),
        after=None if page.after is None else order.read(page.after),
        before=None if page.before is None else order.read(page.before),
        backward=page.backward,
    )


def matching(noun: Noun[Any], view: Subquery, actor: Actor, filter: Any) -> list[Condition]:
    """What the actor may see and the filter lets through."""
    wanted = noun.filter() if filter is None else filter
    return [*noun.visible(view, actor), *noun.where(view, wanted)]


def page_of(
    order: Keyset,
    window: Window,
    conditions: Iterable[Condition],
    columns: Iterable[ColumnElement[Any]],
    *,
    peek: int = 1,
) -> View:
    """The window's rows in the direction asked for, and `peek` more to learn whether there are."""
    statement = select(*columns).select_from(order.view).where(*conditions)
    if window.after is not None:
        statement = statement.where(order.beyond(window.after))
    if window.before is not None:
        statement = statement.where(order.beyond(window.before, backward=True))
    statement = statement.order_by(*order.order(backward=window.backward))
    return statement.limit(_limit(window, peek))


def all_of(
    noun: Noun[Any], view: Subquery, actor: Actor, listing: Listing, columns: Iterable[Any]
) -> View:
    """Every matching row, whatever the page."""
    conditions = matching(noun, view, actor, listing.filter)
    order = keyset(noun, view, listing.order).order()
    return select(*columns).select_from(view).where(*conditions).order_by(*order)


def count_of(view: Subquery, conditions: Iterable[Condition], at_most: int | None = None) -> View:
    """How many there are; with `at_most` it stops at the first beyond, which is counted too."""
    if at_most is None:
        return select(func.count()).select_from(view).where(*conditions)
    one = literal_column("1", Integer)
    limit: ColumnElement[int] = literal_column(str(at_most + 1), Integer)
    some = select(one).select_from(view).where(*conditions).limit(limit)
    return select(func.count()).select_from(some.subquery())


def counted_of(noun: Noun[Any], view: Subquery, actor: Actor, filter: Any) -> ColumnElement[int]:
    """How many rows of the view a list with this filter would have, beside other such counts."""
    conditions = and_(*matching(noun, view, actor, filter))
    return cast(func.count().filter(conditions), Integer)


def _limit(window: Window, peek: int) -> ColumnElement[int]:
    """The number as text, so that the planner knows it. It is read even where no row is."""
    limit: ColumnElement[int] = literal_column(str(window.limit + peek), Integer)
    if window.guard is None:
        return limit
    one, zero = literal_column("1", Integer), literal_column("0", Integer)
    return limit + one / case((window.guard, one), else_=zero) - one
