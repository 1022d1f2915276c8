"""The contract of an adapter on MariaDB, and how its sessions begin and end."""

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.adapters.contract import HOSTILE_NAMES, QUICK, until
from tests.adapters.mysql.making import TableBeingMade
from tests.adapters.mysql.server import MySQLServer, quoted
from tests.adapters.wire_contract import WireContract
from whalefall.adapters.base import Adapter, Target, TargetSession
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.mysql.session import MySQLSession
from whalefall.domain.facts import Quality, SkipReason
from whalefall.errors import Code, TargetProblem


class TestContract(WireContract):
    adapter: ClassVar[Adapter] = MySQLAdapter()
    # Identifiers hold no characters outside of the basic plane.
    hostile_names = tuple(name for name in HOSTILE_NAMES if max(name) <= "\uffff")
    product = "MariaDB"
    measures_one_by_one = True

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, MySQLSession)
        await session.rows("SELECT SLEEP(60)")

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, MySQLSession)
        await session.rows(f"CREATE TABLE {quoted(database)}.ours (id INT)")


async def code_of_connecting(target: Target, *, database: str | None = None) -> Code:
    with pytest.raises(TargetProblem) as caught:
        async with MySQLAdapter().connect(target, QUICK, database=database):
            pass
    return caught.value.problem_code


async def test_session_of_an_administrator_cannot_write(server: MySQLServer, database: str) -> None:
    with pytest.raises(TargetProblem) as caught:
        async with MySQLAdapter().connect(server.admin(), QUICK) as session:
            await session.rows(f"CREATE TABLE {quoted(database)}.ours (id INT)")

    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.args[0] == 1792  # cannot execute in a READ ONLY transaction


async def test_session_runs_one_statement_at_a_time(server: MySQLServer) -> None:
    async with MySQLAdapter().connect(server.target(), QUICK) as session:
        with pytest.raises(TargetProblem) as caught:
            await session.rows("SELECT 1; SELECT 2")

    assert caught.value.problem_code is Code.DATABASE_QUERY_ERROR


async def test_locked_and_expired_accounts_are_refused(server: MySQLServer) -> None:
    locked = await server.make_account(options="ACCOUNT LOCK")
    expired = await server.make_account(options="PASSWORD EXPIRE")

    assert await code_of_connecting(locked) is Code.AUTH_FAILED
    assert await code_of_connecting(expired) is Code.AUTH_FAILED


async def test_account_without_rights_on_a_database_is_told_so(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account()

    code = await code_of_connecting(target, database=database)

    assert code is Code.TARGET_PERMISSION_DENIED


async def test_connection_limit_is_named(server: MySQLServer) -> None:
    target = await server.make_account(options="WITH MAX_USER_CONNECTIONS 1")

    async with MySQLAdapter().connect(target, QUICK):
        code = await code_of_connecting(target)

    assert code is Code.TOO_MANY_CONNECTIONS


async def test_cancelling_a_collection_that_waits_for_a_lock_leaves_no_session(
    server: MySQLServer, database: str
) -> None:
    patient = replace(QUICK, lock_seconds=60)

    async def collect() -> None:
        async with MySQLAdapter().connect(server.target(), patient) as session:
            await session.table_sizes(database)

    async def is_waiting() -> bool:
        ((count,),) = await server.execute(
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE user = 'collector' AND state LIKE '%metadata lock%'"
        )
        return bool(count)

    async def none_left() -> bool:
        return await server.sessions() == 0

    async with TableBeingMade(server, database):
        collection = asyncio.create_task(collect())
        await until(is_waiting)
        collection.cancel()
        with pytest.raises(asyncio.CancelledError):
            await collection
        await until(none_left)


async def test_locked_table_has_no_size_and_does_not_cost_the_others(
    server: MySQLServer, database: str
) -> None:
    await server.create_tables(database, ["free"])

    async with (
        TableBeingMade(server, database),
        MySQLAdapter().connect(server.target(), QUICK) as session,
    ):
        tables = await session.table_sizes(database)
        sizes = await session.database_sizes()

    facts = {fact.table_name: fact for fact in tables.items}
    assert (facts["free"].size_bytes or 0) > 0
    assert facts["in_the_making"].size_bytes is None
    assert facts["in_the_making"].quality is Quality.UNAVAILABLE
    assert facts["in_the_making"].reason is SkipReason.LOCKED
    whole = next(fact for fact in sizes.items if fact.name == database)
    assert whole.quality is Quality.PARTIAL
    assert whole.reason is SkipReason.LOCKED
