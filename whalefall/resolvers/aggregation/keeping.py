"""Keeping sums up to date: today's with every collection, all others by the nightly task.

The task makes anew whatever holds a day whose sizes were written since it last began, in the order
of time; and what a collection could not sum up itself is such a day. Periods that begin before the
oldest sizes that are kept stay as they are: what is left of their days is not all of them.
"""

from datetime import date
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from whalefall.auth import Actor, Permission
from whalefall.db import Database, WriteSession
from whalefall.domain.periods import Span, add_months, span_of
from whalefall.domain.states import AggregationPeriod
from whalefall.resolvers.aggregation.computing import LEVELS, Level, sum_up
from whalefall.resolvers.patience import patiently
from whalefall.resolvers.progress import Report

log = structlog.get_logger(__name__)
# A quarter of 100,000 databases is nine million rows to read.
LONG = text("SET LOCAL statement_timeout = '10min'")
# What began an hour before the last run may have been written after that had looked.
WRITTEN = text("""
    WITH last AS (
        SELECT coalesce(max(started_at) - interval '1 hour', '-infinity') AS began
          FROM sync_instance_records
         WHERE task = 'AGGREGATION' AND status = 'COMPLETED')
    SELECT stat_date FROM database_size_stats WHERE collected_at > (SELECT began FROM last)
     UNION
    SELECT stat_date FROM instance_size_stats WHERE collected_at > (SELECT began FROM last)
""")


async def sum_up_today(session: WriteSession, instance_id: int, today: date) -> None:
    """The day's rows of an instance and its databases, with the sizes that were just saved.

    When that fails, the sizes stay: the nightly task finds the day.
    """
    try:
        async with session.begin_nested():
            for level in LEVELS:
                day = span_of(AggregationPeriod.DAILY, today)
                await sum_up(
                    session,
                    level,
                    AggregationPeriod.DAILY,
                    day,
                    today=today,
                    instances=[instance_id],
                )
    except DBAPIError:
        log.exception("aggregation.day_failed", instance_id=instance_id)


async def sum_up_what_is_new(db: Database, actor: Actor, report: Report) -> int:
    """Bring every period up to date, each in a transaction of its own; how many rows were made."""
    actor.require(Permission.ADMIN)
    today = db.settings.today()
    kept_from = add_months(today.replace(day=1), -db.settings.raw_months)
    async with db.read() as session:
        days = list((await session.execute(WRITTEN)).scalars())
    spans = [
        (period, span)
        for period in AggregationPeriod
        for span in sorted({span_of(period, day) for day in days})
        if span.start >= kept_from
    ]
    made = 0
    for place, (period, span) in enumerate(spans):
        await report(period.lower(), place / len(spans))
        for level in LEVELS:
            made += await patiently(partial(sum_up_alone, db, level, period, span, today))
    return made


async def sum_up_alone(
    db: Database, level: Level, period: AggregationPeriod, span: Span, today: date
) -> int:
    """One period of everything in a transaction of its own; how many rows were made."""
    async with db.write() as session:
        await session.execute(LONG)
        return await sum_up(session, level, period, span, today=today)
