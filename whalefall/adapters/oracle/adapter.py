"""Connecting to Oracle, and leaving again."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from whalefall.adapters.base import Limits, Target
from whalefall.adapters.oracle import privileges, sql, wire
from whalefall.adapters.oracle.problems import driver_problems
from whalefall.adapters.oracle.session import OracleSession
from whalefall.adapters.oracle.wire import Dial, Wire
from whalefall.domain.engines import Engine
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript

READ_ONLY = "SET TRANSACTION READ ONLY"


class OracleAdapter:
    """Oracle 12.1 and newer, through the driver's thin mode. `dial` makes its connections."""

    engine = Engine("ORACLE")

    def __init__(self, dial: Dial = wire.dial) -> None:
        self._dial = dial

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[OracleSession]:
        """A session in the container that the target's service leads to.

        `database` is a tablespace: it has to be there. The driver's own limits do not hold against
        a listener that accepts and says nothing; ours closes the socket.
        """
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            with driver_problems():
                async with asyncio.timeout(limits.connect_seconds):
                    dialled = await stack.enter_async_context(self._dial(target, limits))
                    line = Wire(dialled, limits)
                    stack.push_async_callback(line.close)
                    await line.rows(READ_ONLY)
                    (context,) = await line.rows(sql.CONTEXT)
            server = _server_fact(line.version, started)
            session = OracleSession(line, server, str(context["con_name"] or ""))
            if database is not None:
                await session.require(database)
            yield session

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        """The same on every version, and for all tablespaces of a container."""
        return privileges.account_script(username)


def _server_fact(version: str, started: float) -> ServerFact:
    """`version` is "19.3.0.0.0"; 23 and later call themselves 23ai, 26ai."""
    return ServerFact(
        product="Oracle",
        version=f"Oracle {version}",
        main_version=version.split(".")[0],
        banner=f"Oracle Database {version}",
        latency_ms=round((time.monotonic() - started) * 1000),
    )
