"""Customers' servers with very many tables, made for one run and removed after it."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import asyncpg

from tests.adapters.mysql.server import COLLECTOR_GRANTS, MySQLServer, administered
from whalefall.domain.engines import Engine
from whalefall.embedded import running_postgres
from whalefall.embedded.mariadb import running_mariadb

NEEDED_BYTES = 6 * 2**30
DATABASE, COLLECTOR, PASSWORD = "archive", "collector", "only for this one run"
TABLE = "one_of_many_"
AT_ONCE = 500  # tables of a transaction: each holds a lock until it ends


class LargeTarget(ABC):
    """A server in its owner's hands; the account that collects is `COLLECTOR`."""

    engine: ClassVar[Engine]
    tables: ClassVar[int]
    port: int

    @abstractmethod
    async def fill(self) -> None:
        """Make the database with its tables, and the account."""

    @abstractmethod
    async def sessions(self) -> int:
        """How many sessions of the account there are now."""

    @abstractmethod
    async def lock_everything(self) -> None:
        """Take what no lock of anybody else may stand against, at once, and give it back."""


class LargePostgreSQL(LargeTarget):
    engine = Engine("POSTGRESQL")
    tables = 100_000

    def __init__(self, url: str, port: int, owner: asyncpg.Connection) -> None:
        self.port = port
        self._url, self._owner = url, owner

    async def fill(self) -> None:
        await self._owner.execute(f"CREATE DATABASE {DATABASE}")
        await self._owner.execute(f"CREATE ROLE {COLLECTOR} LOGIN PASSWORD '{PASSWORD}'")
        await self._owner.execute(f"GRANT pg_monitor TO {COLLECTOR}")
        inside = await asyncpg.connect(self._url, database=DATABASE)
        await inside.execute(f"""
            DO $$ BEGIN
                FOR number IN 1..{self.tables} LOOP
                    EXECUTE 'CREATE TABLE {TABLE}' || number || ' (id bigint PRIMARY KEY)';
                    IF number % {AT_ONCE} = 0 THEN COMMIT; END IF;
                END LOOP;
            END $$
        """)
        await inside.close()

    async def sessions(self) -> int:
        count = await self._owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", COLLECTOR
        )
        assert isinstance(count, int)
        return count

    async def lock_everything(self) -> None:
        locks = await self._owner.fetchval(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE usename = $1",
            COLLECTOR,
        )
        assert locks == 0
        inside = await asyncpg.connect(self._url, database=DATABASE)
        async with inside.transaction():
            for number in (1, self.tables):
                await inside.execute(f"LOCK TABLE {TABLE}{number} IN ACCESS EXCLUSIVE MODE NOWAIT")
        await inside.close()


class LargeMariaDB(LargeTarget):
    engine = Engine("MYSQL")
    tables = 20_000

    def __init__(self, server: MySQLServer) -> None:
        self.port = server.mariadb.port
        self._server = server

    async def fill(self) -> None:
        execute = self._server.execute
        await execute(
            f"CREATE DATABASE {DATABASE}",
            f"CREATE USER {COLLECTOR} IDENTIFIED BY '{PASSWORD}'",
            f"GRANT {COLLECTOR_GRANTS} ON *.* TO {COLLECTOR}",
        )
        columns = "(id bigint PRIMARY KEY, note varchar(100), KEY (note))"
        for number in range(1, self.tables + 1):
            await execute(f"CREATE TABLE {DATABASE}.{TABLE}{number} {columns} ENGINE=InnoDB")

    async def sessions(self) -> int:
        ((count,),) = await self._server.execute(
            f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{COLLECTOR}'"
        )
        assert isinstance(count, int)
        return count

    async def lock_everything(self) -> None:
        await self._server.execute(
            "SET SESSION lock_wait_timeout = 1", "FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES"
        )


@asynccontextmanager
async def large_postgresql(state: Path) -> AsyncIterator[LargeTarget]:
    with running_postgres(state, shared_buffers="256MB", max_wal_size="4GB") as postgres:
        owner = await asyncpg.connect(postgres.superuser_url)
        yield LargePostgreSQL(postgres.superuser_url, postgres.port, owner)
        await owner.close()


@asynccontextmanager
async def large_mariadb(state: Path) -> AsyncIterator[LargeTarget]:
    with running_mariadb(state, "--innodb-buffer-pool-size=128M") as mariadb:
        async with administered(mariadb) as server:
            yield LargeMariaDB(server)


TARGETS = {"PostgreSQL": large_postgresql, "MariaDB": large_mariadb}


@asynccontextmanager
async def filled(name: str, state: Path) -> AsyncIterator[LargeTarget]:
    """A large server of this name below `state`, which is gone afterwards.

    Raises OSError beforehand when the disk has no room for it.
    """
    free = shutil.disk_usage(state.parent).free
    if free < NEEDED_BYTES:
        raise OSError(f"{free / 2**30:.1f} GiB are free, {NEEDED_BYTES / 2**30:.0f} are needed")
    try:
        async with TARGETS[name](state) as target:
            await target.fill()
            yield target
    finally:
        shutil.rmtree(state, ignore_errors=True)
