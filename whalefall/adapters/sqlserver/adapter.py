"""Connecting to SQL Server, and leaving again."""

import asyncio
import math
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from whalefall.adapters.base import Limits, Target
from whalefall.adapters.sqlserver import driver, privileges, sql
from whalefall.adapters.sqlserver.problems import driver_problems
from whalefall.adapters.sqlserver.session import SQLServerSession
from whalefall.adapters.sqlserver.thread import DriverThread
from whalefall.domain.engines import Engine
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript

YEARS = {11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}
NEWEST = max(YEARS)


class SQLServerAdapter:
    """SQL Server 2016 and newer, through Microsoft's ODBC driver or FreeTDS."""

    engine = Engine("SQLSERVER")

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[SQLServerSession]:
        """A session that has entered `database`, or begins where the target does.

        The driver blocks, so it has a thread of its own. What does not answer in time is left to
        it: the thread ends when the driver does.
        """
        started = time.monotonic()
        odbc = driver.load()
        text = driver.connection_string(driver.choose(odbc.drivers()), target)
        thread = DriverThread()
        opened: list[Any] = []

        def open_it() -> Any:
            seconds = max(1, math.ceil(limits.connect_seconds))
            connection = odbc.connect(text, timeout=seconds, autocommit=True)
            opened.append(connection)
            connection.timeout = max(1, math.ceil(limits.statement_seconds))
            return connection.cursor()

        try:
            with driver_problems():
                async with asyncio.timeout(limits.connect_seconds):
                    cursor = await thread.run(open_it)
                    reads_only = target.options.get("application_intent") == "READ_ONLY"
                    session = SQLServerSession(thread, cursor, limits, reads_only=reads_only)
                    await session.rows(sql.settings(limits))
                    (hello,) = await session.rows(sql.HELLO)
            session.server = _server_fact(hello["version"], hello["banner"], started)
            session.major = _major(hello["version"])
            if database is not None:
                await session.enter(database)
            yield session
        finally:
            thread.leave(lambda: _close(opened))

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


def _close(opened: list[Any]) -> None:
    """On the driver's thread, after whatever it is still at."""
    for connection in opened:
        with suppress(Exception):
            connection.close()
