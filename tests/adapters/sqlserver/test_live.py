"""The contract on a real SQL Server, where WHALEFALL_TEST_SQLSERVER_DSN names one.

It makes and drops databases called contract_…: for a server that nobody needs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.live import Live
from tests.adapters.wire_contract import WireContract
from whalefall.adapters.base import APPLICATION_NAME, Target, TargetSession
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.adapters.sqlserver.driver import choose, connection_string, load
from whalefall.adapters.sqlserver.session import SQLServerSession
from whalefall.adapters.sqlserver.sql import quoted
from whalefall.domain.engines import Engine

LIVE = Live.of("WHALEFALL_TEST_SQLSERVER_DSN", Engine("SQLSERVER"))
OURS = f"program_name = '{APPLICATION_NAME}' AND session_id <> @@SPID"
# Billions of rows of a join that nothing can shorten.
SLOW = (
    "SELECT COUNT_BIG(*) AS rows FROM sys.all_columns AS a, sys.all_columns AS b, sys.all_columns"
)


@dataclass
class LiveSQLServer:
    """The server in its owner's hands."""

    owner: Any

    def target(self) -> Target:
        assert LIVE is not None
        return LIVE.target

    async def create_database(self, name: str) -> None:
        await self._run(f"CREATE DATABASE {quoted(name)}")

    async def drop_database(self, name: str) -> None:
        await self._run(f"DROP DATABASE {quoted(name)}")

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            await self._run(f"SELECT 1 AS one INTO {quoted(database)}.dbo.{quoted(name)}")

    async def drop_table(self, database: str, name: str) -> None:
        await self._run(f"DROP TABLE {quoted(database)}.dbo.{quoted(name)}")

    async def sessions(self) -> int:
        return await self._count(f"SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE {OURS}")

    async def running(self) -> int:
        return await self._count(
            f"SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE {OURS} AND status <> 'sleeping'"
        )

    async def _run(self, statement: str) -> None:
        await asyncio.to_thread(self.owner.execute, statement)

    async def _count(self, statement: str) -> int:
        return int(await asyncio.to_thread(lambda: self.owner.execute(statement).fetchval()))


if LIVE is not None:

    @pytest.fixture
    async def server() -> LiveSQLServer:
        assert LIVE is not None
        odbc, target = load(), LIVE.target
        text = connection_string(choose(odbc.drivers()), target, target.address, target.port)
        text = text.replace(f"APP={{{APPLICATION_NAME}}}", "APP={tests}")
        return LiveSQLServer(odbc.connect(text, timeout=10, autocommit=True))

    class TestLive(WireContract):
        adapter = SQLServerAdapter()
        product = "SQL Server"

        async def run_for_a_minute(self, session: TargetSession) -> None:
            assert isinstance(session, SQLServerSession)
            await session.rows(SLOW)

        async def write(self, session: TargetSession, database: str) -> None:
            assert isinstance(session, SQLServerSession)
            await session.rows("CREATE TABLE written (id int)")
