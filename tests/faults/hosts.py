"""Servers that a test may kill and start again, on the same port and with the same data."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from tests.adapters.mysql.server import MySQLServer, administered
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.embedded import EmbeddedPostgres, running_postgres
from whalefall.embedded.mariadb import running_mariadb

CONNECTIONS = "20"


class PostgreSQLHost(PostgreSQLServer):
    """`kill` is a crash of the whole server, `stop` is not; `begin` starts it, also again."""

    state: Path
    postgres: EmbeddedPostgres
    _running: AsyncExitStack

    @classmethod
    @asynccontextmanager
    async def started(cls, state: Path) -> AsyncIterator["PostgreSQLHost"]:
        host = cls.__new__(cls)
        host.state = state
        await host.begin()
        try:
            yield host
        finally:
            await host._running.aclose()

    async def begin(self) -> None:
        self._running = AsyncExitStack()
        running = running_postgres(self.state, max_connections=CONNECTIONS)
        self.postgres = self._running.enter_context(running)
        self.url = self.postgres.superuser_url
        self.owner = await asyncpg.connect(self.url)
        self._running.callback(self.owner.terminate)

    async def kill(self) -> None:
        """As if the power had failed: nobody says goodbye."""
        await self._end(signal.SIGQUIT)

    async def stop(self) -> None:
        await self._end(signal.SIGINT)

    def refuse_newcomers(self) -> None:
        """A "smart" shutdown: who is in stays, who comes hears that it is shutting down."""
        os.kill(self.postgres.pid, signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        os.kill(self.postgres.pid, how)
        assert self.postgres.child is not None
        await asyncio.to_thread(self.postgres.child.wait)
        await self._running.aclose()


class MariaDBHost(MySQLServer):
    """The same of a MariaDB."""

    state: Path
    _running: AsyncExitStack

    @classmethod
    @asynccontextmanager
    async def started(cls, state: Path) -> AsyncIterator["MariaDBHost"]:
        host = cls.__new__(cls)
        host.state = state
        await host.begin()
        try:
            yield host
        finally:
            await host._running.aclose()

    async def begin(self) -> None:
        self._running = AsyncExitStack()
        self.mariadb = self._running.enter_context(running_mariadb(self.state))
        server = await self._running.enter_async_context(administered(self.mariadb))
        self.owner = server.owner

    async def kill(self) -> None:
        os.kill(self.mariadb.pid, signal.SIGKILL)
        await self.stop()

    async def stop(self) -> None:
        self.owner.close()
        await self._running.aclose()


Host = PostgreSQLHost | MariaDBHost
