"""Saving the log: never in anybody's way, never silently lost."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.logs import BUFFER, CAPACITY, Entry
from whalefall.models.logs import UnifiedLog
from whalefall.resolvers import logs
from whalefall.resolvers.logs import save_logs, saving_logs


@pytest.fixture(autouse=True)
def empty_buffer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing waits, nothing is lost yet."""
    BUFFER.take(CAPACITY)
    monkeypatch.setattr(BUFFER, "lost", 0)
    yield
    BUFFER.take(CAPACITY)


async def saved(db: Database) -> list[str]:
    async with db.read() as session:
        found = await session.execute(select(UnifiedLog.event).order_by(UnifiedLog.id))
    return list(found.scalars())


async def test_what_waits_is_saved_in_order(db: Database) -> None:
    for number in range(logs.BATCH + 3):
        BUFFER.put(entry(str(number)))

    assert await save_logs(db)

    assert await saved(db) == [str(number) for number in range(logs.BATCH + 3)]


async def test_an_entry_keeps_what_was_bound(db: Database) -> None:
    BUFFER.put(entry("capacity.collected", request_id="r-1", actor="ada", instance_id=7))

    await save_logs(db)

    async with db.read() as session:
        row = (await session.execute(select(UnifiedLog))).scalar_one()
    assert (row.level, row.module, row.request_id, row.actor) == ("info", "web", "r-1", "ada")
    assert (row.instance_id, row.sync_session_id, row.fields) == (7, None, {"databases": 3})


async def test_one_entry_that_is_refused_takes_no_other_along(db: Database) -> None:
    BUFFER.put(entry("before"))
    BUFFER.put(entry("cannot be stored\x00"))
    BUFFER.put(entry("after"))

    assert await save_logs(db)

    assert await saved(db) == ["before", "after"]
    assert BUFFER.lost == 1


async def test_with_the_database_away_entries_wait(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise ServiceUnavailable("away")

    BUFFER.put(entry("waits"))
    with monkeypatch.context() as patch:
        patch.setattr(db, "write", away)
        assert not await save_logs(db)
    assert len(BUFFER) == 1

    assert await save_logs(db)

    assert await saved(db) == ["waits"]
    assert BUFFER.lost == 0


async def test_a_locked_table_delays_nobody_and_loses_nothing(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("LOCK TABLE unified_logs IN ACCESS EXCLUSIVE MODE"))
        BUFFER.put(entry("behind the lock"))
        task = asyncio.create_task(save_logs(db))
        async with db.read() as other:  # a request in between
            assert (await other.execute(text("SELECT 1"))).scalar_one() == 1

    assert await task
    assert await saved(db) == ["behind the lock"]


async def test_shutting_down_saves_what_is_left(db: Database) -> None:
    async with saving_logs(db):
        BUFFER.put(entry("last words"))

    assert await saved(db) == ["last words"]


async def test_the_loop_saves_by_itself(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "EVERY_SECONDS", 0)
    done = asyncio.Event()

    async def save(db: Database) -> bool:
        result = await save_logs(db)
        done.set()
        return result

    monkeypatch.setattr(logs, "save_logs", save)
    BUFFER.put(entry("soon"))

    async with saving_logs(db), asyncio.timeout(10):
        await done.wait()
        assert await saved(db) == ["soon"]


def entry(
    event: str,
    *,
    request_id: str | None = None,
    actor: str | None = None,
    instance_id: int | None = None,
) -> Entry:
    return Entry(
        logged_at=datetime.now(UTC),
        level="info",
        module="web",
        event=event,
        request_id=request_id,
        actor=actor,
        sync_session_id=None,
        instance_id=instance_id,
        fields={"databases": 3},
    )
