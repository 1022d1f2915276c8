"""Opening and closing one session on a PostgreSQL server."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Sequence

import asyncpg

from whalefall.adapters.base import Limits, Target
from whalefall.adapters.postgresql import privileges
from whalefall.adapters.postgresql.dialing import Connection, login
from whalefall.adapters.postgresql.errors import DRIVER_ERRORS, is_refused_by_hba, problem_of
from whalefall.adapters.postgresql.session import PostgreSQLSession, server_fact
from whalefall.adapters.postgresql.sql import HELLO, quoted, text
from whalefall.adapters.postgresql.tls import context_for
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import AccountScript
from whalefall.domain.tls import TlsMode
from whalefall.errors import Code, TargetProblem, said

CLOSING_SECONDS = 2  # for a goodbye, and for a cancelled statement to stop on the server


class PostgreSQLAdapter:
    engine = Engine("POSTGRESQL")

    @contextlib.asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[PostgreSQLSession]:
        name = database or target.database or ENGINES[self.engine].default_database
        mode = target.tls.mode
        started = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(limits.connect_seconds):
                    connection = await _open(target, limits, name)
                    stack.push_async_callback(_close, connection)
                    [hello] = await connection.fetch(HELLO)
                latency_ms = round((time.monotonic() - started) * 1000)
                server = server_fact(
                    hello["banner"], hello["version"], hello["number"], latency_ms=latency_ms
                )
            except asyncpg.InsufficientPrivilegeError as error:
                raise _kept_out(name, target.username) from error
            except DRIVER_ERRORS as error:
                raise problem_of(error, mode) from error
            yield PostgreSQLSession(connection, mode, text(hello["database"]), server)

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        return privileges.account_script(username, databases)


def _kept_out(database: str, username: str) -> TargetProblem:
    grant = f"GRANT CONNECT ON DATABASE {quoted(database)} TO {quoted(username)};"
    return TargetProblem(
        said("The account may not connect to the database %(name)s.", name=database),
        code=Code.TARGET_PERMISSION_DENIED,
        hint=said("Let its owner run: %(statement)s", statement=grant),
    )


async def _open(target: Target, limits: Limits, database: str) -> Connection:
    """PREFER falls back to plain where TLS itself fails, never because of a wrong password."""
    if target.tls.mode is TlsMode.DISABLE:
        return await login(target, limits, database, None)
    context = context_for(target.tls, target.host)
    try:
        return await login(target, limits, database, context)
    except DRIVER_ERRORS as error:
        is_about_tls = isinstance(error, ssl.SSLError) or is_refused_by_hba(error)
        if target.tls.mode is not TlsMode.PREFER or not is_about_tls:
            raise
    return await login(target, limits, database, None)


async def _close(connection: Connection) -> None:
    """Say goodbye, after a cancelled statement has stopped on the server; else drop the socket."""
    with contextlib.suppress(*DRIVER_ERRORS):
        await connection.close(timeout=CLOSING_SECONDS)
