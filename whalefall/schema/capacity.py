"""The sizes of past days, and what became of them since."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import strawberry

from whalefall.domain.sizes import Bytes
from whalefall.errors import BadInput
from whalefall.resolvers.capacity import DEFAULT_DAYS, SizePeriod, SizePointRow
from whalefall.resolvers.growth import GROWTH_DAYS, check_days, database_growth
from whalefall.resolvers.nouns.noun import Noun, Part
from whalefall.resolvers.nouns.queries import Listing
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, Size, priced
from whalefall.schema.fields import linked
from whalefall.schema.nodes import RowType, row_type

LONGEST = timedelta(days=3660)
Days = Annotated[int, strawberry.argument(description="Over about so many days, 1 to 1830.")]
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


@strawberry.type(
    description="How much a database grew: its latest size less the one that was read nearest to so"
    " many days before it, at most twice as far back. Nothing is extrapolated."
)
class Growth:
    days: int = strawberry.field(description="The days asked for; `since` tells the true span.")
    bytes: Bytes = strawberry.field(description="Bytes added; negative when it shrank.")
    percent: float | None = strawberry.field(description="The same in per cent; null from nothing.")
    since: date = strawberry.field(
        description="The day of the older reading, in the business time zone."
    )


def growth(part: Part) -> Any:
    """The field with a database's growth; `part` is what stands beside its size."""

    async def resolve(root: Any, info: Info, days: Days = GROWTH_DAYS) -> Growth | None:
        check_days(days)
        if days == GROWTH_DAYS:
            members = part.of(root)
            return None if members is None else Growth(**members)
        row = await info.context.loaders.found(database_growth, root.id, days)
        return None if row is None else Growth(days=days, **vars(row))

    description = "How much it grew; null without an older size to compare with."
    return linked(resolve, description, part, _beside_the_size)


def _beside_the_size(days: int = GROWTH_DAYS) -> Listing:
    """Only this growth is a part of the row. Raises BadInput for others, so resolvers answer."""
    if days != GROWTH_DAYS:
        raise BadInput("Other days are looked up in history.", field="days")
    return Listing()
