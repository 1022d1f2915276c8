"""Our PostgreSQL. A session is a transaction: read() cannot write, write() commits at its end."""

import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NewType

import asyncpg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from whalefall.crypto import KeyRing
from whalefall.domain.targets import TargetPolicy
from whalefall.errors import ServiceUnavailable, said
from whalefall.feeds import Feeds
from whalefall.fetching import Fetcher, Pool, read_only_pool
from whalefall.fetching import Statement as Statement
from whalefall.notifications import Notifications
from whalefall.outages import OUTAGES
from whalefall.queue import PENDING_JOBS, Job
from whalefall.settings import Settings, SettingsError

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", AsyncSession)
Session = ReadSession | WriteSession
SendJob = Callable[[Job], Awaitable[None]]

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 5_000
LOCK_NOT_AVAILABLE = "55P03"
MIGRATE_ATTEMPTS, MIGRATE_WAIT_SECONDS = 30, 2
COPIES_AT_ONCE, COPY_WAIT_SECONDS = 4, 5  # for one of these
SETTINGS = {
    "application_name": "whalefall",
    "timezone": "UTC",
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": "60000",
    "jit": "off",
}
# Where rows are only followed by keys, planning is a third of the time and always ends the same.
# Where texts are searched, a plan made without the text can take thirty times as long.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
PLANNED_EACH_TIME = {"plan_cache_mode": "force_custom_plan"}
log = structlog.get_logger(__name__)


def plain_url(url: str) -> str:
    """The URL as libpq and asyncpg know it."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def sqlalchemy_url(url: str) -> str:
    """The URL as SQLAlchemy wants it: `postgresql://` alone would mean another driver."""
    return plain_url(url).replace("postgresql://", "postgresql+asyncpg://", 1)


def migrate(url: str) -> None:
    """Bring the schema to the newest revision, or leave it as it was.

    Blocking; safe from several hosts at once. A table that is in use is waited for so briefly that
    pages hardly notice, and many times. Raises ServiceUnavailable when it stays in use.
    """
    config = Config(toml_file=PROJECT)
    config.attributes["url"] = url
    for _ in range(MIGRATE_ATTEMPTS):
        try:
            command.upgrade(config, "head")
            return
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            log.warning("migrate.table_in_use")
            time.sleep(MIGRATE_WAIT_SECONDS)
    raise ServiceUnavailable(
        said("A table of WhaleFall's stays in use, so nothing was changed."),
        hint=said(
            "Is a dump of its database running? Wait for its end, or stop it, and migrate again."
        ),
    )


class Database:
    """SQLAlchemy sessions for operations, a read-only asyncpg pool for COPY, one LISTEN connection.

    Beside it stands what else an installation is made of: its settings, the ring of credential
    keys, the policy for targets. `send` hands a job to the broker; it is called after the commit
    of the session that queued it.
    """

    def __init__(
        self,
        settings: Settings,
        keys: KeyRing,
        *,
        send: SendJob | None = None,
        pool_size: int = 10,
    ) -> None:
        self.settings, self.keys = settings, keys
        self.target_policy = _policy(settings)
        url = settings.database_url
        self._url = plain_url(url)
        self.engine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            hide_parameters=True,  # values of people and servers stay out of logged errors
            connect_args={"server_settings": SETTINGS, "timeout": 5},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._send = send
        self._version = 0
        self._fetcher: Fetcher
        self._keyed_fetcher: Fetcher
        self._copy_pool: Pool  # who reads a file slowly holds a connection all the while
        self.notifications = Notifications(self._url)
        self.feeds = Feeds(self.notifications)

    @classmethod
    def of(cls, settings: Settings, *, send: SendJob | None = None) -> "Database":
        """The database of an installation. Raises SettingsError."""
        return cls(settings, KeyRing.from_text(settings.secret_keys), send=send)

    async def open(self) -> None:
        """Make the read-only pools. Sessions connect by themselves when first used."""
        self._fetcher = Fetcher(await self._read_only_pool(PLANNED_EACH_TIME))
        self._keyed_fetcher = Fetcher(await self._read_only_pool(PLANNED_ONCE))
        self._copy_pool = await self._read_only_pool(PLANNED_EACH_TIME, max_size=COPIES_AT_ONCE)

    async def _read_only_pool(self, planning: Mapping[str, str], **options: int) -> Pool:
        return await read_only_pool(self._url, {**SETTINGS, **planning}, **options)

    async def close(self) -> None:
        await self.feeds.close()
        await self.notifications.close()
        await self._fetcher.close()
        await self._keyed_fetcher.close()
        await self._copy_pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A READ ONLY transaction. Raises ServiceUnavailable when the database is away."""
        with OUTAGES:
            async with self._sessions() as session, session.begin():
                await session.connection(execution_options={"postgresql_readonly": True})
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        """A transaction that commits when the block ends well; queued jobs are sent after that."""
        with OUTAGES:
            async with self._sessions() as session:
                async with session.begin():
                    yield WriteSession(session)
                await self._send_jobs(session.info.pop(PENDING_JOBS, ()))

    async def fetch(
        self, statements: Sequence[Statement], *, is_keyed: bool = False
    ) -> list[list[asyncpg.Record]]:
        """The rows of fixed statements; more than one share a snapshot.

        `is_keyed` statements only follow keys, so one plan of PostgreSQL's fits all their values.
        Raises ServiceUnavailable, and BadInput where PostgreSQL cannot work with a value.
        """
        if not statements:
            return []
        with OUTAGES:
            fetcher = self._keyed_fetcher if is_keyed else self._fetcher
            return await fetcher.fetch(statements)

    async def version(self) -> int:
        """The major version of our PostgreSQL, as it was first found. Raises ServiceUnavailable."""
        if not self._version:
            with OUTAGES:
                self._version = await self._fetcher.server_version()
        return self._version

    async def copy(
        self,
        statement: Statement,
        write: Callable[[bytes], Coroutine[Any, Any, None]],
        *,
        header: bool,
    ) -> None:
        """Send the statement's rows as CSV, chunk by chunk, as fast as `write` takes them.

        Raises ServiceUnavailable, also when too many others are at it.
        """
        sql, values = statement
        with OUTAGES:
            acquiring = self._copy_pool.acquire(timeout=COPY_WAIT_SECONDS)
            async with acquiring as connection, connection.transaction(readonly=True):
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.copy_from_query(
                    sql, *values, output=write, format="csv", header=header
                )

    async def _send_jobs(self, jobs: Iterable[Job]) -> None:
        """What cannot be sent is sent by the scheduler: its record is committed. After one that
        cannot, the others are left to it too: each might wait as long."""
        for job in jobs:
            if self._send is None:
                return
            try:
                await self._send(job)
            except OSError as error:
                log.warning("job.not_sent", job=job.name, ids=job.ids, error=type(error).__name__)
                return


async def copy_rows(
    session: WriteSession, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY rows into a table inside the session's transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver: asyncpg.Connection | None = raw.driver_connection
    assert driver is not None  # noqa: S101 (a live session has one)
    await driver.copy_records_to_table(table, records=rows, columns=columns)


async def notify(session: WriteSession, channel: str, payload: str) -> None:
    """NOTIFY when the session commits."""
    await session.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )


def _policy(settings: Settings) -> TargetPolicy:
    try:
        return TargetPolicy.parse(settings.targets_allow)
    except ValueError as error:
        raise SettingsError("WHALEFALL_TARGETS_ALLOW must be CIDR or CIDR:port") from error
