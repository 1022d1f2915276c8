"""The PostgreSQL adapter on a private server: the contract, and what only PostgreSQL has."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.adapters.contract import AdapterContract
from whalefall.adapters.base import APPLICATION_NAME, Adapter, Target, TargetSession
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.adapters.postgresql.session import Connection, PostgreSQLSession
from whalefall.domain.engines import Engine
from whalefall.embedded import EmbeddedPostgres

COLLECTOR = "collector"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class PostgreSQLServer:
    """The test run's server in its superuser's hands; adapters come as a plain role."""

    def __init__(self, url: str, owner: Connection, password: str) -> None:
        self.url = url
        self.owner = owner
        self.password = password

    @asynccontextmanager
    async def inside(self, database: str) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(self.url, database=database)
        try:
            yield connection
        finally:
            await connection.close()

    def target(self) -> Target:
        parts = urlsplit(self.url)
        return Target(
            engine=Engine("POSTGRESQL"),
            host=parts.hostname or "",
            address="127.0.0.1",
            port=parts.port or 0,
            username=COLLECTOR,
            password=self.password,
        )

    async def create_database(self, name: str) -> None:
        await self.owner.execute(f"CREATE DATABASE {quoted(name)} TEMPLATE template0")

    async def drop_database(self, name: str) -> None:
        await self.owner.execute(f"DROP DATABASE {quoted(name)} (FORCE)")

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        async with self.inside(database) as owner:
            for name in names:
                await owner.execute(f"CREATE TABLE {quoted(name)} AS SELECT 1 AS one")

    async def drop_table(self, database: str, name: str) -> None:
        async with self.inside(database) as owner:
            await owner.execute(f"DROP TABLE {quoted(name)}")

    async def sessions(self) -> int:
        return await self._count("true")

    async def running(self) -> int:
        return await self._count("state = 'active' AND query NOT LIKE '%version()%'")

    async def _count(self, condition: str) -> int:
        count = await self.owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND application_name = $2"
            f" AND {condition}",
            COLLECTOR,
            APPLICATION_NAME,
        )
        assert isinstance(count, int)
        return count


@pytest.fixture(scope="module")
async def server(postgres: EmbeddedPostgres) -> AsyncIterator[PostgreSQLServer]:
    owner = await asyncpg.connect(postgres.superuser_url)
    password = secrets.token_urlsafe()
    await owner.execute(f"CREATE ROLE {COLLECTOR} LOGIN PASSWORD '{password}' IN ROLE pg_monitor")
    yield PostgreSQLServer(postgres.superuser_url, owner, password)
    await owner.execute(f"DROP ROLE {COLLECTOR}")
    await owner.close()


class TestContract(AdapterContract):
    adapter: ClassVar[Adapter] = PostgreSQLAdapter()
    product = "PostgreSQL"

    async def run_for_a_minute(self, session: TargetSession) -> None:
        assert isinstance(session, PostgreSQLSession)
        await session.fetch("SELECT pg_sleep(60)")

    async def write(self, session: TargetSession, database: str) -> None:
        assert isinstance(session, PostgreSQLSession)
        await session.fetch("CREATE TABLE public.ours (id integer)")
