"""One connection of the driver's: statements in, rows as mappings out, everything bounded."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import oracledb

from whalefall.adapters.base import APPLICATION_NAME, Limits, Target
from whalefall.adapters.oracle import tls
from whalefall.adapters.oracle.guard import Frames
from whalefall.adapters.oracle.problems import driver_problems, problem
from whalefall.adapters.relay import everything, relayed
from whalefall.errors import Code, Problem, Unsupported, said

FETCHED_AT_ONCE = 5_000
MOST_ROWS = 5_000_000
GRACE_SECONDS = 1.0  # the driver's own limit comes first and leaves the session usable
CLOSING_SECONDS = 2.0
READS = ("SELECT", "SET TRANSACTION READ ONLY")
Row = Mapping[str, Any]


class Cursor(Protocol):
    """What is used of the driver's cursor."""

    arraysize: int
    description: Sequence[Sequence[Any]] | None

    async def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> Any: ...
    async def fetchmany(self, size: int) -> Sequence[Sequence[Any]]: ...
    def close(self) -> None: ...


class Connection(Protocol):
    """What is used of the driver's connection."""

    version: str
    call_timeout: int

    def cursor(self) -> Cursor: ...
    def cancel(self) -> None: ...
    async def close(self) -> None: ...


Dial = Callable[[Target, Limits], AbstractAsyncContextManager[Connection]]


@contextlib.asynccontextmanager
async def dial(target: Target, limits: Limits) -> AsyncIterator[Connection]:
    """A connection of oracledb's thin mode, by service name or by SID, through our relay."""
    named = "sid" if target.options.get("name_kind") == "SID" else "service_name"
    encryption = tls.parameters(target)
    frames = Frames()
    look = frames.are_sound if encryption["protocol"] == "tcp" else everything
    async with relayed(target.address, target.port, look) as relay:
        try:
            connection: Any = await oracledb.connect_async(
                user=target.username,
                password=target.password,
                host=relay.host,
                port=relay.port,
                tcp_connect_timeout=limits.connect_seconds,
                retry_count=0,
                program=APPLICATION_NAME,
                **{named: target.database},
                **encryption,
            )
        except oracledb.Error as error:
            if frames.redirects:
                raise _redirected() from error
            raise
        yield connection


def _redirected() -> Problem:
    return Unsupported(
        said("The listener sends us on to another address, where nobody asked us to go."),
        hint=said("Enter the address of the database's own listener."),
    )


class Wire:
    """Reads over one connection; what is not reading is refused before it is sent."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._seconds = limits.statement_seconds + GRACE_SECONDS
        connection.call_timeout = max(1, math.ceil(limits.statement_seconds * 1000))

    @property
    def version(self) -> str:
        return self._connection.version

    async def rows(self, statement: str, **values: object) -> list[Row]:
        """The rows of a statement, by lower-case column; when it is given up, the server gives it
        up too."""
        if not statement.lstrip().upper().startswith(READS):
            raise problem(Code.TARGET_PERMISSION_DENIED, said("Sessions of WhaleFall only read."))
        with driver_problems():
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._fetch(statement, values)
            except (asyncio.CancelledError, TimeoutError):
                with contextlib.suppress(oracledb.Error, OSError):
                    self._connection.cancel()
                raise

    async def close(self) -> None:
        """Say goodbye, or drop the connection."""
        with contextlib.suppress(oracledb.Error, OSError, TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self._connection.close()

    async def _fetch(self, statement: str, values: Mapping[str, object]) -> list[Row]:
        cursor = self._connection.cursor()
        cursor.arraysize = FETCHED_AT_ONCE
        await cursor.execute(statement, values)
        if cursor.description is None:
            return []
        names = [str(column[0]).lower() for column in cursor.description]
        found: list[Row] = []
        while batch := await cursor.fetchmany(FETCHED_AT_ONCE):
            found += (dict(zip(names, row, strict=True)) for row in batch)
            if len(found) > MOST_ROWS:
                raise ValueError("more rows than any catalog has")
        cursor.close()
        return found
