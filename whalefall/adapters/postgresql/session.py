"""One session on a PostgreSQL server: its databases, their sizes, its tables."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import asyncpg

from whalefall.adapters.postgresql.dialing import Connection
from whalefall.adapters.postgresql.errors import DRIVER_ERRORS, problem_of
from whalefall.adapters.postgresql.privileges import check_privileges
from whalefall.adapters.postgresql.reconciliation import reconciled
from whalefall.adapters.postgresql.sql import DATABASE_SIZES, INVENTORY, quoted, text
from whalefall.adapters.postgresql.tables import collect_tables
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    ServerFact,
    Skipped,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import PrivilegeCheck
from whalefall.domain.sizes import Bytes
from whalefall.domain.tls import TlsMode
from whalefall.errors import Code, TargetProblem

# What cloud providers keep for themselves: pg_hba.conf lets nobody else in, whatever is granted.
PROVIDERS = (
    "rdsadmin",
    "azure_maintenance",
    "azure_sys",
    "cloudsqladmin",
    "alloydbadmin",
    "alloydbmetadata",
)
TRIES = 3


class PostgreSQLSession:
    def __init__(
        self, connection: Connection, mode: TlsMode, database: str, server: ServerFact
    ) -> None:
        self.server = server
        self._connection = connection
        self._mode = mode
        self._database = database

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """All rows of one statement. Raises TargetProblem."""
        try:
            return await self._connection.fetch(statement, *arguments)
        except DRIVER_ERRORS as error:
            raise problem_of(error, self._mode) from error

    async def inventory(self) -> Collected[DatabaseFact]:
        rows = await self.fetch(INVENTORY, PROVIDERS)
        with self._understanding():
            items = [_database_fact(row) for row in rows]
        shut = [fact.name for fact in items if fact.reason is SkipReason.PERMISSION]
        return Collected(
            items=items,
            complete=True,
            source="pg_database",
            missing_grants=[f"CONNECT ON DATABASE {quoted(name)}" for name in shut],
        )

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        rows = await self._database_size_rows([name.encode() for name in excluded])
        with self._understanding():
            dropped = [row for row in rows if row["is_readable"] and row["size_bytes"] is None]
            items = [_database_size_fact(row) for row in rows if row not in dropped]
        is_short = any(fact.reason is SkipReason.PERMISSION for fact in items)
        return Collected(
            items=items,
            complete=True,
            source="pg_database_size",
            skipped=[Skipped(name=text(row["name"]), reason=SkipReason.DROPPED) for row in dropped],
            missing_grants=["pg_read_all_stats"] if is_short else [],
        )

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        if database != self._database:
            raise TargetProblem(
                "This session was opened on another database.", code=Code.DATABASE_NOT_FOUND
            )
        with self._understanding():
            found = await collect_tables(self.fetch)
            return replace(found, reconciliation=await reconciled(self.fetch, found.items))

    async def privileges(self) -> list[PrivilegeCheck]:
        with self._understanding():
            return await check_privileges(self.fetch, PROVIDERS)

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Rows without the columns that were asked for, or with values that cannot be, are no
        PostgreSQL's; what exactly was wrong stays as the cause."""
        try:
            yield
        except (KeyError, ValueError) as error:
            raise problem_of(error, self._mode) from error

    async def _database_size_rows(self, excluded: list[bytes]) -> list[asyncpg.Record]:
        """A database dropped while the statement runs makes it fail: the next try misses it."""
        for _ in range(TRIES - 1):
            try:
                return await self.fetch(DATABASE_SIZES, excluded)
            except TargetProblem as problem:
                if problem.problem_code is not Code.DATABASE_NOT_FOUND:
                    raise
        return await self.fetch(DATABASE_SIZES, excluded)


def server_fact(banner: str, version: str, number: int, *, latency_ms: int) -> ServerFact:
    """What the server calls itself: server_version may be "17beta1" and a package adds words in
    brackets; server_version_num is 180006 for 18.6, but 90624 for 9.6.24."""
    major, minor = divmod(number, 10_000)
    return ServerFact(
        product="PostgreSQL",
        version=f"PostgreSQL {version.split()[0]}",
        main_version=str(major) if major >= 10 else f"{major}.{minor // 100}",
        banner=banner,
        latency_ms=latency_ms,
    )


def _database_fact(row: asyncpg.Record) -> DatabaseFact:
    name = text(row["name"])
    reason = SkipReason(row["reason"]) if row["reason"] else None
    if name.encode() != row["name"]:
        reason = SkipReason.UNSUPPORTED  # not even its name can be said to the server
    return DatabaseFact(name=name, is_system=row["is_system"], reason=reason)


def _database_size_fact(row: asyncpg.Record) -> DatabaseSizeFact:
    name, size_bytes = text(row["name"]), row["size_bytes"]
    if size_bytes is None:
        return DatabaseSizeFact(
            name=name,
            size_bytes=None,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.PERMISSION,
        )
    return DatabaseSizeFact(name=name, size_bytes=Bytes(size_bytes))
