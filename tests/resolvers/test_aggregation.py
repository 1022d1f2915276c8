"""Sums of sizes: what is in them, what they are compared with, and when they are made anew."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import ADA, OTTO, make_database, make_instance, make_size_history
from whalefall.db import Database, WriteSession
from whalefall.domain.periods import span_of
from whalefall.domain.states import AggregationPeriod
from whalefall.errors import PermissionRequired
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.aggregation.computing import DATABASES, INSTANCES, LEVELS, sum_up
from whalefall.resolvers.aggregation.keeping import sum_up_today, sum_up_what_is_new
from whalefall.resolvers.aggregation.ranking import latest_period
from whalefall.resolvers.aggregation.summary import capacity_summary

MONTHLY, WEEKLY = AggregationPeriod.MONTHLY, AggregationPeriod.WEEKLY
TODAY = datetime.now(UTC).astimezone().date()


async def nothing(stage: str, progress: float) -> None:
    """Nobody listens."""


async def rows(session: Any, table: str = "database_size_aggregations") -> list[dict[str, Any]]:
    found = await session.execute(
        text(f"SELECT * FROM {table} ORDER BY period, period_start, instance_id")
    )
    return [dict(row) for row in found.mappings()]


async def sums(
    session: WriteSession, sizes: Mapping[date, int | None], period: AggregationPeriod = MONTHLY
) -> tuple[InstanceDatabase, list[dict[str, Any]]]:
    """The sums of one database's history, the earliest first."""
    database = await make_database(session)
    await make_size_history(session, database, sizes)
    for span in sorted({span_of(period, day) for day in sizes}):
        for level in LEVELS:
            await sum_up(session, level, period, span, today=max(sizes))
    return database, await rows(session)


async def test_a_month_has_its_numbers(session: WriteSession) -> None:
    january = {date(2026, 1, day): 100 * day for day in (1, 2, 4, 20)}

    database, [row] = await sums(session, {**january, date(2026, 1, 3): None})

    assert row["database_id"] == database.id
    assert row["instance_id"] == database.instance_id
    assert (row["period_start"], row["period_end"]) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (row["days"], row["readings"]) == (20, 4)  # the month is twenty days old
    assert (row["avg_bytes"], row["min_bytes"], row["max_bytes"]) == (675, 100, 2000)
    assert (row["first_bytes"], row["last_bytes"]) == (100, 2000)
    assert (row["change_bytes"], row["change_percent"], row["quality"]) == (None, None, "EXACT")
    [instance] = await rows(session, "instance_size_aggregations")
    assert (instance["avg_bytes"], instance["avg_database_count"]) == (675, 1)


@pytest.mark.parametrize(("read", "latest"), [(8, 1), (9, 2), (10, 2)])
async def test_a_day_is_the_latest_once_nearly_all_of_the_estate_is_in_it(
    session: WriteSession, read: int, latest: int
) -> None:
    """Before that, what was read first would pass for all there is."""
    days = [date(2026, 1, 1), date(2026, 1, 2)]
    for number in range(10):
        database = await make_database(session)
        await make_size_history(session, database, dict.fromkeys(days[: 1 + (number < read)], 7))
    for day in days:
        for level in LEVELS:
            span = span_of(AggregationPeriod.DAILY, day)
            await sum_up(session, level, AggregationPeriod.DAILY, span, today=day)

    summary = await capacity_summary(session, OTTO, AggregationPeriod.DAILY)

    for level in LEVELS:
        found = await latest_period(session, OTTO, level, AggregationPeriod.DAILY)
        assert found == days[latest - 1]
    assert summary.period_start == days[latest - 1]
    assert (summary.database_count, summary.known_count) == ([10, read][latest - 1], 10)


async def test_the_last_size_is_the_latest_whatever_its_number(session: WriteSession) -> None:
    _, [row] = await sums(session, {date(2026, 1, 1): 9, date(2026, 1, 2): 5, date(2026, 1, 3): 7})

    assert (row["first_bytes"], row["last_bytes"], row["days"]) == (9, 7, 3)


@pytest.mark.parametrize(
    ("before", "now", "bytes_", "percent"),
    [(100, 106, 6, 6.0), (100, 105, 5, 5.0), (100, 94, -6, -6.0), (0, 50, 50, None)],
)
async def test_change_is_against_the_average_of_the_month_before(
    session: WriteSession, before: int, now: int, bytes_: int, percent: float | None
) -> None:
    _, [_, row] = await sums(
        session, {date(2025, 12, 31): before, date(2026, 1, 5): now, date(2026, 1, 9): now}
    )

    assert (row["change_bytes"], row["change_percent"]) == (bytes_, percent)


async def test_a_month_without_sizes_is_no_baseline(session: WriteSession) -> None:
    _, found = await sums(session, {date(2025, 11, 1): 1, date(2026, 1, 1): 2})

    assert [row["change_bytes"] for row in found] == [None, None]


async def test_a_partial_reading_is_compared_with_no_whole_one(session: WriteSession) -> None:
    database = await make_database(session)
    days = {date(2025, 12, 1): 100, date(2026, 1, 1): 50}
    await make_size_history(session, database, days)
    await session.execute(
        text("UPDATE database_size_stats SET quality = 'PARTIAL' WHERE stat_date = '2026-01-01'")
    )
    for day in days:
        await sum_up(session, DATABASES, MONTHLY, span_of(MONTHLY, day), today=TODAY)

    _, row = await rows(session)
    assert (row["quality"], row["change_bytes"]) == ("PARTIAL", None)


async def test_an_earlier_month_that_changes_changes_what_comes_after(
    session: WriteSession,
) -> None:
    database, [_, before] = await sums(session, {date(2025, 12, 1): 100, date(2026, 1, 1): 150})
    await session.execute(
        text("UPDATE database_size_stats SET size_bytes = 50 WHERE stat_date = '2025-12-01'")
    )

    await sum_up(session, DATABASES, MONTHLY, span_of(MONTHLY, date(2025, 12, 1)), today=TODAY)

    _, after = await rows(session)
    assert (before["change_bytes"], after["change_bytes"]) == (50, 100)
    assert after["change_percent"] == 200
    assert after["database_id"] == database.id


async def test_sums_of_nothing_go_and_then_there_is_no_baseline(session: WriteSession) -> None:
    await sums(session, {date(2025, 12, 1): 100, date(2026, 1, 1): 150})
    await session.execute(text("DELETE FROM database_size_stats WHERE stat_date = '2025-12-01'"))

    await sum_up(session, DATABASES, MONTHLY, span_of(MONTHLY, date(2025, 12, 1)), today=TODAY)

    [row] = await rows(session)
    assert (row["period_start"], row["change_bytes"]) == (date(2026, 1, 1), None)


async def test_a_database_that_is_purged_takes_its_sums_along(session: WriteSession) -> None:
    database, _ = await sums(session, {date(2026, 1, 1): 1})

    await session.execute(text("DELETE FROM database_size_stats"))
    await session.execute(
        text("DELETE FROM instance_databases WHERE id = :id"), {"id": database.id}
    )

    assert await rows(session) == []


async def test_only_the_instances_asked_for_are_summed_up(session: WriteSession) -> None:
    mine, other = await make_database(session), await make_database(session)
    for database in (mine, other):
        await make_size_history(session, database, {date(2026, 1, 1): 1})

    span = span_of(MONTHLY, date(2026, 1, 1))
    count = await sum_up(
        session, INSTANCES, MONTHLY, span, today=TODAY, instances=[mine.instance_id]
    )

    found = await rows(session, "instance_size_aggregations")
    assert (count, [row["instance_id"] for row in found]) == (1, [mine.instance_id])


async def test_the_sum_of_days_is_that_of_the_month(session: WriteSession) -> None:
    """Each size counts once in each kind of period, at the edges as well."""
    days = {date(2025, 12, 28) + timedelta(days=number): number + 1 for number in range(70)}
    database = await make_database(session)
    await make_size_history(session, database, days)
    for period in AggregationPeriod:
        for span in sorted({span_of(period, day) for day in days}):
            await sum_up(session, DATABASES, period, span, today=max(days))

    totals = {period.value: 0 for period in AggregationPeriod}
    readings = {period.value: 0 for period in AggregationPeriod}
    for row in await rows(session):
        readings[row["period"]] += row["readings"]
        inside = [
            size for day, size in days.items() if row["period_start"] <= day <= row["period_end"]
        ]
        assert row["avg_bytes"] == round(sum(inside) / len(inside) + 1e-9)
        totals[row["period"]] += sum(inside)
    assert set(totals.values()) == {sum(days.values())}
    assert set(readings.values()) == {len(days)}


async def test_todays_rows_come_with_the_collection(session: WriteSession) -> None:
    database = await make_database(session)
    await make_size_history(session, database, {TODAY: 7})

    await sum_up_today(session, database.instance_id, TODAY)

    [row] = await rows(session)
    assert (row["period"], row["period_start"], row["avg_bytes"]) == ("DAILY", TODAY, 7)
    assert len(await rows(session, "instance_size_aggregations")) == 1


async def test_a_day_that_cannot_be_summed_up_leaves_its_sizes(session: WriteSession) -> None:
    database = await make_database(session)
    await make_size_history(session, database, {TODAY: 7})
    await session.execute(
        text("ALTER TABLE database_size_aggregations ADD CONSTRAINT no CHECK (avg_bytes < 0)")
    )

    await sum_up_today(session, database.instance_id, TODAY)

    assert await rows(session) == []
    assert (await session.execute(text("SELECT count(*) FROM database_size_stats"))).scalar() == 1


async def history(db: Database, sizes: Mapping[date, int | None]) -> int:
    async with db.write() as session:
        database = await make_database(session, await make_instance(session))
        await make_size_history(session, database, sizes)
        return database.id


async def made(db: Database) -> dict[tuple[str, date], datetime]:
    async with db.read() as session:
        found = await rows(session)
    return {(row["period"], row["period_start"]): row["calculated_at"] for row in found}


async def ran(db: Database) -> None:
    """The task has run, as its record says."""
    async with db.write() as session:
        await session.execute(
            text(
                "INSERT INTO sync_sessions (category, trigger, status)"
                " VALUES ('AGGREGATION', 'SCHEDULED', 'COMPLETED')"
            )
        )
        await session.execute(
            text(
                "INSERT INTO sync_instance_records (session_id, category, task, status, started_at)"
                " SELECT id, 'AGGREGATION', 'AGGREGATION', 'COMPLETED', now() + interval '2 hours'"
                "   FROM sync_sessions"
            )
        )


async def test_the_task_makes_everything_once_and_then_only_what_is_new(db: Database) -> None:
    this_month = TODAY.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    days = {last_month: 1, this_month: 2}
    database_id = await history(db, days)

    await sum_up_what_is_new(db, ADA, nothing)
    first = await made(db)
    await ran(db)
    assert await sum_up_what_is_new(db, ADA, nothing) == 0
    async with db.write() as session:
        await session.execute(
            text(
                "UPDATE database_size_stats SET size_bytes = 5,"
                " collected_at = now() + interval '3 h'"
                " WHERE database_id = :id AND stat_date = :day"
            ),
            {"id": database_id, "day": this_month},
        )
    await sum_up_what_is_new(db, ADA, nothing)

    second = await made(db)
    expected = {
        (period.value, span_of(period, day).start) for period in AggregationPeriod for day in days
    }
    assert first.keys() == second.keys() == expected
    anew = {key for key, at in second.items() if at > first[key]}
    assert anew == {
        (period.value, span_of(period, this_month).start) for period in AggregationPeriod
    }


async def test_periods_of_which_days_are_no_longer_kept_stay_as_they_are(db: Database) -> None:
    await history(db, {TODAY - timedelta(days=500): 1})

    assert await sum_up_what_is_new(db, ADA, nothing) == 0


async def test_only_who_administers_sums_up(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await sum_up_what_is_new(db, OTTO, nothing)
