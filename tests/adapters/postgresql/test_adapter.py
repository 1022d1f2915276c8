"""The contract of an adapter on PostgreSQL, and how its sessions begin and end."""

import asyncio
from dataclasses import replace
from typing import ClassVar

import pytest

from tests.adapters.contract import QUICK, until
from tests.adapters.postgresql.server import PostgreSQLServer
from tests.adapters.wire_contract import WireContract
from whalefall.adapters.base import Adapter, Target, TargetSession
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.adapters.postgresql.session import PostgreSQLSession, server_fact
from whalefall.errors import ClosedDatabase, Code, TargetProblem

ADAPTER = PostgreSQLAdapter()


class TestContract(WireContract):
    adapter: ClassVar[Adapter] = ADAPTER
    product = "PostgreSQL"
    measures_one_by_one = True

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, PostgreSQLSession)
        await session.fetch("SELECT pg_sleep(60)")

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, PostgreSQLSession)
        await session.fetch("CREATE TABLE public.ours (id integer)")


async def refusal(target: Target, database: str | None = None) -> Code:
    with pytest.raises(TargetProblem) as caught:
        async with ADAPTER.connect(target, QUICK, database=database):
            pass
    assert caught.value.hint
    assert caught.value.__cause__ is not None
    return caught.value.problem_code


@pytest.mark.parametrize("options", ["LOGIN VALID UNTIL 'yesterday'", "NOLOGIN"])
async def test_expired_and_locked_roles_are_refused_as_accounts(
    server: PostgreSQLServer, options: str
) -> None:
    assert await refusal(await server.create_role(options)) is Code.AUTH_FAILED


async def test_connection_limit_of_a_role_is_told_apart(server: PostgreSQLServer) -> None:
    target = await server.create_role("LOGIN CONNECTION LIMIT 0")

    assert await refusal(target) is Code.TOO_MANY_CONNECTIONS


async def test_missing_connect_privilege_is_told_apart(
    server: PostgreSQLServer, database: str
) -> None:
    await server.owner.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")

    with pytest.raises(TargetProblem, match=f"connect to the database {database}") as caught:
        async with ADAPTER.connect(server.target(), QUICK, database=database):
            pass
    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED
    assert f'GRANT CONNECT ON DATABASE "{database}" TO ' in (caught.value.hint or "")


async def test_database_that_allows_no_connections_is_a_connection_error(
    server: PostgreSQLServer, database: str
) -> None:
    await server.owner.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")

    with pytest.raises(ClosedDatabase) as caught:
        async with ADAPTER.connect(server.target(), QUICK, database=database):
            pass
    assert caught.value.problem_code is Code.DATABASE_CONNECTION_ERROR


async def test_name_cut_short_by_the_server_is_not_taken_for_the_database(
    server: PostgreSQLServer,
) -> None:
    stored, asked = "d" * 63, "d" * 64
    await server.create_database(stored)

    async with ADAPTER.connect(server.target(), QUICK, database=asked) as session:
        with pytest.raises(TargetProblem) as caught:
            await session.table_sizes(asked)

    assert caught.value.problem_code is Code.DATABASE_NOT_FOUND
    await server.drop_database(stored)


async def test_session_ended_by_an_administrator_is_a_connection_error(
    server: PostgreSQLServer,
) -> None:
    async def is_running() -> bool:
        return await server.running() == 1

    async def wait_on_the_server() -> None:
        async with ADAPTER.connect(server.target(), QUICK) as session:
            await session.fetch("SELECT pg_sleep(60)")

    waiting = asyncio.create_task(wait_on_the_server())
    await until(is_running)
    await server.owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'"
    )

    with pytest.raises(TargetProblem) as caught:
        await waiting
    assert caught.value.problem_code is Code.DATABASE_CONNECTION_ERROR


async def test_session_settings_of_the_role_do_not_loosen_ours(server: PostgreSQLServer) -> None:
    target = await server.create_role()
    for setting in ("search_path = public", "default_transaction_read_only = off"):
        await server.owner.execute(f"ALTER ROLE {target.username} SET {setting}")

    async with ADAPTER.connect(target, QUICK) as session:
        [settings] = await session.fetch(
            "SELECT current_setting('search_path') AS path,"
            " current_setting('transaction_read_only') AS read_only,"
            " current_setting('statement_timeout') AS statement,"
            " current_setting('lock_timeout') AS lock"
        )

    assert dict(settings) == {
        "path": "pg_catalog",
        "read_only": "on",
        "statement": "20s",
        "lock": "500ms",
    }


async def test_unreachable_address_is_a_connection_error(server: PostgreSQLServer) -> None:
    target = replace(server.target(), address="::1")

    assert await refusal(target) is Code.DATABASE_CONNECTION_ERROR


@pytest.mark.parametrize(
    ("version", "number", "label", "main"),
    [
        ("18.6", 180006, "PostgreSQL 18.6", "18"),
        ("15.14 (Debian 15.14-0+deb12u1)", 150014, "PostgreSQL 15.14", "15"),
        ("17beta1", 170000, "PostgreSQL 17beta1", "17"),
        ("9.6.24", 90624, "PostgreSQL 9.6.24", "9.6"),
    ],
)
def test_version_is_what_people_call_it(version: str, number: int, label: str, main: str) -> None:
    banner = f"PostgreSQL {version} on x86_64-pc-linux-gnu, compiled by gcc 11.4.0"

    fact = server_fact(banner, version, number, latency_ms=3)

    assert (fact.version, fact.main_version, fact.banner) == (label, main, banner)


async def test_a_statement_ends_when_its_worker_is_gone(server: PostgreSQLServer) -> None:
    async def is_running() -> bool:
        return await server.running() == 1

    async def is_over() -> bool:
        return await server.sessions() == 0

    async with ADAPTER.connect(server.target(), QUICK) as session:
        collecting = asyncio.create_task(session.fetch("SELECT pg_sleep(60)"))
        await until(is_running)
        transport: asyncio.Transport = session._connection._transport  # type: ignore[attr-defined]
        transport.abort()  # as the kernel does for a process that was killed
        await asyncio.wait([collecting])

    assert collecting.exception() is not None
    await until(is_over)
