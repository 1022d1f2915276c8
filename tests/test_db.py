"""Our database, from the side of who reads it: snapshots, plans, limits of time, bad values."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from whalefall.db import SETTINGS, Database, Statement
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
    with pytest.raises(ServiceUnavailable, match="too long"):
        await hurried.fetch([(SLOW, [])], is_keyed=is_keyed)


async def test_a_session_that_takes_too_long_is_a_problem(hurried: Database) -> None:
    with pytest.raises(ServiceUnavailable, match="too long"):
        async with hurried.read() as session:
            await session.execute(text(SLOW))


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


async def test_fixed_statements_cannot_write(opened_database: Database) -> None:
    ((row,),) = await opened_database.fetch([("SHOW transaction_read_only", [])])

    assert row[0] == "on"
