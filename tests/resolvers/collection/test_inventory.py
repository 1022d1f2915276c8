"""The list of databases: what comes, goes and comes back, and what is not believed at once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.factories import make_instance
from whalefall.db import Database
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    SkipReason,
)
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile
from whalefall.domain.sizes import Bytes
from whalefall.resolvers.collection.inventory import (
    InventoryCounts,
    save_inventory,
    save_sizes,
)

DAY, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)


async def make(db: Database) -> int:
    async with db.write() as session:
        return (await make_instance(session)).id


async def see(
    db: Database, instance_id: int, *names: str, complete: bool = True, today: date = DAY
) -> InventoryCounts:
    facts = [DatabaseFact(name=name) for name in names]
    collected = Collected(items=facts, complete=complete, source="test")
    async with db.write() as session:
        return await save_inventory(session, instance_id, collected, today=today, now=NOW)


async def sized(
    db: Database,
    instance_id: int,
    today: date = DAY,
    *,
    complete: bool = True,
    quality: Quality = Quality.EXACT,
    **sizes: int | None,
) -> int:
    facts = [
        DatabaseSizeFact(
            name=name,
            size_bytes=None if size is None else Bytes(size),
            quality=Quality.UNAVAILABLE if size is None else quality,
            reason=SkipReason.PERMISSION if size is None else None,
        )
        for name, size in sizes.items()
    ]
    collected = Collected(items=facts, complete=complete, source="test")
    async with db.write() as session:
        return await save_sizes(session, instance_id, collected, today=today, now=NOW)


async def fetch(db: Database, sql: str) -> list[dict[str, Any]]:
    async with db.read() as session:
        return [dict(row) for row in (await session.execute(text(sql))).mappings()]


async def active(db: Database) -> set[str]:
    found = await fetch(db, "SELECT name FROM instance_databases WHERE is_active")
    return {row["name"] for row in found}


async def test_new_databases_begin_today(db: Database) -> None:
    instance_id = await make(db)

    counts = await see(db, instance_id, "a", "b")

    assert counts == InventoryCounts(
        created=2, refreshed=0, reactivated=0, deactivated=0, is_doubted=False
    )
    found = await fetch(db, "SELECT first_seen_on, last_seen_on FROM instance_databases")
    assert found[0] == {"first_seen_on": DAY, "last_seen_on": DAY}


async def test_a_database_that_is_gone_is_deactivated_and_comes_back(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b", "c")

    gone = await see(db, instance_id, "a", "b")
    back = await see(db, instance_id, "a", "b", "c", today=NEXT_DAY)

    assert gone.deactivated == 1
    assert (back.reactivated, back.refreshed, back.created) == (1, 2, 0)
    found = await fetch(db, "SELECT * FROM instance_databases WHERE name = 'c'")
    assert found[0]["first_seen_on"] == DAY
    assert found[0]["last_seen_on"] == NEXT_DAY
    assert found[0]["deleted_at"] is None


async def test_an_incomplete_inventory_deactivates_nothing(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b", "c")

    counts = await see(db, instance_id, "a", "b", complete=False)

    assert counts.deactivated == 0
    assert await active(db) == {"a", "b", "c"}


async def test_an_inventory_that_turned_empty_is_believed_only_the_second_time(
    db: Database,
) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b", "c")

    first = await see(db, instance_id)
    between = await active(db)
    second = await see(db, instance_id)

    assert first.is_doubted
    assert between == {"a", "b", "c"}
    assert not second.is_doubted
    assert second.deactivated == 3


async def test_losing_exactly_half_is_not_doubted(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b")

    counts = await see(db, instance_id, "a")

    assert not counts.is_doubted
    assert counts.deactivated == 1


async def test_a_doubt_is_forgotten_by_a_reading_that_finds_all_again(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b", "c")
    await see(db, instance_id)
    await see(db, instance_id, "a", "b", "c")

    counts = await see(db, instance_id)

    assert counts.is_doubted


async def test_sizes_become_history_latest_and_total(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b")

    known = await sized(db, instance_id, a=100, b=50)

    assert known == 2
    history = await fetch(db, "SELECT size_bytes FROM database_size_stats ORDER BY 1")
    assert [row["size_bytes"] for row in history] == [50, 100]
    (instance,) = await fetch(db, "SELECT * FROM instances")
    assert (instance["total_size_bytes"], instance["database_count"]) == (150, 2)
    assert instance["size_quality"] == "EXACT"
    (total,) = await fetch(db, "SELECT * FROM instance_size_stats")
    assert (total["total_bytes"], total["stat_date"]) == (150, DAY)


async def test_a_second_run_of_the_day_replaces_the_first(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a")
    await sized(db, instance_id, a=100)

    await sized(db, instance_id, a=120)

    history = await fetch(db, "SELECT size_bytes FROM database_size_stats")
    assert history == [{"size_bytes": 120}]


async def test_an_unknown_size_is_not_zero_and_keeps_the_last_one(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b")
    await sized(db, instance_id, a=100, b=None)
    await sized(db, instance_id, today=NEXT_DAY, a=None, b=None)

    by_name = {row["name"]: row for row in await fetch(db, "SELECT * FROM instance_databases")}

    assert (by_name["a"]["size_bytes"], by_name["a"]["size_quality"]) == (100, "STALE")
    assert (by_name["b"]["size_bytes"], by_name["b"]["size_quality"]) == (None, "UNAVAILABLE")
    assert by_name["b"]["size_reason"] == "PERMISSION"
    history = await fetch(db, "SELECT size_bytes FROM database_size_stats")
    assert history == [{"size_bytes": 100}]
    (instance,) = await fetch(db, "SELECT size_quality FROM instances")
    assert instance["size_quality"] == "PARTIAL"


async def excluded(db: Database, instance_id: int, name: str, today: date) -> None:
    fact = DatabaseSizeFact(
        name=name, size_bytes=None, quality=Quality.UNAVAILABLE, reason=SkipReason.EXCLUDED
    )
    rest = DatabaseSizeFact(name="b", size_bytes=Bytes(7))
    collected = Collected(items=[fact, rest], complete=True, source="test")
    async with db.write() as session:
        await save_sizes(session, instance_id, collected, today=today, now=NOW)


async def test_a_database_that_is_left_out_has_no_size_and_counts_for_no_total(
    db: Database,
) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", "b")
    await sized(db, instance_id, a=100, b=5)

    await excluded(db, instance_id, "a", NEXT_DAY)

    (row,) = await fetch(db, "SELECT * FROM instance_databases WHERE name = 'a'")
    assert (row["is_active"], row["size_quality"]) == (True, "UNAVAILABLE")
    assert (row["size_bytes"], row["size_reason"]) == (None, "EXCLUDED")
    assert (row["size_collected_at"], row["growth_bytes"], row["growth_since"]) == (None,) * 3
    (total,) = await fetch(db, "SELECT * FROM instances")
    assert (total["total_size_bytes"], total["size_quality"]) == (7, "EXACT")
    assert total["database_count"] == 2
    days = await fetch(db, "SELECT stat_date FROM database_size_stats WHERE size_bytes = 100")
    assert days == [{"stat_date": DAY}]

    await sized(db, instance_id, NEXT_DAY, a=110, b=7)

    (total,) = await fetch(db, "SELECT * FROM instances")
    assert (total["total_size_bytes"], total["size_quality"]) == (117, "EXACT")


async def test_a_total_of_what_was_shown_is_no_exact_one(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a", complete=False)

    await sized(db, instance_id, complete=False, a=100)

    (instance,) = await fetch(db, "SELECT total_size_bytes, size_quality FROM instances")
    assert instance == {"total_size_bytes": 100, "size_quality": "PARTIAL"}
    (day,) = await fetch(db, "SELECT quality FROM instance_size_stats")
    assert day["quality"] == "PARTIAL"


async def test_a_size_brings_its_growth_with_it(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "new", "grown", "lost")
    await sized(db, instance_id, DAY - timedelta(days=29), grown=80, lost=10)
    await sized(db, instance_id, DAY - timedelta(days=1), grown=99, lost=20)

    await sized(db, instance_id, new=5, grown=100, lost=None)

    columns = "name, growth_bytes, growth_percent, growth_since"
    found = await fetch(db, f"SELECT {columns} FROM instance_databases ORDER BY name")
    since = DAY - timedelta(days=29)
    assert [tuple(row.values()) for row in found] == [
        ("grown", 20, 25.0, since),
        ("lost", 10, 100.0, since),  # what was told of the size that is still shown
        ("new", None, None, None),
    ]


async def test_a_part_of_a_size_tells_of_no_shrinking(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "shop")
    await sized(db, instance_id, DAY - timedelta(days=29), shop=80)

    await sized(db, instance_id, quality=Quality.PARTIAL, shop=5)

    found = await fetch(db, "SELECT size_bytes, growth_bytes, growth_since FROM instance_databases")
    assert found == [{"size_bytes": 5, "growth_bytes": None, "growth_since": None}]


async def test_parts_are_kept_as_long_as_the_size_they_are_of(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a")
    parts = reconcile({BucketKind.LOG: 30}, database_bytes=100)
    size = DatabaseSizeFact(
        name="a",
        size_bytes=Bytes(100),
        used_bytes=Bytes(90),
        ceiling_bytes=Bytes(500),
        reconciliation=parts,
    )
    lost = DatabaseSizeFact(name="a", size_bytes=None, quality=Quality.UNAVAILABLE)
    for fact in (size, lost):
        collected = Collected(items=[fact], complete=True, source="test")
        async with db.write() as session:
            await save_sizes(session, instance_id, collected, today=DAY, now=NOW)

    (row,) = await fetch(db, "SELECT * FROM instance_databases")
    assert (row["used_bytes"], row["ceiling_bytes"], row["size_quality"]) == (90, 500, "STALE")
    assert Reconciliation.of_json(row["reconciliation"]) == parts
    (day,) = await fetch(db, "SELECT used_bytes FROM database_size_stats")
    assert day["used_bytes"] == 90


async def test_a_size_without_parts_takes_the_old_ones_away(db: Database) -> None:
    instance_id = await make(db)
    await see(db, instance_id, "a")
    with_parts = DatabaseSizeFact(
        name="a", size_bytes=Bytes(100), reconciliation=reconcile({}, database_bytes=100)
    )
    for fact in (with_parts, DatabaseSizeFact(name="a", size_bytes=Bytes(110))):
        collected = Collected(items=[fact], complete=True, source="test")
        async with db.write() as session:
            await save_sizes(session, instance_id, collected, today=DAY, now=NOW)

    (row,) = await fetch(db, "SELECT reconciliation FROM instance_databases")
    assert row["reconciliation"] is None
