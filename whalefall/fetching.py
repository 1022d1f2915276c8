"""Rows of fixed statements over read-only connections, which stay at hand from one to the next."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg

from whalefall.errors import BadInput

Statement = tuple[str, Sequence[Any]]
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

FETCHES_AT_ONCE, FETCH_WAIT_SECONDS = 8, 5
CACHED_STATEMENT_BYTES = 128 * 1024  # asyncpg's own limit has nested lists planned each time anew


class _ReadOnlyConnection(asyncpg.Connection):
    """A connection that only reads, so nothing is to be reset but a statement left half-way.

    What is given up, or found to be wrong, between preparing and sending leaves PostgreSQL waiting
    for the rest, with its locks held and its limit of time running, which would end what comes
    next on this connection.
    """

    def get_reset_query(self) -> str:
        return "SELECT"


async def read_only_pool(
    url: str, settings: Mapping[str, str], max_size: int = FETCHES_AT_ONCE
) -> Pool:
    return await asyncpg.create_pool(
        url,
        min_size=0,
        max_size=max_size,
        timeout=5,
        statement_cache_size=100,  # each up to a megabyte in PostgreSQL
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=CACHED_STATEMENT_BYTES,
        connection_class=_ReadOnlyConnection,
        server_settings={**settings, "default_transaction_read_only": "on"},
    )


class Fetcher:
    """Fetches over a pool, and keeps what it borrowed for the next.

    The way back into asyncpg's pool is a task of its own, and the way out a proxy: a tenth of what
    a small query takes, and half of it while somebody waits. What ended badly goes back there,
    where it is cancelled and tidied up.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turns = asyncio.Semaphore(pool.get_max_size())
        self._at_hand: list[Connection] = []
        self._is_closing = False

    async def close(self) -> None:
        """Wait for what is under way, and close all connections."""
        self._is_closing = True
        while self._at_hand:
            await self._pool.release(self._at_hand.pop())
        await self._pool.close()

    async def server_version(self) -> int:
        """The major version of PostgreSQL."""
        connection = await self._take()
        version = int(connection.get_server_version().major)
        await self._give_back(connection, is_sound=True)
        return version

    async def fetch(self, statements: Sequence[Statement]) -> list[list[asyncpg.Record]]:
        """The rows of each; more than one share a snapshot.

        Raises BadInput where PostgreSQL cannot work with a value, TimeoutError when all
        connections stay in use.
        """
        connection = await self._take()
        is_sound = False
        try:
            found = await _fetch(connection, statements)
            is_sound = True
            return found
        finally:
            await self._give_back(connection, is_sound=is_sound)

    async def _take(self) -> Connection:
        if self._turns.locked():
            async with asyncio.timeout(FETCH_WAIT_SECONDS):
                await self._turns.acquire()
        else:
            await self._turns.acquire()
        try:
            while self._at_hand:
                connection = self._at_hand.pop()
                if _works(connection):
                    return connection
                await self._pool.release(connection)
            async with asyncio.timeout(FETCH_WAIT_SECONDS):
                return await self._pool.acquire()
        except BaseException:
            self._turns.release()
            raise

    async def _give_back(self, connection: Connection, *, is_sound: bool) -> None:
        try:
            if is_sound and not self._is_closing:
                self._at_hand.append(connection)
            else:
                await self._pool.release(connection)
        finally:
            self._turns.release()


def _works(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # its end was noticed: the pool has taken it back by itself
        return False


async def _fetch(
    connection: Connection, statements: Sequence[Statement]
) -> list[list[asyncpg.Record]]:
    try:
        if len(statements) == 1:
            ((sql, values),) = statements
            return [await connection.fetch(sql, *values)]
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [await connection.fetch(sql, *values) for sql, values in statements]
    except asyncpg.DataError as error:
        raise BadInput("PostgreSQL cannot work with a value of this request.") from error
