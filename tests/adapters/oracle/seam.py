"""A double of oracledb's connection and cursor: our very statements, run on catalogs in PostgreSQL.

It begins where the driver has logged in, so nothing of Oracle's protocol is shown by it. What it
does show: which statements are sent, what privileges they need, and what becomes of their rows.
"""

import asyncio
import itertools
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import oracledb
import sqlglot
from sqlglot import exp

from tests.adapters.oracle.views import FAMILY, OF_USER, columns_of
from whalefall.adapters.base import Limits, Target
from whalefall.adapters.oracle import OracleAdapter
from whalefall.adapters.oracle.privileges import grant, views
from whalefall.domain.engines import Engine

SERVICE, COLLECTOR, PDB = "ORCL", "COLLECTOR", "ORCLPDB1"
MEBIBYTE = 2**20
OPEN_TO_ALL = frozenset({"dual", "session_privs", "session_roles"})
ERRORS = {
    "42P01": "ORA-00942: table or view does not exist",
    "42703": "ORA-00904: invalid identifier",
}
_numbers = itertools.count(1)


@dataclass
class Account:
    """Somebody who may log in; `refusal` is the error that they get instead."""

    password: str
    grants: set[str] = field(default_factory=set)
    privileges: set[str] = field(default_factory=lambda: {"CREATE SESSION"})
    roles: set[str] = field(default_factory=set)
    refusal: str | None = None


@dataclass
class Disturbance:
    """What happens to statements that read `view`, in whichever family: as its name says."""

    view: str
    before: Callable[[], Awaitable[None]] | None = None
    hangs: bool = False
    at_row: int | None = None
    error: str = "DPY-4011: the database or network closed the connection"
    is_nothing: bool = False


@dataclass
class OracleSeam:
    """An Oracle in its owner's hands, who works on the tables of the schema `truth`."""

    owner: asyncpg.Connection
    url: str
    release: str = "19.3.0.0.0"
    container: str = PDB
    accounts: dict[str, Account] = field(default_factory=dict)
    disturbances: list[Disturbance] = field(default_factory=list)
    connections: "set[SeamConnection]" = field(default_factory=set)
    most_sessions: int = 100

    @property
    def adapter(self) -> OracleAdapter:
        return OracleAdapter(self.dial)

    def target(self, username: str = COLLECTOR) -> Target:
        account = self.accounts[username]
        return Target(
            engine=Engine("ORACLE"),
            host="localhost",
            address="127.0.0.1",
            port=1521,
            username=username,
            password=account.password,
            database=SERVICE,
        )

    def make_account(self, *granted: str, **more: Any) -> Target:
        """An account that may read these views and nothing else."""
        name = f"ACCOUNT_{next(_numbers)}"
        self.accounts[name] = Account(secrets.token_urlsafe(), set(granted), **more)
        return self.target(name)

    @asynccontextmanager
    async def dial(self, target: Target, limits: Limits) -> AsyncIterator["SeamConnection"]:
        """As the driver's connecting ends."""
        account = self.accounts.get(target.username)
        if account is None or account.password != target.password:
            raise oracledb.DatabaseError("ORA-01017: invalid username/password; logon denied")
        if account.refusal is not None:
            raise oracledb.DatabaseError(account.refusal)
        if target.database != SERVICE:
            raise oracledb.OperationalError("DPY-6001: the service is not registered")
        if len(self.connections) >= self.most_sessions:
            raise oracledb.DatabaseError("ORA-00018: maximum number of sessions exceeded")
        catalogs = await asyncpg.connect(self.url)
        con_id = "1" if self.container == "CDB$ROOT" else "3"
        for name, value in {"user": target.username, "con": self.container, "id": con_id}.items():
            await catalogs.execute("SELECT set_config($1, $2, false)", f"ora.{name}", value)
        connection = SeamConnection(self, account, catalogs)
        self.connections.add(connection)
        try:
            yield connection
        finally:
            await connection.close()

    def disturb(self, view: str, **how: Any) -> None:
        self.disturbances.append(Disturbance(view, **how))

    def all_disturbances(self) -> list[Disturbance]:
        return self.disturbances

    async def create_database(self, name: str, **columns: Any) -> None:
        """A tablespace of 100 MiB, of which 1 MiB is the file's header."""
        values = {"contents": "PERMANENT", "status": "ONLINE", **columns}
        await self.insert("tablespaces", tablespace_name=name, **values)
        if values["contents"] != "TEMPORARY":
            await self.add_file(name, 100)

    async def add_file(self, tablespace: str, mebibytes: int, **columns: Any) -> None:
        size = mebibytes * MEBIBYTE
        values = {
            "tablespace_name": tablespace,
            "bytes": size,
            "user_bytes": size - MEBIBYTE,
            "maxbytes": 0,
            "autoextensible": "NO",
            **columns,
        }
        await self.insert("data_files", **values)
        await self._weigh(tablespace)

    async def drop_database(self, name: str) -> None:
        for table in ("tablespaces", "data_files", "free_space", "segments", "tables"):
            await self.owner.execute(f"DELETE FROM truth.{table} WHERE tablespace_name = $1", name)

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            await self.add_table(database, name)

    async def add_table(
        self, tablespace: str, name: str, mebibytes: int = 1, owner: str = "SHOP", **columns: Any
    ) -> None:
        """A heap of so many mebibytes, or with 0 none yet."""
        values = {
            "partitioned": "NO",
            "nested": "NO",
            "temporary": "N",
            "segment_created": "YES" if mebibytes else "NO",
            "num_rows": 10,
            **columns,
        }
        await self.insert(
            "tables", owner=owner, table_name=name, tablespace_name=tablespace, **values
        )
        if mebibytes:
            await self.add_segment(tablespace, name, "TABLE", mebibytes, owner)

    async def add_segment(
        self, tablespace: str, name: str, kind: str, mebibytes: int, owner: str = "SHOP"
    ) -> None:
        await self.insert(
            "segments",
            owner=owner,
            segment_name=name,
            segment_type=kind,
            tablespace_name=tablespace,
            bytes=mebibytes * MEBIBYTE,
        )
        await self._weigh(tablespace)

    async def drop_table(self, database: str, name: str) -> None:
        await self.owner.execute("DELETE FROM truth.tables WHERE table_name = $1", name)
        await self.owner.execute("DELETE FROM truth.segments WHERE segment_name = $1", name)
        await self._weigh(database)

    async def recycle(self, tablespace: str, name: str) -> None:
        """Drop a table into the recycle bin; `name` is what it has there."""
        await self.insert(
            "recyclebin", owner="SHOP", object_name=name, original_name="GONE", type="TABLE"
        )
        await self._weigh(tablespace)

    async def insert(self, table: str, **values: Any) -> None:
        known = {"con_id": 3, **values}
        marks = ", ".join(f"${number}" for number in range(1, len(known) + 1))
        await self.owner.execute(
            f"INSERT INTO truth.{table} ({', '.join(known)}) VALUES ({marks})", *known.values()
        )

    async def sessions(self) -> int:
        return len(self.connections)

    async def running(self) -> int:
        return sum(connection.is_running for connection in self.connections)

    async def _weigh(self, tablespace: str) -> None:
        """What no segment has of the files is free, and so is what was dropped into the recycle
        bin; where nothing is, there is no row."""
        await self.owner.execute(
            "DELETE FROM truth.free_space WHERE tablespace_name = $1", tablespace
        )
        await self.owner.execute(
            "INSERT INTO truth.free_space (con_id, tablespace_name, bytes)"
            " SELECT 3, $1, left_over FROM (SELECT"
            "   (SELECT coalesce(sum(user_bytes), 0) FROM truth.data_files"
            "     WHERE tablespace_name = $1)"
            " - (SELECT coalesce(sum(bytes), 0) FROM truth.segments WHERE tablespace_name = $1"
            "       AND NOT EXISTS (SELECT FROM truth.recyclebin"
            "                        WHERE object_name = segment_name))"
            "   AS left_over) AS weighed WHERE left_over > 0",
            tablespace,
        )


class SeamConnection:
    """What the adapter uses of a connection."""

    def __init__(self, seam: OracleSeam, account: Account, catalogs: asyncpg.Connection) -> None:
        self.version, self.call_timeout = seam.release, 0
        self.seam, self.account, self.catalogs = seam, account, catalogs
        self.is_running = False

    def cursor(self) -> "SeamCursor":
        return SeamCursor(self)

    def cancel(self) -> None:
        """The statement ends with the task that waits for it."""

    async def close(self) -> None:
        self.seam.connections.discard(self)
        await self.catalogs.close()


class SeamCursor:
    """What the adapter uses of a cursor."""

    def __init__(self, connection: SeamConnection) -> None:
        self.arraysize = 100
        self.description: Sequence[Sequence[Any]] | None = None
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._breaks: Disturbance | None = None

    async def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        if statement.startswith("SET TRANSACTION"):
            return
        mine = self._connection
        mine.is_running = True
        try:
            async with asyncio.timeout(mine.call_timeout / 1000):
                await self._run(statement, parameters or {})
        except TimeoutError as error:
            raise oracledb.DatabaseError("DPY-4024: call timeout exceeded") from error
        except asyncpg.PostgresError as error:
            told = ERRORS.get(error.sqlstate, "ORA-00600: internal error code")
            raise oracledb.DatabaseError(told) from error
        finally:
            mine.is_running = False

    async def fetchmany(self, size: int) -> Sequence[Sequence[Any]]:
        breaks = self._breaks
        if breaks is not None and breaks.at_row is not None and breaks.at_row < size:
            if not self._rows[: breaks.at_row] or breaks.at_row == 0:
                raise oracledb.DatabaseError(breaks.error)
            batch, self._rows = self._rows[: breaks.at_row], self._rows[breaks.at_row :]
            breaks.at_row = 0
            return batch
        batch, self._rows = self._rows[:size], self._rows[size:]
        return batch

    def close(self) -> None:
        self._rows = []

    async def _run(self, statement: str, values: Mapping[str, Any]) -> None:
        tree = sqlglot.parse_one(statement, read="oracle")
        names = [table.name.lower() for table in tree.find_all(exp.Table)]
        disturbance = await self._disturbance(names)
        for name in names:
            self._require(name)
        order = list(values)
        text = tree.transform(_renamed, order).sql("postgres")
        prepared = await self._connection.catalogs.prepare(text)
        self._rows = [tuple(row) for row in await prepared.fetch(*values.values())]
        self.description = [(one.name.upper(),) for one in prepared.get_attributes()]
        if disturbance and disturbance.is_nothing:
            self._rows = []
        self._breaks = disturbance if disturbance and disturbance.at_row is not None else None

    def _require(self, view: str) -> None:
        family, _, name = view.partition("_")
        is_own = family == "user" and name in OF_USER
        if view in OPEN_TO_ALL or is_own or view.upper() in self._connection.account.grants:
            return
        raise oracledb.DatabaseError(ERRORS["42P01"])

    async def _disturbance(self, names: Sequence[str]) -> Disturbance | None:
        for one in self._connection.seam.disturbances:
            if any(re.sub("^(dba|cdb|user)_", "", name) == one.view for name in names):
                if one.before is not None:
                    await one.before()
                if one.hangs:
                    await asyncio.Event().wait()
                return one
        return None


def _renamed(node: exp.Expr, order: Sequence[str]) -> exp.Expr:
    """Binds become $1, $2; USER is a function of ours; names with a dollar stay."""
    if isinstance(node, exp.Placeholder):
        return exp.Var(this=f"${order.index(node.name) + 1}")
    if isinstance(node, exp.Column) and not node.table and node.name.upper() == "USER":
        return exp.func("ora_user")
    if isinstance(node, exp.CurrentUser):
        return exp.func("ora_user")
    return node


def _definitions() -> list[str]:
    """The true tables, and what each family shows of them."""
    made = [
        "CREATE SCHEMA truth",
        "CREATE FUNCTION ora_user() RETURNS text LANGUAGE sql STABLE"
        " RETURN current_setting('ora.user')",
        "CREATE FUNCTION sys_context(place text, name text) RETURNS text LANGUAGE sql STABLE"
        " RETURN CASE name WHEN 'CON_NAME' THEN current_setting('ora.con')"
        " ELSE current_setting('ora.user') END",
        "CREATE TABLE dual (dummy text)",
        "INSERT INTO dual VALUES ('X')",
        'CREATE TABLE "v$containers" (con_id numeric, name text, open_mode text)',
        "CREATE TABLE session_privs (privilege text)",
        "CREATE TABLE session_roles (role text)",
    ]
    here = "con_id = current_setting('ora.id')::numeric"
    for name in FAMILY:
        columns = dict(columns_of(f"dba_{name}", 99))
        listed = ", ".join(f"{column} {type_}" for column, type_ in columns.items())
        names = ", ".join(columns)
        made.append(f"CREATE TABLE truth.{name} (con_id numeric, {listed})")
        made.append(f"CREATE VIEW dba_{name} AS SELECT {names} FROM truth.{name} WHERE {here}")
        made.append(f"CREATE VIEW cdb_{name} AS SELECT {names}, con_id FROM truth.{name}")
        if name in OF_USER:
            own = ", ".join(column for column in columns if column != "owner")
            mine = f"{here} AND owner = ora_user()" if "owner" in columns else here
            made.append(f"CREATE VIEW user_{name} AS SELECT {own} FROM truth.{name} WHERE {mine}")
    return made


@asynccontextmanager
async def oracle_seam(url: str) -> AsyncIterator[OracleSeam]:
    """A seam with its catalogs in a database of their own beside `url`'s: SYSTEM, UNDO and TEMP."""
    name = f"oracle_{next(_numbers)}_{secrets.token_hex(4)}"
    owner = await asyncpg.connect(url)
    await owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    inside = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    keeper = await asyncpg.connect(inside)
    try:
        for statement in _definitions():
            await keeper.execute(statement)
        seam = OracleSeam(keeper, inside)
        granted = {grant(view, "dba").removeprefix("SELECT ON ") for view in views()}
        seam.accounts[COLLECTOR] = Account(secrets.token_urlsafe(), granted)
        await seam.insert("users", username="SYS", oracle_maintained="Y")
        await seam.insert("users", username="SHOP", oracle_maintained="N")
        await seam.create_database("SYSTEM")
        await seam.add_segment("SYSTEM", "SOURCE$", "TABLE", 30, "SYS")
        await seam.create_database("UNDOTBS1", contents="UNDO")
        await seam.add_segment("UNDOTBS1", "_SYSSMU1$", "TYPE2 UNDO", 12, "SYS")
        await seam.create_database("TEMP", contents="TEMPORARY")
        await seam.insert(
            "temp_files",
            tablespace_name="TEMP",
            bytes=50 * MEBIBYTE,
            user_bytes=49 * MEBIBYTE,
            maxbytes=200 * MEBIBYTE,
            autoextensible="YES",
        )
        await seam.insert("temp_free_space", tablespace_name="TEMP", free_space=40 * MEBIBYTE)
        yield seam
    finally:
        await keeper.close()
        await owner.execute(f"DROP DATABASE {name} (FORCE)")
        await owner.close()
