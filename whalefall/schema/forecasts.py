"""Forecasts, what all sizes come to, and growth that people want to hear of."""

from datetime import date
from typing import Annotated

import strawberry

from whalefall.auth import Permission
from whalefall.domain.forecast import DaysUntilFull
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import AggregationPeriod
from whalefall.errors import NotFound
from whalefall.resolvers.aggregation.summary import CapacitySummaryRow, capacity_summary
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.forecasts import (
    MONTH,
    MOST_AHEAD,
    CeilingSource,
    ForecastStatus,
    OutlookRow,
    get_forecast,
    set_size_limit,
)
from whalefall.schema.context import Info
from whalefall.schema.cost import LIST_COST, Size, priced
from whalefall.schema.databases import Database
from whalefall.schema.ids import row_id
from whalefall.schema.nodes import RowType, row_type
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation

MOST_POINTS = 60
HOW_SURE = "null: not within five years."


@row_type(CapacitySummaryRow, name="CapacitySummary")
class CapacitySummary(CapacitySummaryRow, RowType):
    pass


@row_type(OutlookRow, name="SizeOutlook")
class SizeOutlook(OutlookRow, RowType):
    pass


@strawberry.type(description="Days until the ceiling is reached, with how sure that is.")
class DaysToCeiling:
    p10: int | None = strawberry.field(description=f"Sooner one time in ten; {HOW_SURE}")
    p50: int | None = strawberry.field(description=f"Sooner as likely as later; {HOW_SURE}")
    p90: int | None = strawberry.field(description=f"Later one time in ten; {HOW_SURE}")

    @classmethod
    def of(cls, days: DaysUntilFull | None) -> "DaysToCeiling | None":
        return None if days is None else cls(**vars(days))


@strawberry.type(description="What is to be expected of a database's size.")
class Forecast:
    status: ForecastStatus = strawberry.field(
        description="INSUFFICIENT_DATA below 14 readings since the last purge or resize, or without"
        " one for two weeks."
    )
    database: Database = strawberry.field(description="The database.")
    readings: int = strawberry.field(description="The days with a size that it rests on.")
    began_on: date | None = strawberry.field(
        description="The day of the last purge or resize that was noticed; null: none was."
    )
    slope_bytes_per_day: Bytes | None = strawberry.field(
        description="How much it grows in a day; null without a forecast."
    )
    ceiling_bytes: Bytes | None = strawberry.field(
        description="How large it may become; null: nobody says."
    )
    ceiling_source: CeilingSource | None = strawberry.field(description="Who says so.")
    days_until_full: DaysToCeiling | None = strawberry.field(
        description="Null without a ceiling, or without a forecast."
    )
    outlook: list[SizeOutlook] = strawberry.field(
        description="The sizes that are expected, in even steps up to the days asked for.",
        metadata=priced(LIST_COST, Size((), lambda: MOST_POINTS)),
    )
    is_sample: bool = strawberry.field(description="Whether a demo invented some of the readings.")


OfDatabase = Annotated[strawberry.ID, strawberry.argument(description="The id of the database.")]
Days = Annotated[int, strawberry.argument(description="How far to look ahead, 1 to 366 days.")]
Period = Annotated[AggregationPeriod, strawberry.argument(description="Of this kind of period.")]
InInstance = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only databases of this instance.")
]
InDatabase = Annotated[strawberry.ID | None, strawberry.argument(description="Only this database.")]


def _key(id: strawberry.ID | None, kind: str, field: str) -> int | None:
    return None if id is None else row_id(id, kind, field=field)


@strawberry.type
class ForecastQueries:
    @strawberry.field(
        description="When a database will be full, and how sure that is; null: there is no such"
        " database."
    )
    async def forecast(
        self, info: Info, database_id: OfDatabase, days: Days = MONTH
    ) -> Forecast | None:
        context = info.context
        context.actor.require(Permission.VIEW)
        today = context.db.settings.today()
        key = row_id(database_id, "Database", field="database_id")
        try:
            async with context.db.read() as session:
                row = await get_forecast(session, context.actor, key, days, today=today)
                database = await get_database(session, context.actor, key)
        except NotFound:
            return None
        return Forecast(
            status=row.status,
            database=Database.of(database),
            readings=row.readings,
            began_on=row.began_on,
            slope_bytes_per_day=row.slope_bytes,
            ceiling_bytes=row.ceiling_bytes,
            ceiling_source=row.ceiling_source,
            days_until_full=DaysToCeiling.of(row.full),
            outlook=[SizeOutlook.of(point) for point in row.outlook],
            is_sample=row.is_sample,
        )

    @strawberry.field(description="What all sizes of the latest period come to.")
    async def capacity_summary(
        self,
        info: Info,
        period: Period,
        instance_id: InInstance = None,
        database_id: InDatabase = None,
    ) -> CapacitySummary:
        context = info.context
        context.actor.require(Permission.VIEW)
        async with context.db.read() as session:
            row = await capacity_summary(
                session,
                context.actor,
                period,
                instance_id=_key(instance_id, "Instance", "instance_id"),
                database_id=_key(database_id, "Database", "database_id"),
            )
        return CapacitySummary.of(row)


@strawberry.input(description="How large a database may become.")
class SetSizeLimitInput:
    database_id: strawberry.ID = strawberry.field(description="The id of the database.")
    limit_bytes: Bytes | None = absent("In bytes; null: nobody says.")


@strawberry.type(description="The database with its limit, or why it has none.")
class SetSizeLimitPayload:
    database: Database | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type
class ForecastMutations:
    @mutation(
        f"Say how large a database may become; forecasts of up to {MOST_AHEAD} days use it where"
        " its engine has no lower ceiling.",
        needs=Permission.UPDATE,
    )
    async def set_size_limit(self, info: Info, input: SetSizeLimitInput) -> SetSizeLimitPayload:
        context = info.context
        key = row_id(input.database_id, "Database", field="database_id")
        values = given(input)
        async with context.db.write() as session:
            if "limit_bytes" in values:
                await set_size_limit(session, context.actor, key, values["limit_bytes"])
            row = await get_database(session, context.actor, key)
        return SetSizeLimitPayload(database=Database.of(row))
