"""Connecting to MySQL and MariaDB, and leaving again."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from whalefall.adapters.base import Limits, Target
from whalefall.adapters.mysql import privileges
from whalefall.adapters.mysql.dialect import Dialect, dialect_of
from whalefall.adapters.mysql.problems import driver_problems
from whalefall.adapters.mysql.session import MySQLSession
from whalefall.adapters.mysql.wire import Wire
from whalefall.domain.engines import Engine
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript
from whalefall.errors import TargetProblem

INTRODUCTION = "SELECT VERSION(), @@version_comment, CONNECTION_ID()"
KILL_SECONDS = 2.0
LEAVE_SECONDS = 1.0


class MySQLAdapter:
    """MySQL 5.7 and newer, MariaDB 10.3 and newer."""

    engine = Engine("MYSQL")

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[MySQLSession]:
        """A read-only session; a schema is no more than its default, all can be read from it."""
        started = time.monotonic()
        wire: Wire | None = None
        try:
            with driver_problems():
                async with asyncio.timeout(limits.connect_seconds):
                    wire = Wire(target, database or target.database)
                    await wire.open()
                    ((banner, comment, number),) = await wire.rows(INTRODUCTION)
                    dialect = dialect_of(banner, comment)
                    server = _server_fact(dialect, started)
                    await wire.rows("SET SESSION TRANSACTION READ ONLY")
                    await wire.rows(f"SET SESSION {', '.join(dialect.settings(limits))}")
            yield MySQLSession(wire, dialect, server, limits, partial(_kill, target, number))
            await _leave(wire)
        finally:
            if wire is not None:
                wire.close()

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        """The same on every version, and for all databases: grants on `*.*`."""
        name = username.replace("'", "''").replace("\\", "\\\\")
        return privileges.account_script(f"'{name}'@'%'")


def _server_fact(dialect: Dialect, started: float) -> ServerFact:
    return ServerFact(
        product=dialect.product,
        version=dialect.version,
        main_version=dialect.main_version,
        banner=dialect.banner,
        latency_ms=round((time.monotonic() - started) * 1000),
    )


async def _leave(wire: Wire) -> None:
    """Say goodbye, or the server logs an aborted connection."""
    with suppress(TargetProblem), driver_problems():
        async with asyncio.timeout(LEAVE_SECONDS):
            await wire.ensure_closed()


async def _kill(target: Target, number: int) -> None:
    """End our session `number` from a second one: the server notices a closed socket only when the
    statement is through. KILL without QUERY also ends a session that is stuck in sending."""
    with suppress(TargetProblem), driver_problems():
        async with asyncio.timeout(KILL_SECONDS):
            wire = Wire(target)
            try:
                await wire.open()
                await wire.rows(f"KILL {number:d}")
            finally:
                wire.close()
