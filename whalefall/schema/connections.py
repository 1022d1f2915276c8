"""Relay connections over pages of rows."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import strawberry

from whalefall.domain import paging
from whalefall.schema.cost import COUNT_COST, priced

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether rows follow. Going backward: whether `before` was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether rows precede. Going forward: whether `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first row; null when the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last row; null when the page is empty."
    )


@strawberry.type(description="A row beside its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(
        description="Where the row stands; opaque, and valid for this list and order only."
    )
    node: T = strawberry.field(description="The row.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = strawberry.field(description="The page's rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The page's rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field(
        description="How many rows the whole list has; counted only when asked for.",
        metadata=priced(COUNT_COST),
    )
    async def total_count(self) -> int:
        return await self.count()

    @classmethod
    def of(
        cls,
        page: paging.Page[Any],
        node_of: Callable[[Any], T],
        count: Callable[[], Awaitable[int]],
    ) -> "Connection[T]":
        nodes = [node_of(row) for row in page.rows]
        pairs = zip(page.cursors, nodes, strict=True)
        return Connection(
            edges=[Edge(cursor=cursor, node=node) for cursor, node in pairs],
            nodes=nodes,
            page_info=PageInfo(**vars(page.info)),
            count=count,
        )
