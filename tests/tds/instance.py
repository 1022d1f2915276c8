"""An instance of the stand-in in its owner's hands: databases, tables with pages, logins."""

import itertools
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.tds.catalog import definitions
from tests.tds.server import Disturbance, TdsServer, serving
from tests.tds.views import VIEWS
from whalefall.adapters.base import Target
from whalefall.domain.engines import Engine

VERSIONS = {"2016": "13.0.6300.2", "2019": "15.0.4385.2", "2022": "16.0.4135.4"}
COLLECTOR = "collector"
GRANTS = ("VIEW ANY DATABASE", "VIEW ANY DEFINITION", "CONNECT ANY DATABASE", "VIEW SERVER STATE")
FILE_PAGES, LOG_PAGES = 1024, 512
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Index:
    """Pages of one index, over all its partitions; `lob` is in the LOB columns, not among data."""

    index_id: int = 0
    type: int = 0
    in_row: int = 1
    lob: int = 0
    overflow: int = 0
    used: int = 2
    reserved: int = 9
    rows: int = 1
    partitions: int = 1


@dataclass
class TdsInstance:
    """Its owner works on what is true; the server shows of it what a login may see."""

    server: TdsServer
    owner: asyncpg.Connection
    password: str = field(default_factory=lambda: "pä55 'wörd'; = { 鯨" + secrets.token_hex(4))
    objects: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1000))

    def target(self, username: str = COLLECTOR) -> Target:
        return Target(
            engine=Engine("SQLSERVER"),
            host="localhost",
            address="127.0.0.1",
            port=self.server.port,
            username=username,
            password=self.password,
        )

    async def make_login(self, *permissions: str) -> Target:
        """A new login with these permissions on the server and nothing else."""
        name = f"login_{next(_numbers)}"
        await self.owner.execute("INSERT INTO truth.login VALUES ($1, $2)", name, self.password)
        await self.grant(name, *permissions)
        return self.target(name)

    async def grant(self, login: str, *permissions: str) -> None:
        rows = [(login, name) for name in permissions]
        await self.owner.executemany(
            "INSERT INTO truth.permission VALUES ($1, $2) ON CONFLICT DO NOTHING", rows
        )

    async def revoke(self, login: str, *permissions: str) -> None:
        await self.owner.execute(
            "DELETE FROM truth.permission WHERE login = $1 AND name = ANY ($2)",
            login,
            list(permissions),
        )

    async def add_member(self, login: str, database: str, role: str = "public") -> None:
        """Make the login a user of one database."""
        number = await self.id_of(database)
        await self.owner.execute(
            "INSERT INTO truth.member VALUES ($1, $2, $3)", login, number, role
        )

    async def refuse(self, login: str, number: int | None) -> None:
        """From now on the login is refused with this error; None: it is let in again."""
        await self.owner.execute(
            "UPDATE truth.login SET refusal = $2 WHERE name = $1", login, number
        )

    async def create_database(self, name: str, *, number: int = 0) -> None:
        number = (
            number or 1 + await self._value("SELECT max(database_id) FROM truth.databases") or 1
        )
        await self.insert(
            "databases",
            name=name,
            database_id=number,
            state_desc="ONLINE",
            user_access_desc="MULTI_USER",
        )
        for kind, pages in (("ROWS", FILE_PAGES), ("LOG", LOG_PAGES)):
            await self.add_file(name, kind, pages)
        await self.insert("schemas", database_id=number, name="dbo", schema_id=1)
        await self.insert("schemas", database_id=number, name="sys", schema_id=4)
        await self.insert(
            "filegroups", database_id=number, name="PRIMARY", data_space_id=1, type="FG"
        )
        await self.insert("dm_db_file_space_usage", database_id=number, file_id=1)
        await self.add_object(
            name, "sysschobjs", type="S", schema_id=4, object_id=34, is_ms_shipped=True
        )
        await self.add_pages(name, 34, Index(index_id=1, type=1, in_row=30, used=33, reserved=40))

    async def drop_database(self, name: str) -> None:
        number = await self.id_of(name)
        for view in VIEWS:
            table = view.removeprefix("sys.")
            if "database_id" in await self._columns(table):
                await self.owner.execute(
                    f"DELETE FROM truth.{table} WHERE database_id = $1", number
                )

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            await self.create_table(database, name, [Index()])

    async def create_table(
        self, database: str, name: str, indexes: Iterable[Index], **columns: Any
    ) -> int:
        """A table with these indexes; the id of its object."""
        number = await self.add_object(database, name, **columns)
        for index in indexes:
            await self.add_pages(database, number, index)
        return number

    async def drop_table(self, database: str, name: str) -> None:
        number = await self.id_of(database)
        for table in ("tables", "indexes", "dm_db_partition_stats", "objects"):
            await self.owner.execute(
                f"DELETE FROM truth.{table} WHERE database_id = $1 AND object_id ="
                " (SELECT object_id FROM truth.objects WHERE database_id = $1 AND name = $2)",
                number,
                name,
            )
        await self._weigh(number)

    async def add_object(self, database: str, name: str, *, type: str = "U", **columns: Any) -> int:
        """An entry of sys.objects, and of sys.tables or sys.internal_tables."""
        values: dict[str, Any] = {
            "database_id": await self.id_of(database),
            "name": name,
            "object_id": next(self.objects),
            "schema_id": 1,
            "type": type,
            "is_ms_shipped": False,
            **columns,
        }
        own = {"is_memory_optimized", "internal_type", "parent_id"}
        await self.insert("objects", **{k: v for k, v in values.items() if k not in own})
        if type == "U":
            await self.insert("tables", **{"is_memory_optimized": False, **values})
        elif type == "IT":
            await self.insert("internal_tables", **values)
        return int(values["object_id"])

    async def add_pages(self, database: str, object_id: int, index: Index) -> None:
        """An index with its pages, all in its first partition; the others are empty."""
        number = await self.id_of(database)
        await self.insert(
            "indexes",
            database_id=number,
            object_id=object_id,
            index_id=index.index_id,
            type=index.type,
        )
        for partition in range(1, index.partitions + 1):
            first = partition == 1
            await self.insert(
                "dm_db_partition_stats",
                database_id=number,
                object_id=object_id,
                index_id=index.index_id,
                partition_number=partition,
                in_row_data_page_count=index.in_row * first,
                lob_used_page_count=index.lob * first,
                row_overflow_used_page_count=index.overflow * first,
                used_page_count=index.used * first,
                reserved_page_count=index.reserved * first,
                row_count=index.rows * first,
            )
        await self._weigh(number)

    async def add_file(self, database: str, kind: str, pages: int, **columns: Any) -> None:
        values = {
            "database_id": await self.id_of(database),
            "type_desc": kind,
            "size": pages,
            "max_size": -1,
            "growth": 8192,
            **columns,
        }
        await self.insert("master_files", **values)
        await self.insert("database_files", **values)

    async def set_state(self, database: str, **columns: Any) -> None:
        """Change an entry of sys.databases: state_desc, user_access_desc, replica_id, …"""
        for name, value in columns.items():
            await self.owner.execute(
                f"UPDATE truth.databases SET {name} = $2 WHERE name = $1", database, value
            )

    async def insert(self, table: str, **values: Any) -> None:
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.owner.execute(
            f"INSERT INTO truth.{table} ({', '.join(values)}) VALUES ({marks})", *values.values()
        )

    async def id_of(self, database: str) -> int:
        sql = "SELECT database_id FROM truth.databases WHERE name = $1"
        return int(await self._value(sql, database))

    async def sessions(self) -> int:
        return len(self.server.sessions)

    async def running(self) -> int:
        return self.server.running()

    def disturb(self, view: str, **how: Any) -> None:
        self.server.disturbances.append(Disturbance(view, **how))

    def all_disturbances(self) -> list[Disturbance]:
        return self.server.disturbances

    async def _weigh(self, number: int) -> None:
        """What no object has reserved of the data file is free."""
        await self.owner.execute(
            "UPDATE truth.dm_db_file_space_usage SET total_page_count = CAST($2 AS bigint),"
            " unallocated_extent_page_count = CAST($2 AS bigint)"
            "   - (SELECT coalesce(sum(reserved_page_count), 0)"
            "        FROM truth.dm_db_partition_stats WHERE database_id = $1)"
            " WHERE database_id = $1",
            number,
            FILE_PAGES,
        )

    async def _columns(self, table: str) -> set[str]:
        rows = await self.owner.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'truth' AND table_name = $1",
            table,
        )
        return {row["column_name"] for row in rows}

    async def _value(self, sql: str, *values: Any) -> Any:
        return await self.owner.fetchval(sql, *values)


@asynccontextmanager
async def tds_instance(url: str, version: str = "2022") -> AsyncIterator[TdsInstance]:
    """An instance of a version, its catalogs in a database of their own beside `url`'s."""
    name = f"tds_{next(_numbers)}_{secrets.token_hex(4)}"
    owner = await asyncpg.connect(url)
    await owner.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    inside = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    keeper = await asyncpg.connect(inside)
    try:
        for statement in definitions(int(VERSIONS[version].split(".")[0])):
            await keeper.execute(statement)
        async with serving(inside, VERSIONS[version]) as server:
            instance = TdsInstance(server, keeper)
            for number, database in enumerate(("master", "tempdb", "model", "msdb"), 1):
                await instance.create_database(database, number=number)
            await keeper.execute(
                "INSERT INTO truth.login VALUES ($1, $2)", COLLECTOR, instance.password
            )
            await instance.grant(COLLECTOR, *GRANTS)
            yield instance
    finally:
        await keeper.close()
        await owner.execute(f"DROP DATABASE {name} (FORCE)")
        await owner.close()
