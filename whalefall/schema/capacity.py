"""The sizes of past days."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import strawberry

from whalefall.resolvers.capacity import SizePointRow
from whalefall.schema.context import Info
from whalefall.schema.nodes import row_type

From = Annotated[
    date | None,
    strawberry.argument(
        name="from", description="The first day; 366 days back if not given. At most ten years."
    ),
]
To = Annotated[
    date | None, strawberry.argument(name="to", description="The last day; today if not given.")
]


@row_type(SizePointRow, name="SizePoint")
class SizePoint(SizePointRow):
    pass


def size_history(fetch: Callable[..., Any]) -> Any:
    """The field that reads the daily sizes of its object with `fetch`."""

    async def resolve(root: Any, info: Info, start: From = None, end: To = None) -> list[SizePoint]:
        points = await info.context.loaders.batch(fetch, root.id, start, end)
        return [SizePoint(**vars(point)) for point in points]

    return strawberry.field(
        resolver=resolve, description="The size of each day that has one, oldest first."
    )
