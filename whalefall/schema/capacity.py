"""The sizes of past days."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import strawberry

from whalefall.errors import BadInput
from whalefall.resolvers.capacity import DEFAULT_DAYS, SizePeriod, SizePointRow
from whalefall.resolvers.nouns.noun import Noun
from whalefall.resolvers.nouns.queries import Listing
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, Size, priced
from whalefall.schema.fields import linked
from whalefall.schema.nodes import RowType, row_type

LONGEST = timedelta(days=3660)
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
class SizePoint(SizePointRow, RowType):
    pass


def size_history(noun: Noun[Any]) -> Any:
    """The field with the daily sizes of a noun's row."""
    relation = noun.relations["size_history"]

    async def resolve(root: Any, info: Info, start: From = None, end: To = None) -> list[SizePoint]:
        listing = period(start, end)
        rows = await info.context.loaders.series(relation, root.id, listing.filter)
        return [SizePoint.of(row) for row in rows]

    description = "The size of each day that has one, oldest first."
    price = priced(LIST_COST, Size(("from", "to"), _days))
    return linked(resolve, description, relation, period, price=price)


def period(start: date | None = None, end: date | None = None) -> Listing:
    """The days asked for. Raises BadInput for more than ten years."""
    last = end or datetime.now(UTC).date()
    if start is not None and last - start > LONGEST:
        raise BadInput(f"Ask for at most {LONGEST.days} days.", field="from")
    return Listing(filter=SizePeriod(start=start, end=end))


def _days(start: date | None, end: date | None) -> int:
    last = end or datetime.now(UTC).date()
    asked: int = DEFAULT_DAYS if start is None else (last - start).days + 1
    return min(max(asked, 0), LONGEST.days)
