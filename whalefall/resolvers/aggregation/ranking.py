"""The databases or instances of the latest period, ranked, with their past and their forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import ARRAY, BigInteger, bindparam, text

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.forecast import DaysUntilFull
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.sizes import Bytes, alike
from whalefall.domain.states import AggregationPeriod
from whalefall.resolvers.aggregation.computing import LEVELS, Level
from whalefall.resolvers.aggregation.latest import latest_start
from whalefall.resolvers.aggregation.reading import (
    DATABASE_AGGREGATIONS,
    INSTANCE_AGGREGATIONS,
    DatabaseAggregationFilter,
    DatabaseAggregationRow,
    InstanceAggregationFilter,
    InstanceAggregationRow,
)
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.queries import Listing

Rows = Page[DatabaseAggregationRow] | Page[InstanceAggregationRow]
IDS = bindparam("ids", type_=ARRAY(BigInteger))
LATEST = {level: text(latest_start(level)) for level in LEVELS}
PAST = {
    level: text(f"""
        SELECT {level.key} AS key, period_start, avg_bytes, change_bytes, change_percent,
               quality = 'PARTIAL' AS is_part, is_sample
          FROM {level.table}
         WHERE {level.key} = ANY(:ids) AND period = :period AND period_start >= :first
         ORDER BY {level.key}, period_start
    """).bindparams(IDS)  # noqa: S608 (names of ours)
    for level in LEVELS
}
FORECASTS = text("""
    SELECT database_id, full_p10, full_p50, full_p90, ceiling_bytes,
           greatest(CAST(:today AS date) - CAST(made_at AT TIME ZONE :zone AS date), 0) AS age
      FROM database_forecasts WHERE database_id = ANY(:ids)
""").bindparams(IDS)


@dataclass(frozen=True)
class PastRow:
    """One period of the past: its average, and how that had changed; of no size where it was read
    in part only, among others that were not."""

    start: date
    size: int | None
    change: int | None
    percent: float | None
    is_sample: bool


@dataclass(frozen=True)
class Fullness:
    """When a database is expected to be full. No `ceiling`: nobody says how large it may be."""

    ceiling: Bytes | None
    full: DaysUntilFull


async def latest_period(
    session: Session, actor: Actor, level: Level, period: AggregationPeriod
) -> date | None:
    """The first day of the latest period that was summed up; none: nothing was yet."""
    actor.require(Permission.VIEW)
    statement = LATEST[level]
    return (await session.execute(statement, {"period": period})).scalar()


async def list_database_sums(
    session: Session,
    actor: Actor,
    filter: DatabaseAggregationFilter,
    order: OrderBy,
    page: PageRequest,
) -> Page[DatabaseAggregationRow]:
    """One page of sums of databases."""
    listing = Listing(filter=filter, order=order, page=page)
    return await reading.list_rows(session, actor, DATABASE_AGGREGATIONS, listing)


async def list_instance_sums(
    session: Session,
    actor: Actor,
    filter: InstanceAggregationFilter,
    order: OrderBy,
    page: PageRequest,
) -> Page[InstanceAggregationRow]:
    """One page of sums of instances."""
    listing = Listing(filter=filter, order=order, page=page)
    return await reading.list_rows(session, actor, INSTANCE_AGGREGATIONS, listing)


async def count_database_sums(
    session: Session, actor: Actor, filter: DatabaseAggregationFilter, at_most: int
) -> int:
    """How many there are, counted up to `at_most` and one."""
    return await reading.count_rows(session, actor, DATABASE_AGGREGATIONS, filter, at_most=at_most)


async def count_instance_sums(
    session: Session, actor: Actor, filter: InstanceAggregationFilter, at_most: int
) -> int:
    """How many there are, counted up to `at_most` and one."""
    return await reading.count_rows(session, actor, INSTANCE_AGGREGATIONS, filter, at_most=at_most)


async def past_of(
    session: Session,
    actor: Actor,
    level: Level,
    ids: Sequence[int],
    period: AggregationPeriod,
    first: date,
) -> dict[int, list[PastRow]]:
    """The periods from `first` on of databases or instances, by their ids, oldest first."""
    actor.require(Permission.VIEW)
    values = {"ids": list(ids), "period": period, "first": first}
    found: dict[int, list[PastRow]] = {key: [] for key in ids}
    rows = (await session.execute(PAST[level], values)).all()
    for key, group in groupby(rows, key=lambda row: row.key):
        past = list(group)
        sizes = alike((row.avg_bytes, row.is_part) for row in past)
        found[key] = [
            PastRow(row.period_start, size, row.change_bytes, row.change_percent, row.is_sample)
            for row, size in zip(past, sizes, strict=True)
        ]
    return found


async def fullness_of(
    session: Session, actor: Actor, database_ids: Sequence[int], *, today: date, zone: str
) -> dict[int, Fullness]:
    """When databases are expected to be full, by their ids, in days from today; `zone` is the
    business time zone. Without a forecast they are missing."""
    actor.require(Permission.VIEW)
    values = {"ids": list(database_ids), "today": today, "zone": zone}
    found = await session.execute(FORECASTS, values)
    return {
        row.database_id: Fullness(
            row.ceiling_bytes,
            DaysUntilFull(p10=row.full_p10, p50=row.full_p50, p90=row.full_p90).less(row.age),
        )
        for row in found
    }
