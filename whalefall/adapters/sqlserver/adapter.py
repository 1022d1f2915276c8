"""Connecting to SQL Server, and leaving again."""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from types import ModuleType
from typing import Any

from whalefall.adapters.base import Limits, Target
from whalefall.adapters.relay import everything, relayed
from whalefall.adapters.sqlserver import driver, privileges, sql
from whalefall.adapters.sqlserver.problems import driver_problems
from whalefall.adapters.sqlserver.session import SQLServerSession
from whalefall.adapters.sqlserver.thread import DriverThread
from whalefall.domain.engines import Engine
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript

YEARS = {11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}
NEWEST = max(YEARS)
LEAVE_SECONDS = 1.0


class SQLServerAdapter:
    """SQL Server 2016 and newer, through Microsoft's ODBC driver or FreeTDS."""

    engine = Engine("SQLSERVER")

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[SQLServerSession]:
        """A session that has entered `database`, or begins where the target does.

        The driver blocks, so it has a thread of its own, and a relay by which its socket can be
        taken from it.
        """
        started = time.monotonic()
        odbc = driver.load()
        name = driver.choose(odbc.drivers())
        async with AsyncExitStack() as stack:
            with driver_problems():
                async with asyncio.timeout(limits.connect_seconds):
                    relay = await stack.enter_async_context(
                        relayed(target.address, target.port, everything)
                    )
                    text = driver.connection_string(name, target, relay.host, relay.port)
                    thread = DriverThread()
                    stack.push_async_callback(_leave, thread)
                    opening = partial(_open, odbc, text, limits, thread)
                    cursor = await thread.run(opening)
                    reads_only = target.options.get("application_intent") == "READ_ONLY"
                    session = SQLServerSession(
                        thread, cursor, relay.close, limits, reads_only=reads_only
                    )
                    await session.rows(sql.settings(limits))
                    (hello,) = await session.rows(sql.HELLO)
            session.server = _server_fact(hello["version"], hello["banner"], started)
            session.major = _major(hello["version"])
            if database is not None:
                await session.enter(database)
            yield session

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        """For all databases: the permissions are the server's."""
        known = {year: major for major, year in YEARS.items()}
        major = known.get(server.main_version, NEWEST) if server else NEWEST
        return privileges.account_script(username, major)


def _server_fact(version: str, banner: str, started: float) -> ServerFact:
    main_version = YEARS.get(_major(version), version.split(".")[0])
    return ServerFact(
        product="SQL Server",
        version=f"SQL Server {main_version} ({version})",
        main_version=main_version,
        banner=banner,
        latency_ms=round((time.monotonic() - started) * 1000),
    )


def _major(version: str) -> int:
    found = re.match(r"\d+", version or "")
    return int(found[0]) if found else 0


def _open(odbc: ModuleType, text: str, limits: Limits, thread: DriverThread) -> Any:
    """On the driver's thread."""
    seconds = max(1, math.ceil(limits.connect_seconds))
    connection = odbc.connect(text, timeout=seconds, autocommit=True)
    thread.at_the_end(connection.close)
    connection.timeout = max(1, math.ceil(limits.statement_seconds))
    return connection.cursor()


async def _leave(thread: DriverThread) -> None:
    """Say goodbye, if the driver can; what it is still at is ended by closing the relay."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await thread.leave()
