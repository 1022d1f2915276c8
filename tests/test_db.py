"""Our database, from the side of who reads it: snapshots, plans, limits of time, bad values."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from whalefall.db import COPIES_AT_ONCE, SETTINGS, Database, Statement
from whalefall.errors import BadInput, ServiceUnavailable

SLOW = "SELECT pg_sleep(20)"


@pytest.fixture
async def hurried(
    opened_database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A database whose statements may take 50 ms."""
    monkeypatch.setitem(SETTINGS, "statement_timeout", "50")
    db = Database(opened_database.settings, opened_database.keys)
    await db.open()
    yield db
    await db.close()


@pytest.mark.parametrize("is_keyed", [True, False])
async def test_a_fixed_statement_that_takes_too_long_is_a_problem(
    hurried: Database, is_keyed: bool
) -> None:
    with pytest.raises(ServiceUnavailable, match="too long") as caught:
        await hurried.fetch([(SLOW, [])], is_keyed=is_keyed)
    assert caught.value.cause == "QueryCanceledError 57014"


async def test_a_session_that_takes_too_long_is_a_problem(hurried: Database) -> None:
    with pytest.raises(ServiceUnavailable, match="too long") as caught:
        async with hurried.read() as session:
            await session.execute(text(SLOW))
    assert str(caught.value.cause).endswith(" 57014")


async def test_a_value_that_cannot_be_sent_leaves_no_statement_open(
    opened_database: Database,
) -> None:
    """It would hold its locks, and its limit of time would end another's statement later on."""
    with pytest.raises(BadInput):
        await opened_database.fetch([("SELECT id FROM users WHERE id = $1", [2**70])])

    async with opened_database.read() as session:
        left = await session.execute(
            text(
                "SELECT query FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                "   AND xact_start IS NOT NULL"
            )
        )
    assert left.scalars().all() == []


async def test_a_value_that_postgresql_cannot_work_with_is_bad_input(
    opened_database: Database,
) -> None:
    with pytest.raises(BadInput):
        await opened_database.fetch([("SELECT 1 / $1::bigint", [0])])


async def test_several_statements_see_one_snapshot(opened_database: Database) -> None:
    statement: Statement = (
        "SELECT pg_current_snapshot()::text, current_setting('transaction_isolation')",
        [],
    )

    (first,), (second,) = await opened_database.fetch([statement, statement])

    assert tuple(first) == tuple(second)
    assert first[1] == "repeatable read"


@pytest.mark.parametrize(
    ("is_keyed", "mode"), [(True, "force_generic_plan"), (False, "force_custom_plan")]
)
async def test_only_statements_that_follow_keys_are_planned_once(
    opened_database: Database, is_keyed: bool, mode: str
) -> None:
    ((row,),) = await opened_database.fetch([("SHOW plan_cache_mode", [])], is_keyed=is_keyed)

    assert row[0] == mode


async def test_a_long_statement_is_prepared_once_for_each_connection(
    opened_database: Database,
) -> None:
    mark = "a long statement"
    long: Statement = (f"SELECT '{mark}{' ' * 40_000}' AS text", [])
    count = (
        f"SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%{mark}   %'"
        " AND statement NOT LIKE '%count%'"
    )

    *_, ((prepared,),) = await opened_database.fetch([long, long, (count, [])])

    assert prepared == 1


async def test_slow_readers_of_files_leave_room_for_queries(
    opened_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whalefall.db.COPY_WAIT_SECONDS", 0.1)
    taken, going_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_chunk: bytes) -> None:
        taken.release()
        await going_on.wait()

    def copy() -> asyncio.Task[None]:
        return asyncio.create_task(opened_database.copy(("SELECT 1", []), slow, header=False))

    copies = [copy() for _ in range(COPIES_AT_ONCE)]
    for _ in copies:
        await taken.acquire()

    async with asyncio.timeout(5):
        ((row,),) = await opened_database.fetch([("SELECT 1", [])])
        with pytest.raises(ServiceUnavailable):
            await copy()

    assert row[0] == 1
    going_on.set()
    await asyncio.gather(*copies)


async def test_fixed_statements_cannot_write(opened_database: Database) -> None:
    ((row,),) = await opened_database.fetch([("SHOW transaction_read_only", [])])

    assert row[0] == "on"
