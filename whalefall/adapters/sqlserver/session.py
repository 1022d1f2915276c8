"""One session on a SQL Server: what it asks, and how sure it may be of the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from whalefall.adapters.base import Limits
from whalefall.adapters.sqlserver import sql
from whalefall.adapters.sqlserver.databases import (
    TEMPDB_ID,
    Replicas,
    Row,
    blind_ids,
    database_fact,
    hidden_ids,
    is_snapshot,
    size_facts,
)
from whalefall.adapters.sqlserver.privileges import SPLIT_SINCE, check_privileges
from whalefall.adapters.sqlserver.problems import driver_problems, problem
from whalefall.adapters.sqlserver.tables import Reading, reconciled
from whalefall.adapters.sqlserver.thread import DriverThread
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    ServerFact,
    Skipped,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import PrivilegeCheck
from whalefall.errors import ClosedDatabase, Code, TargetProblem, said

GRACE_SECONDS = 1.0  # the driver's own limit comes first and leaves the session usable
CANCEL_SECONDS = 1.0
FETCHED_AT_ONCE = 5_000
MOST_ROWS = 3_000_000
READS = ("SELECT", "SET", "USE")
SHUT_OUT = (Code.DATABASE_NOT_FOUND, Code.TARGET_PERMISSION_DENIED)
# What proves that all databases are listed, and what it takes.
WHOLE = {"view_any_database": "VIEW ANY DATABASE", "view_any_definition": "VIEW ANY DEFINITION"}


class Cursor(Protocol):
    """What is used of the driver's cursor."""

    description: Sequence[Sequence[Any]] | None

    def execute(self, statement: str) -> object: ...
    def fetchmany(self, size: int) -> Sequence[Sequence[Any]]: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


class SQLServerSession:
    """A session on a server; SQL Server knows none that cannot write, so this one sends nothing
    but statements that read."""

    def __init__(
        self,
        thread: DriverThread,
        cursor: Cursor,
        cut: Callable[[], Awaitable[None]],
        limits: Limits,
        *,
        reads_only: bool,
    ) -> None:
        self.server: ServerFact
        self.major = 0
        self._thread, self._cursor, self._cut = thread, cursor, cut
        self._seconds = limits.statement_seconds + GRACE_SECONDS
        self._reads_only = reads_only
        self._database = ""

    async def rows(self, statement: str) -> list[Row]:
        """The rows of a statement; when it is given up, the server gives it up too."""
        if not statement.lstrip().upper().startswith(READS):
            raise problem(Code.TARGET_PERMISSION_DENIED, said("Sessions of WhaleFall only read."))
        call = asyncio.ensure_future(self._thread.run(lambda: self._fetch(statement)))
        with driver_problems():
            try:
                async with asyncio.timeout(self._seconds):
                    return await asyncio.shield(call)
            except (asyncio.CancelledError, TimeoutError):
                await self._cancel(call)
                raise

    async def enter(self, database: str) -> None:
        """Go to a database. Raises DATABASE_NOT_FOUND, TARGET_PERMISSION_DENIED, or
        DATABASE_CONNECTION_ERROR for one that is shut."""
        await self.rows(sql.entering(database))
        self._database = database

    async def inventory(self) -> Collected[DatabaseFact]:
        """All databases but snapshots. Source: sys.databases, availability groups.

        A database that is offline may be hidden from who may not alter it, but not its files: so
        the list is whole only where all files can be seen, and each belongs to a database of it.
        """
        before = await self._may(sql.PERMISSIONS)
        found = await self.rows(sql.INVENTORY)
        files = await self.rows(sql.FILES) if found else []  # an empty list is doubted anyway
        replicas = Replicas.of(await self._if_permitted(sql.REPLICAS) or ())
        after = await self._may(sql.PERMISSIONS)
        hidden = hidden_ids(found, files)
        missing = [grant for name, grant in WHOLE.items() if not (before[name] and after[name])]
        if hidden and not missing:
            missing = ["ALTER ANY DATABASE"]
        facts = [
            database_fact(row, replicas, reads_only=self._reads_only)
            for row in found
            if not is_snapshot(row)
        ]
        return Collected(
            items=sorted(facts, key=lambda fact: fact.name),
            complete=not missing,
            source="sys.databases",
            skipped=[
                Skipped(name=f"database {database_id}", reason=SkipReason.PERMISSION)
                for database_id in hidden
            ],
            missing_grants=missing,
        )

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        """The files of every database, also of those that cannot be entered.

        Source: sys.master_files; for tempdb, and for databases with FILESTREAM or tables in
        memory that let us in, their own sys.database_files.
        """
        before = await self._may(sql.PERMISSIONS)
        databases = [row for row in await self.rows(sql.INVENTORY) if not is_snapshot(row)]
        files = await self.rows(sql.FILES)
        told = await self._told(databases, files)
        if not files:  # those of master are everybody's
            raise problem(Code.DATABASE_QUERY_ERROR)
        facts = size_facts(databases, files, told)
        after = await self._may(sql.PERMISSIONS)
        seen, sized = (
            before[name] and after[name] for name in ("view_any_database", "view_any_definition")
        )
        dropped = [fact.name for fact in facts if sized and fact.size_bytes is None]
        facts = [fact for fact in facts if fact.name not in dropped]
        unsized = any(fact.size_bytes is None for fact in facts)
        return Collected(
            items=sorted(facts, key=lambda fact: fact.name),
            complete=seen,
            source="sys.master_files",
            skipped=[Skipped(name=name, reason=SkipReason.DROPPED) for name in dropped],
            missing_grants=[
                *([] if seen else ["VIEW ANY DATABASE"]),
                *(["VIEW ANY DEFINITION"] if unsized or not sized else []),
            ],
        )

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        """Tables and indexed views of the database that the session has entered.

        Source: sys.objects, sys.dm_db_partition_stats, sys.dm_db_xtp_table_memory_stats.
        """
        if database != self._database:
            await self.enter(database)
        before = await self._may(sql.DATABASE_PERMISSIONS)
        pages = await self._pages()
        objects = await self.rows(sql.OBJECTS)  # after the pages: what is new has none yet
        reading = Reading.of(objects, pages, await self._if_permitted(sql.MEMORY))
        after = await self._may(sql.DATABASE_PERMISSIONS)
        facts, hidden = reading.facts(), reading.hidden
        # No database is without pages: the engine's own tables have some.
        proven = before["view_definition"] and after["view_definition"] and bool(pages)
        proven = proven and not reading.is_unlikely
        if not facts and not proven:
            raise _denied("VIEW ANY DEFINITION")
        return Collected(
            items=facts,
            complete=proven,
            source="sys.objects, sys.dm_db_partition_stats",
            skipped=[
                Skipped(name=f"object {object_id}", reason=SkipReason.PERMISSION)
                for object_id in hidden
            ],
            missing_grants=[] if proven else ["VIEW ANY DEFINITION"],
            reconciliation=reconciled(reading, facts, *await self._files()),
        )

    async def _may(self, statement: str) -> dict[str, bool]:
        """What the account may do. Asked before and after a reading: what was hidden in between
        would otherwise pass for gone."""
        (row,) = await self.rows(statement)
        return {name: bool(value) for name, value in row.items()}

    async def privileges(self) -> list[PrivilegeCheck]:
        (may,) = await self.rows(sql.PERMISSIONS)
        return check_privileges(may, self.major)

    async def _pages(self) -> list[Row]:
        """Without it there is nothing to tell: it raises, and names the permission."""
        try:
            return await self.rows(sql.PAGES)
        except TargetProblem as error:
            if error.problem_code is not Code.TARGET_PERMISSION_DENIED:
                raise
            splits = self.major >= SPLIT_SINCE
            half = "VIEW SERVER PERFORMANCE STATE" if splits else "VIEW SERVER STATE"
            raise _denied(half) from error

    async def _told(
        self, databases: Sequence[Row], files: Sequence[Row]
    ) -> dict[int, Sequence[Row]]:
        """The files of which master knows too little, as their databases tell of them."""
        tempdb = await self._if_permitted(sql.TEMPDB_FILES)
        told: dict[int, Sequence[Row]] = {TEMPDB_ID: tempdb} if tempdb else {}
        blind = blind_ids(files)
        for row in databases:
            if row["database_id"] in blind and row["has_access"]:
                try:
                    await self.enter(row["name"])
                    told[row["database_id"]] = await self.rows(sql.DATABASE_FILES)
                except TargetProblem as error:
                    if not (isinstance(error, ClosedDatabase) or error.problem_code in SHUT_OUT):
                        raise
        return told

    async def _files(self) -> tuple[list[Row], int | None]:
        files = await self.rows(sql.DATABASE_FILES)
        free = await self._if_permitted(sql.FREE)
        return files, free[0]["pages"] if free else None

    async def _if_permitted(self, statement: str) -> list[Row] | None:
        """The rows, or None for an account that may not ask."""
        try:
            return await self.rows(statement)
        except TargetProblem as error:
            if error.problem_code is Code.TARGET_PERMISSION_DENIED:
                return None
            raise

    def _fetch(self, statement: str) -> list[Row]:
        """On the driver's thread."""
        self._cursor.execute(statement)
        if self._cursor.description is None:
            return []
        names = [column[0] for column in self._cursor.description]
        rows: list[Mapping[str, Any]] = []
        while batch := self._cursor.fetchmany(FETCHED_AT_ONCE):
            rows += (dict(zip(names, row, strict=True)) for row in batch)
            if len(rows) > MOST_ROWS:
                raise ValueError("more rows than any catalog has")
        return rows

    async def _cancel(self, call: "asyncio.Future[list[Row]]") -> None:
        """Have the server stop, and wait a moment for the thread; then take its socket away. What
        it says no longer counts."""
        self._cursor.cancel()
        await asyncio.wait({call}, timeout=CANCEL_SECONDS)
        if not call.done():
            await self._cut()
            await asyncio.wait({call}, timeout=CANCEL_SECONDS)
        if call.done() and not call.cancelled():
            call.exception()  # looked at, so that nobody complains


def _denied(permission: str) -> TargetProblem:
    return problem(
        Code.TARGET_PERMISSION_DENIED,
        said("The account sees nothing of this database, which does not mean that it is empty."),
        hint=said("Grant %(privilege)s to the login.", privilege=permission),
    )
