"""Months get partitions before they come, and lose them when they are too old."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from tests.factories import ADA, OTTO, VERA, make_database
from whalefall.db import Database, WriteSession
from whalefall.domain.periods import add_months
from whalefall.errors import BadInput, PermissionRequired
from whalefall.models.databases import DatabaseSizeStat
from whalefall.resolvers.partitions import (
    TABLES,
    PartitionKind,
    create_month,
    create_partitions,
    drop_old_partitions,
    keep_partitions,
    look_after_partitions,
    old_partitions,
    partition_report,
)

PARTITIONS = text("""
    SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
     WHERE inhparent = 'database_size_stats'::regclass ORDER BY 1
""")


async def partitions(session: WriteSession) -> set[str]:
    return set((await session.execute(PARTITIONS)).scalars())


async def test_every_month_of_a_span_gets_one(session: WriteSession) -> None:
    await create_partitions(session, [date(2031, 11, 1), date(2031, 12, 1), date(2032, 1, 1)])

    made = {name for name in await partitions(session) if "y203" in name}
    assert made == {
        f"database_size_stats_{month}" for month in ("y2031m11", "y2031m12", "y2032m01")
    }


async def test_asking_twice_changes_nothing(session: WriteSession) -> None:
    await create_partitions(session, [date(2031, 1, 1)])
    before = await partitions(session)

    await create_partitions(session, [date(2031, 1, 1)])

    assert await partitions(session) == before


async def test_a_size_lies_in_the_partition_of_its_month(session: WriteSession) -> None:
    await create_partitions(session, [date(2031, 2, 1)])
    database = await make_database(session)
    for day in (date(2031, 2, 28), date(2031, 3, 1)):
        session.add(
            DatabaseSizeStat(
                database_id=database.id,
                instance_id=database.instance_id,
                stat_date=day,
                size_bytes=1,
                quality="EXACT",
            )
        )
    await session.flush()

    found = await session.execute(
        text("SELECT tableoid::regclass::text FROM database_size_stats ORDER BY stat_date")
    )
    assert list(found.scalars()) == ["database_size_stats_y2031m02", "database_size_stats_default"]


async def test_rows_that_strayed_into_the_default_partition_move_over(
    session: WriteSession,
) -> None:
    database = await make_database(session)
    stray = DatabaseSizeStat(
        database_id=database.id,
        instance_id=database.instance_id,
        stat_date=date(2031, 5, 5),
        size_bytes=7,
        quality="EXACT",
    )
    session.add(stray)
    await session.flush()

    await create_partitions(session, [date(2031, 5, 1)])

    found = await session.execute(
        text("SELECT tableoid::regclass::text, size_bytes FROM database_size_stats")
    )
    assert [tuple(row) for row in found] == [("database_size_stats_y2031m05", 7)]


async def test_this_month_and_the_next_three_are_kept_ready(db: Database) -> None:
    await keep_partitions(db, ADA)

    today = datetime.now(UTC).astimezone(db.settings.zone).date()
    async with db.write() as session:
        known = await partitions(session)
    for ahead in range(4):
        month = add_months(today, ahead)
        assert f"database_size_stats_y{month:%Y}m{month:%m}" in known


async def test_an_operator_does_not_keep_partitions(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await keep_partitions(db, OTTO)


async def stray(session: WriteSession, day: date) -> None:
    """A size of a month that has no partition."""
    database = await make_database(session)
    session.add(
        DatabaseSizeStat(
            database_id=database.id,
            instance_id=database.instance_id,
            stat_date=day,
            size_bytes=7,
            quality="EXACT",
        )
    )
    await session.flush()


async def drop(db: Database, *months: str) -> None:
    """What a test has made outlasts its rows: partitions are no rows."""
    async with db.write() as session:
        for each in TABLES:
            for month in months:
                await session.execute(text(f"DROP TABLE IF EXISTS {each.table}_{month}"))


async def test_the_nightly_task_moves_what_strayed_and_drops_what_is_old(db: Database) -> None:
    await keep_partitions(db, ADA)
    async with db.write() as session:
        await create_partitions(session, [date(2019, 1, 1), date(2023, 1, 1)])
        await stray(session, date(2033, 5, 5))
        before = await partition_report(session, VERA, db)

    done = await look_after_partitions(db, ADA)

    async with db.read() as session:
        after = await partition_report(session, VERA, db)
        known = {row.name for row in after.partitions}
    assert (before.is_healthy, before.stray_rows) == (False, 1)
    assert (after.is_healthy, after.stray_rows, after.missing) == (True, 0, [])
    assert (done.created, done.moved) == (4, 1)  # May 2033 of every table
    assert "database_size_stats_y2033m05" in known
    assert not {"database_size_stats_y2019m01", "database_size_stats_y2023m01"} & known
    assert "database_size_aggregations_y2019m01" not in known
    assert "database_size_aggregations_y2023m01" in known  # sums are kept for five years
    await drop(db, "y2033m05", "y2023m01")


async def test_a_missing_month_is_reported_by_name(
    session: WriteSession, opened_database: Database
) -> None:
    await keep_partitions(opened_database, ADA)
    today = datetime.now(UTC).astimezone(opened_database.settings.zone).date()
    name = f"instance_size_stats_y{today:%Y}m{today:%m}"
    await session.execute(text(f"DROP TABLE {name}"))

    report = await partition_report(session, VERA, opened_database)

    assert (report.is_healthy, report.missing) == (False, [name])


async def test_cleaning_up_does_what_its_preview_says(session: WriteSession) -> None:
    today = date(2026, 7, 15)
    months = [date(2025, 5, 1), date(2025, 6, 1), date(2025, 7, 1)]
    await create_partitions(session, months)

    preview = await old_partitions(session, ADA, PartitionKind.RAW, 12, today=today)
    dropped = await drop_old_partitions(
        session, ADA, PartitionKind.RAW, 12, today=today, confirmation="2025-07"
    )

    assert preview == dropped
    names = {row.name for row in dropped}
    assert {"database_size_stats_y2025m05", "instance_size_stats_y2025m06"} <= names
    assert not any("m07" in name or "aggregations" in name for name in names)
    left = await partitions(session)
    assert "database_size_stats_y2025m07" in left
    assert "database_size_stats_y2025m06" not in left
    [entry] = await session.execute(
        text("SELECT after FROM audit_entries WHERE action = 'partitions.dropped'")
    )
    assert set(entry.after["names"]) == names


@pytest.mark.parametrize("confirmation", [None, "", "2025-06", "yes"])
async def test_nothing_is_dropped_that_was_not_confirmed(
    session: WriteSession, confirmation: str | None
) -> None:
    await create_partitions(session, [date(2025, 5, 1)])
    before = await partitions(session)

    with pytest.raises(BadInput) as caught:
        await drop_old_partitions(
            session,
            ADA,
            PartitionKind.RAW,
            12,
            today=date(2026, 7, 15),
            confirmation=confirmation,
        )
    assert caught.value.field == ("confirmation",)
    assert "2025-07" in caught.value.message
    assert await partitions(session) == before


@pytest.mark.parametrize("months", [2, 0, -1, 100_000])
async def test_a_retention_must_make_sense(session: WriteSession, months: int) -> None:
    with pytest.raises(BadInput):
        await old_partitions(session, ADA, PartitionKind.RAW, months, today=date(2026, 7, 15))


async def test_only_this_month_and_later_ones_are_made_by_hand(session: WriteSession) -> None:
    today = date(2031, 7, 15)

    made = await create_month(session, ADA, date(2031, 8, 20), today=today)
    again = await create_month(session, ADA, date(2031, 8, 1), today=today)

    assert made == [f"{each.table}_y2031m08" for each in TABLES]
    assert again == []
    for month in (date(2031, 6, 30), date(2331, 1, 1)):
        with pytest.raises(BadInput) as caught:
            await create_month(session, ADA, month, today=today)
        assert caught.value.field == ("month",)


async def test_everybody_sees_and_administrators_change(
    session: WriteSession, db: Database
) -> None:
    today = date(2031, 7, 15)

    assert (await partition_report(session, VERA, db)).partitions
    with pytest.raises(PermissionRequired):
        await create_month(session, OTTO, today, today=today)
    with pytest.raises(PermissionRequired):
        await old_partitions(session, OTTO, PartitionKind.RAW, 12, today=today)
    with pytest.raises(PermissionRequired):
        await drop_old_partitions(
            session, OTTO, PartitionKind.RAW, 12, today=today, confirmation="2030-07"
        )
    with pytest.raises(PermissionRequired):
        await look_after_partitions(db, OTTO)
