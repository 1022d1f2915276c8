"""Opening and closing one session on a PostgreSQL server."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from whalefall.adapters.base import APPLICATION_NAME, Limits, Target
from whalefall.adapters.postgresql.errors import DRIVER_ERRORS, is_refused_by_hba, problem_of
from whalefall.adapters.postgresql.session import Connection, PostgreSQLSession, server_fact
from whalefall.adapters.postgresql.sql import HELLO, text
from whalefall.adapters.postgresql.tls import context_for
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.tls import TlsMode

CLOSING_SECONDS = 2  # for a goodbye, and for a cancelled statement to stop on the server
GRACE_SECONDS = 5  # what a statement may take here beyond the server's own limit


class PostgreSQLAdapter:
    engine = Engine("POSTGRESQL")

    @contextlib.asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[PostgreSQLSession]:
        name = database or target.database or ENGINES[self.engine].default_database
        started = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(limits.connect_seconds):
                    connection = await _dial(target, limits, name)
                    stack.push_async_callback(_close, connection)
                    [hello] = await connection.fetch(HELLO)
            except DRIVER_ERRORS as error:
                raise problem_of(error, target.tls.mode) from error
            latency_ms = round((time.monotonic() - started) * 1000)
            yield PostgreSQLSession(
                connection, target.tls.mode, text(hello["database"]), server_fact(hello, latency_ms)
            )


async def _dial(target: Target, limits: Limits, database: str) -> Connection:
    """PREFER falls back to plain where TLS itself fails, never because of a wrong password."""
    if target.tls.mode is TlsMode.DISABLE:
        return await _login(target, limits, database, None)
    context = context_for(target.tls, target.host)
    try:
        return await _login(target, limits, database, context)
    except (ssl.SSLError, ConnectionError, asyncpg.PostgresError) as error:
        if target.tls.mode is not TlsMode.PREFER or not _is_about_tls(error):
            raise
    return await _login(target, limits, database, None)


def _is_about_tls(error: Exception) -> bool:
    """The driver says "no TLS here" by a bare ConnectionError; a broken socket has a subclass."""
    return (
        isinstance(error, ssl.SSLError)
        or type(error) is ConnectionError
        or is_refused_by_hba(error)
    )


async def _login(
    target: Target, limits: Limits, database: str, context: ssl.SSLContext | None
) -> Connection:
    """Every argument is given, for the driver would look in the environment for what is not."""
    return await asyncpg.connect(
        host=target.address,
        port=target.port,
        user=target.username,
        password=target.password,
        database=database,
        ssl=False if context is None else context,
        direct_tls=False,
        target_session_attrs=SessionAttribute.any,
        timeout=limits.connect_seconds,
        command_timeout=limits.statement_seconds + GRACE_SECONDS,
        statement_cache_size=0,  # poolers between us and the server lose prepared statements
        server_settings={
            "application_name": APPLICATION_NAME,
            "default_transaction_read_only": "on",
            "statement_timeout": str(round(limits.statement_seconds * 1000)),
            "lock_timeout": str(round(limits.lock_seconds * 1000)),
            "search_path": "pg_catalog",
        },
    )


async def _close(connection: Connection) -> None:
    """Say goodbye, after a cancelled statement has stopped on the server; else drop the socket."""
    with contextlib.suppress(*DRIVER_ERRORS):
        await connection.close(timeout=CLOSING_SECONDS)
