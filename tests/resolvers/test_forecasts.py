"""Forecasts of databases: the one that is asked for, and those that lists show."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import ADA, OTTO, VERA, make_database, make_instance, make_size_history
from whalefall.db import Database, WriteSession
from whalefall.domain.periods import span_of
from whalefall.domain.states import AggregationPeriod
from whalefall.errors import BadInput, NotFound, PermissionRequired
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.aggregation.computing import DATABASES, sum_up
from whalefall.resolvers.aggregation.summary import capacity_summary
from whalefall.resolvers.forecasts import (
    CeilingSource,
    ForecastStatus,
    forecast_all,
    get_forecast,
    set_size_limit,
)

TODAY = datetime.now(UTC).date()
GIB = 2**30


async def nothing(stage: str, progress: float) -> None:
    """Nobody listens."""


async def grown(session: Any, days: int = 60, step: int = GIB, **columns: Any) -> InstanceDatabase:
    """A database that has grown by so much a day."""
    database = await make_database(session, size_bytes=days * step, **columns)
    sizes = {TODAY - timedelta(days=days - day): 10 * GIB + day * step for day in range(days)}
    await make_size_history(session, database, sizes)
    return database


async def test_a_database_is_full_when_its_line_gets_there(session: WriteSession) -> None:
    database = await grown(session, ceiling_bytes=110 * GIB)

    row = await get_forecast(session, VERA, database.id, 90, today=TODAY)

    assert (row.status, row.readings) == (ForecastStatus.READY, 60)
    assert (row.ceiling_bytes, row.ceiling_source) == (110 * GIB, CeilingSource.ENGINE)
    assert row.slope_bytes == pytest.approx(GIB, rel=0.01)
    assert row.full is not None
    assert row.full.p50 == pytest.approx(41, abs=2)
    assert [point.date for point in row.outlook][-1] == TODAY - timedelta(days=1 - 90)
    assert all(point.p10 <= point.p50 <= point.p90 for point in row.outlook)


async def test_days_are_counted_from_today_and_not_from_the_last_reading(
    session: WriteSession,
) -> None:
    database = await grown(session, ceiling_bytes=110 * GIB)

    now = await get_forecast(session, VERA, database.id, today=TODAY)
    later = await get_forecast(session, VERA, database.id, today=TODAY + timedelta(days=10))
    too_late = await get_forecast(session, VERA, database.id, today=TODAY + timedelta(days=14))

    assert now.full is not None
    assert later.full == now.full.less(10)
    assert too_late.status is ForecastStatus.INSUFFICIENT_DATA


async def test_a_night_without_a_reading_takes_no_forecast_away(session: WriteSession) -> None:
    """Not of a database that is always read in part, either."""
    database = await grown(session, size_quality="STALE")
    await session.execute(text("UPDATE database_size_stats SET quality = 'PARTIAL'"))

    row = await get_forecast(session, VERA, database.id, today=TODAY)

    assert row.status is ForecastStatus.READY


async def test_the_lower_of_ceiling_and_limit_counts(session: WriteSession) -> None:
    database = await grown(session, ceiling_bytes=110 * GIB)

    await set_size_limit(session, OTTO, database.id, 80 * GIB)
    lower = await get_forecast(session, VERA, database.id, today=TODAY)
    await set_size_limit(session, OTTO, database.id, 200 * GIB)
    higher = await get_forecast(session, VERA, database.id, today=TODAY)
    await set_size_limit(session, OTTO, database.id, None)

    assert (lower.ceiling_bytes, lower.ceiling_source) == (80 * GIB, CeilingSource.MANUAL)
    assert (higher.ceiling_bytes, higher.ceiling_source) == (110 * GIB, CeilingSource.ENGINE)
    found = await session.execute(text("SELECT before, after FROM audit_entries ORDER BY id"))
    assert [row.after["limit_bytes"] for row in found] == [80 * GIB, 200 * GIB, None]


async def test_without_a_ceiling_nobody_says_when_it_is_full(session: WriteSession) -> None:
    database = await grown(session)

    row = await get_forecast(session, VERA, database.id, today=TODAY)

    assert (row.ceiling_bytes, row.ceiling_source, row.full) == (None, None, None)
    assert row.outlook


@pytest.mark.parametrize("days", [0, 13])
async def test_a_few_days_are_no_forecast(session: WriteSession, days: int) -> None:
    database = await grown(session, days, ceiling_bytes=GIB)

    row = await get_forecast(session, VERA, database.id, today=TODAY)

    assert (row.status, row.readings) == (ForecastStatus.INSUFFICIENT_DATA, days)
    assert (row.full, row.outlook, row.slope_bytes) == (None, (), None)


async def test_only_readings_of_the_present_kind_count(session: WriteSession) -> None:
    """A month in part says nothing of what is whole."""
    database = await grown(session)
    await session.execute(
        text(
            "UPDATE database_size_stats SET quality = 'PARTIAL'"
            " WHERE database_id = :id AND stat_date < :day"
        ),
        {"id": database.id, "day": TODAY - timedelta(days=5)},
    )

    row = await get_forecast(session, VERA, database.id, today=TODAY)

    assert (row.status, row.readings) == (ForecastStatus.INSUFFICIENT_DATA, 5)


async def test_what_makes_no_sense_is_refused(session: WriteSession) -> None:
    database = await grown(session)
    for days in (0, 367):
        with pytest.raises(BadInput):
            await get_forecast(session, VERA, database.id, days, today=TODAY)
    for limit in (0, -1, 2**63):
        with pytest.raises(BadInput):
            await set_size_limit(session, OTTO, database.id, limit)
    with pytest.raises(NotFound):
        await get_forecast(session, VERA, 1, today=TODAY)
    with pytest.raises(NotFound):
        await set_size_limit(session, OTTO, 1, GIB)
    with pytest.raises(PermissionRequired):
        await set_size_limit(session, VERA, database.id, GIB)


async def test_every_night_lists_get_their_forecasts(db: Database) -> None:
    async with db.write() as session:
        first = await grown(session, ceiling_bytes=110 * GIB)
        short = await grown(session, 5)
        await session.execute(
            text(
                "INSERT INTO database_forecasts (database_id, readings, slope_bytes, month_p10,"
                " month_p50, month_p90, is_sample) VALUES (:id, 20, 1, 1, 1, 1, false)"
            ),
            {"id": short.id},
        )

    assert await forecast_all(db, ADA, nothing) == 1
    assert await forecast_all(db, ADA, nothing) == 1

    async with db.read() as session:
        [row] = (await session.execute(text("SELECT * FROM database_forecasts"))).mappings()
    assert row["database_id"] == first.id
    assert row["full_p10"] <= row["full_p50"] <= row["full_p90"]
    assert row["month_p50"] == pytest.approx(99 * GIB, rel=0.02)
    with pytest.raises(PermissionRequired):
        await forecast_all(db, OTTO, nothing)


async def test_the_summary_is_of_one_kind_of_period_alone(session: WriteSession) -> None:
    monthly = AggregationPeriod.MONTHLY
    first, second = await make_database(session), await make_database(session)
    await make_size_history(session, first, {date(2026, 1, 5): 100, date(2026, 2, 5): 130})
    await make_size_history(session, second, {date(2026, 2, 5): 50})
    for day in (date(2026, 1, 5), date(2026, 2, 5)):
        for period in AggregationPeriod:
            span = span_of(period, day)
            await sum_up(session, DATABASES, period, span, today=date(2026, 2, 10))

    row = await capacity_summary(session, VERA, monthly)
    mine = await capacity_summary(session, VERA, monthly, database_id=first.id)

    assert (row.database_count, row.instance_count, row.total_bytes) == (2, 2, 180)
    assert (row.period_start, row.change_bytes) == (date(2026, 2, 1), 30)
    assert row.change_percent == pytest.approx(30)  # what came in February has not grown
    assert row.coverage == pytest.approx(0.1)
    assert (mine.database_count, mine.total_bytes) == (1, 130)


async def test_a_summary_of_nothing_has_no_numbers(session: WriteSession) -> None:
    row = await capacity_summary(session, VERA, AggregationPeriod.WEEKLY)

    assert (row.database_count, row.total_bytes, row.period_start) == (0, None, None)
    with pytest.raises(NotFound):
        await capacity_summary(session, VERA, AggregationPeriod.WEEKLY, database_id=1)
    with pytest.raises(NotFound):
        await capacity_summary(session, VERA, AggregationPeriod.WEEKLY, instance_id=1)
    other, database = await make_instance(session), await make_database(session)
    with pytest.raises(NotFound):
        await capacity_summary(
            session,
            VERA,
            AggregationPeriod.WEEKLY,
            instance_id=other.id,
            database_id=database.id,
        )
