"""Swapping a database's table sizes: whole, honest, and without needless writes."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from tests.factories import make_database
from tests.fake_engine import table
from whalefall.db import Database
from whalefall.domain.facts import Collected, Skipped, SkipReason, TableFact
from whalefall.domain.reconciliation import BucketKind, Reconciliation, reconcile
from whalefall.errors import Code, TargetProblem
from whalefall.resolvers.collection.snapshots import (
    SnapshotCounts,
    save_failed_attempt,
    save_snapshot,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def save(db: Database, database_id: int, *tables: TableFact, **more: Any) -> SnapshotCounts:
    collected = Collected(**{"items": list(tables), "complete": True, "source": "test", **more})
    async with db.write() as session:
        return await save_snapshot(session, database_id, collected, now=NOW, elapsed_ms=5)


async def rows(db: Database, database_id: int) -> dict[str, tuple[Any, ...]]:
    """name -> (size, quality, xmin): xmin changes when a row is rewritten."""
    async with db.read() as session:
        found = await session.execute(
            text(
                "SELECT table_name, size_bytes, quality, xmin::text"
                " FROM database_table_size_stats WHERE database_id = :id"
            ),
            {"id": database_id},
        )
        return {row[0]: tuple(row[1:]) for row in found}


async def make(db: Database) -> int:
    async with db.write() as session:
        return (await make_database(session)).id


async def test_the_first_snapshot_holds_every_table(db: Database) -> None:
    database_id = await make(db)

    counts = await save(db, database_id, table("a", 10), table("b", None))

    assert counts == SnapshotCounts(saved=2, created=2, updated=0, removed=0)
    saved = await rows(db, database_id)
    assert saved["a"][:2] == (10, "EXACT")
    assert saved["b"][:2] == (None, "UNAVAILABLE")


async def test_unchanged_rows_are_not_rewritten(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a", 10), table("b", 20))
    before = await rows(db, database_id)

    counts = await save(db, database_id, table("a", 10), table("b", 21))

    after = await rows(db, database_id)
    assert counts == SnapshotCounts(saved=2, created=0, updated=1, removed=0)
    assert after["a"] == before["a"]
    assert after["b"][0] == 21


async def test_a_complete_reading_removes_what_is_gone(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a"), table("b"))

    counts = await save(db, database_id, table("a"))

    assert counts.removed == 1
    assert set(await rows(db, database_id)) == {"a"}


async def test_a_complete_reading_of_nothing_empties_the_snapshot(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a"))

    counts = await save(db, database_id)

    assert counts == SnapshotCounts(saved=0, created=0, updated=0, removed=1)


async def test_an_incomplete_reading_removes_nothing(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a", 10), table("b", 20))

    counts = await save(db, database_id, table("a", 11), complete=False)

    saved = await rows(db, database_id)
    assert counts.removed == 0
    assert saved["a"][:2] == (11, "EXACT")
    assert saved["b"][:2] == (20, "STALE")


async def test_a_locked_table_keeps_its_last_size_and_is_marked(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a", 10), table("b", 20))
    locked = Skipped(schema_name="public", name="b", reason=SkipReason.LOCKED)

    await save(db, database_id, table("a", 10), skipped=[locked])

    assert (await rows(db, database_id))["b"][:2] == (20, "STALE")


async def test_a_table_dropped_while_it_was_read_is_gone(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a"), table("b"))
    dropped = Skipped(schema_name="public", name="b", reason=SkipReason.DROPPED)

    await save(db, database_id, table("a"), skipped=[dropped])

    assert set(await rows(db, database_id)) == {"a"}


async def test_a_failed_attempt_leaves_every_row_as_it_is(db: Database) -> None:
    database_id = await make(db)
    await save(db, database_id, table("a", 10))
    before = await rows(db, database_id)

    async with db.write() as session:
        problem = TargetProblem("No.", code=Code.AUTH_FAILED)
        await save_failed_attempt(session, database_id, problem, now=NOW)

    assert await rows(db, database_id) == before
    async with db.read() as session:
        head = (await session.execute(text("SELECT * FROM table_snapshots"))).mappings().one()
    assert head["last_error_code"] == "AUTH_FAILED"
    assert head["table_count"] == 1
    assert head["collected_at"] == NOW


async def test_hostile_names_survive_unchanged(db: Database) -> None:
    names = ["it's", 'say "x"', "a\nb", "tab\there", "=cmd()", "🐋", "%s", "\\N", " lead"]
    database_id = await make(db)

    await save(db, database_id, *(table(name) for name in names))

    assert set(await rows(db, database_id)) == set(names)


async def test_a_snapshot_keeps_its_parts_when_a_later_attempt_fails(db: Database) -> None:
    database_id = await make(db)
    parts = reconcile({BucketKind.DATA: 10}, objects_bytes=10, database_bytes=40)
    await save(db, database_id, table("a", 10), reconciliation=parts)

    problem = TargetProblem("It is down.", code=Code.DATABASE_CONNECTION_ERROR)
    async with db.write() as session:
        await save_failed_attempt(session, database_id, problem, now=NOW)

    async with db.read() as session:
        found = await session.execute(text("SELECT reconciliation FROM table_snapshots"))
    stored = found.scalar_one()
    assert Reconciliation.of_json(stored) == parts
    assert stored["buckets"] == {"DATA": 10, "UNATTRIBUTED": 30}
