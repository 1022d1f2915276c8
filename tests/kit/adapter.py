"""The adapter: every *.sqlite of a folder is a database, and accounts.sqlite knows who may look."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from whalefall.adapters import ADAPTERS
from whalefall.adapters.base import Limits, Target
from whalefall.domain.engines import ENGINES, Engine, EngineKind
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    ServerFact,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import AccountScript, Feature, PrivilegeCheck, PrivilegeState
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.domain.sizes import Bytes
from whalefall.errors import Code, TargetProblem

SQLITE = Engine("SQLITE")
KIND = EngineKind(
    label="SQLite",
    badge="SL",
    default_port=1,  # nobody listens; an instance has one all the same
    default_database="",
    database_label="Folder",
)
ACCOUNTS = "accounts"  # the system's own database
MESSAGES = {
    Code.AUTH_FAILED: "The folder does not know the account or its password.",
    Code.DATABASE_NOT_FOUND: "The folder has no such database.",
    Code.DATABASE_CONNECTION_ERROR: "There is no folder of databases there.",
    Code.DATABASE_TIMEOUT: "The database is locked, or did not answer in time.",
    Code.DATABASE_QUERY_ERROR: "The file is no database, or cannot be read as one.",
    Code.TARGET_PERMISSION_DENIED: "Sessions of WhaleFall only read.",
}
FOUND = "SELECT 1 FROM account WHERE name = ? AND password = ?"
SIZE = """
    SELECT page_count * page_size, freelist_count * page_size
      FROM pragma_page_count, pragma_page_size, pragma_freelist_count
"""
TABLES = """
    SELECT owned.tbl_name, owned.type, sum(space.pgsize)
      FROM sqlite_schema AS owned JOIN dbstat AS space ON space.name = owned.name
     GROUP BY owned.tbl_name, owned.type
"""


def path_of(folder: Path, database: str) -> Path:
    return folder / f"{quote(database, safe=' ')}.sqlite"


def names_in(folder: Path) -> list[str]:
    return sorted(unquote(path.name.removesuffix(".sqlite")) for path in folder.glob("*.sqlite"))


class SQLiteSession:
    """One open file at a time, and one thread that is asked."""

    def __init__(self, folder: Path, limits: Limits, server: ServerFact) -> None:
        self.server = server
        self.folder = folder
        self.is_running = False
        self._limits = limits
        self._file: sqlite3.Connection | None = None
        self._database = ACCOUNTS

    def enter(self, database: str) -> None:
        """Open a file, for reading only, in place of the one that is open."""
        self.close()
        path = path_of(self.folder, database)
        if not path.is_file():
            missing = (
                Code.DATABASE_NOT_FOUND if self.folder.is_dir() else Code.DATABASE_CONNECTION_ERROR
            )
            raise problem(missing)
        with driver_problems():
            self._file = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro",
                uri=True,
                timeout=self._limits.lock_seconds,
                check_same_thread=False,
            )
        self._database = database

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    async def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """All rows; when the caller gives up, so does the statement."""
        file = self._file
        assert file is not None
        asked = asyncio.create_task(
            asyncio.to_thread(lambda: file.execute(statement, values).fetchall())
        )
        self.is_running = True
        try:
            with driver_problems():
                async with asyncio.timeout(self._limits.statement_seconds):
                    return await asyncio.shield(asked)
        finally:
            while not asked.done():
                file.interrupt()
                await asyncio.wait({asked}, timeout=0.05)
            self.is_running = False

    async def inventory(self) -> Collected[DatabaseFact]:
        facts = [DatabaseFact(name=name, is_system=name == ACCOUNTS) for name in self._names()]
        return Collected(items=facts, complete=True, source="the folder")

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        facts = [await self._size(name) for name in self._names() if name not in excluded]
        present = set(self._names())  # one that went meanwhile is no unreadable one
        facts = [fact for fact in facts if fact.name in present]
        return Collected(items=facts, complete=True, source="page_count")

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        if database != self._database:
            self.enter(database)
        [(whole, free)] = await self.rows(SIZE)
        sizes: dict[str, dict[str, int]] = {}
        for name, kind, size in await self.rows(TABLES):
            sizes.setdefault(str(name), {})[str(kind)] = int(str(size))
        facts = [_table(name, kinds) for name, kinds in sizes.items()]
        if not path_of(self.folder, database).is_file():
            raise problem(Code.DATABASE_NOT_FOUND)  # what is open still answers
        index = sum(int(fact.index_bytes or 0) for fact in facts)
        objects = sum(int(fact.size_bytes or 0) for fact in facts)
        whole, free = int(str(whole)), int(str(free))
        return Collected(
            items=sorted(facts, key=lambda fact: -(fact.size_bytes or 0)),
            complete=True,
            source="dbstat",
            reconciliation=reconcile(
                {
                    BucketKind.DATA: objects - index,
                    BucketKind.INDEX: index,
                    BucketKind.CATALOG: whole - free - objects,
                    BucketKind.FREE: free,
                },
                objects_bytes=objects,
                database_bytes=whole,
                allocated_bytes=whole,
            ),
        )

    async def privileges(self) -> list[PrivilegeCheck]:
        """Whoever may read a file reads all of it: there is nothing smaller to be granted."""
        return [
            PrivilegeCheck(
                feature=feature, state=state, probe="the file", needed=["READ"], excess=excess
            )
            for feature in Feature
            for state, excess in [
                (PrivilegeState.OVER_PRIVILEGED, ["READ"])
                if feature is Feature.DATA_CLOSED
                else (PrivilegeState.OK, [])
            ]
        ]

    def _names(self) -> list[str]:
        names = names_in(self.folder)
        if ACCOUNTS not in names:
            raise problem(Code.DATABASE_CONNECTION_ERROR)  # a disk that is not mounted looks empty
        return names

    async def _size(self, name: str) -> DatabaseSizeFact:
        try:
            self.enter(name)
            [(size, _)] = await self.rows(SIZE)
        except TargetProblem as error:
            locked = error.problem_code is Code.DATABASE_TIMEOUT
            return DatabaseSizeFact(
                name=name,
                size_bytes=None,
                quality=Quality.UNAVAILABLE,
                reason=SkipReason.LOCKED if locked else SkipReason.NOT_CONNECTABLE,
            )
        return DatabaseSizeFact(name=name, size_bytes=Bytes(int(str(size))))


class SQLiteAdapter:
    engine = SQLITE

    def __init__(self) -> None:
        self.sessions: set[SQLiteSession] = set()

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[SQLiteSession]:
        started = time.monotonic()
        version = sqlite3.sqlite_version
        session = SQLiteSession(
            Path(target.database or ""),
            limits,
            ServerFact(
                product="SQLite",
                version=f"SQLite {version}",
                main_version=version.rpartition(".")[0],
                banner=sqlite3.sqlite_version,
                latency_ms=round((time.monotonic() - started) * 1000),
            ),
        )
        self.sessions.add(session)
        try:
            await _sign_in(session, target)
            if database is not None:
                session.enter(database)
                await session.rows(SIZE)
            yield session
        finally:
            session.close()
            self.sessions.remove(session)

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        name = username.replace("'", "''")
        return AccountScript(
            create=f"INSERT INTO account VALUES ('{name}', '<password>');",
            drop=f"DELETE FROM account WHERE name = '{name}';",
        )


async def _sign_in(session: SQLiteSession, target: Target) -> None:
    try:
        session.enter(ACCOUNTS)
    except TargetProblem as error:
        raise problem(Code.DATABASE_CONNECTION_ERROR) from error
    if not await session.rows(FOUND, target.username, target.password):
        raise problem(Code.AUTH_FAILED)


@contextmanager
def driver_problems() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise problem(Code.DATABASE_TIMEOUT) from error
    except sqlite3.Error as error:
        codes = {
            sqlite3.SQLITE_BUSY: Code.DATABASE_TIMEOUT,
            sqlite3.SQLITE_LOCKED: Code.DATABASE_TIMEOUT,
            sqlite3.SQLITE_READONLY: Code.TARGET_PERMISSION_DENIED,
        }
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise problem(codes.get(code, Code.DATABASE_QUERY_ERROR)) from error


def problem(code: Code) -> TargetProblem:
    return TargetProblem(MESSAGES[code], code=code)


def _table(name: str, kinds: dict[str, int]) -> TableFact:
    data, index = kinds.get("table", 0), kinds.get("index", 0)
    return TableFact(
        schema_name="main",
        table_name=name,
        size_bytes=Bytes(data + index),
        data_bytes=Bytes(data),
        index_bytes=Bytes(index),
    )


@contextmanager
def registered() -> Iterator[SQLiteAdapter]:
    """The two lines of the registries, for as long as a test needs them."""
    ENGINES[SQLITE], ADAPTERS[SQLITE] = KIND, (adapter := SQLiteAdapter())
    try:
        yield adapter
    finally:
        del ENGINES[SQLITE], ADAPTERS[SQLITE]
