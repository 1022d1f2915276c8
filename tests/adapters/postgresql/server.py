"""A private PostgreSQL in its superuser's hands; adapters come as roles that the tests make."""

import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from whalefall.adapters.base import APPLICATION_NAME, Target
from whalefall.adapters.postgresql.dialing import Connection
from whalefall.domain.engines import Engine

COLLECTOR = "collector"
PASSWORD = secrets.token_urlsafe()
_numbers = itertools.count(1)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class PostgreSQLServer:
    url: str
    owner: Connection

    def target(self, username: str = COLLECTOR) -> Target:
        return Target(
            engine=Engine("POSTGRESQL"),
            host="localhost",
            address="127.0.0.1",
            port=urlsplit(self.url).port or 0,
            username=username,
            password=PASSWORD,
        )

    async def create_role(self, options: str = "LOGIN") -> Target:
        """A new role that was granted nothing."""
        name = f"role_{next(_numbers)}"
        await self.owner.execute(f"CREATE ROLE {name} PASSWORD '{PASSWORD}' {options}")
        return self.target(name)

    @asynccontextmanager
    async def inside(self, database: str) -> AsyncIterator[Connection]:
        """The superuser in another database."""
        connection = await asyncpg.connect(self.url, database=database)
        try:
            yield connection
        finally:
            await connection.close()

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
        return await self._count("")

    async def running(self) -> int:
        return await self._count("AND state = 'active' AND query LIKE '%pg_sleep%'")

    async def _count(self, condition: str) -> int:
        """WhaleFall's own database may be on this server, too: the superuser's."""
        count = await self.owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            f" WHERE application_name = $1 AND usename <> current_user {condition}",
            APPLICATION_NAME,
        )
        assert isinstance(count, int)
        return count
