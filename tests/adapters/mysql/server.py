"""A private MariaDB in its administrator's hands; adapters come as accounts that the tests make."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiomysql

from whalefall.adapters.base import Target
from whalefall.adapters.mysql.wire import Rows
from whalefall.domain.engines import Engine
from whalefall.embedded.mariadb import MariaDB, running_mariadb

COLLECTOR = "collector"
COLLECTOR_GRANTS = "REFERENCES, PROCESS"  # all that README asks for, on *.*
PASSWORD = "pä55 'wörd' 鯨"  # survives only as UTF-8
_numbers = itertools.count(1)


async def _be_silent(_: object) -> None:
    """The driver would make Python warnings of the server's."""


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@asynccontextmanager
async def started(state: Path, *options: str) -> AsyncIterator["MySQLServer"]:
    """A server of one's own, for what cannot be done to the one that all tests share."""
    with running_mariadb(state, *options) as mariadb:
        async with administered(mariadb) as server:
            yield server


@asynccontextmanager
async def administered(mariadb: MariaDB) -> AsyncIterator["MySQLServer"]:
    owner = await aiomysql.connect(
        host=mariadb.host,
        port=mariadb.port,
        user=mariadb.username,
        password=mariadb.password,
        charset="utf8mb4",
        autocommit=True,
    )
    try:
        yield MySQLServer(mariadb, owner)
    finally:
        await owner.ensure_closed()


@dataclass
class MySQLServer:
    mariadb: MariaDB
    owner: aiomysql.Connection

    def target(self, username: str = COLLECTOR) -> Target:
        return Target(
            engine=Engine("MYSQL"),
            host="localhost",
            address=self.mariadb.host,
            port=self.mariadb.port,
            username=username,
            password=PASSWORD,
        )

    def admin(self) -> Target:
        mine = self.mariadb
        return replace(self.target(), username=mine.username, password=mine.password)

    async def execute(self, *statements: str) -> Rows:
        """Run statements as the administrator; the rows of the last."""
        async with self.owner.cursor() as cursor:
            cursor._show_warnings = _be_silent
            for statement in statements:
                await cursor.execute(statement)
            rows: Rows = await cursor.fetchall()
            return rows

    async def make_account(self, grants: str = "", *, on: str = "*.*", options: str = "") -> Target:
        """A new account with `grants` and nothing else."""
        name = f"account_{next(_numbers)}"
        await self.execute(
            f"CREATE USER {name} IDENTIFIED BY {self.owner.escape(PASSWORD)} {options}"
        )
        if grants:
            await self.execute(f"GRANT {grants} ON {on} TO {name}")
        return self.target(name)

    async def create_database(self, name: str) -> None:
        await self.execute(f"CREATE DATABASE {quoted(name)}")

    async def drop_database(self, name: str) -> None:
        await self.execute(f"DROP DATABASE {quoted(name)}")

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            table = f"{quoted(database)}.{quoted(name)}"
            await self.execute(f"CREATE TABLE {table} ENGINE=InnoDB SELECT 1 AS one")

    async def drop_table(self, database: str, name: str) -> None:
        await self.execute(f"DROP TABLE {quoted(database)}.{quoted(name)}")

    async def sessions(self) -> int:
        return await self._count(f"user <> '{self.mariadb.username}'")

    async def running(self) -> int:
        return await self._count("state = 'User sleep'")

    async def _count(self, condition: str) -> int:
        ((count,),) = await self.execute(
            f"SELECT COUNT(*) FROM information_schema.processlist"
            f" WHERE host LIKE '127.0.0.1:%' AND id <> CONNECTION_ID() AND {condition}"
        )
        assert isinstance(count, int)
        return count
