"""A customer whose server is a folder, for the table of faults."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing

from tests.faults.customers import TABLES, Customer
from tests.kit.adapter import ACCOUNTS, SQLITE, names_in, path_of
from tests.kit.server import SQLiteServer


class SQLiteCustomer(Customer):
    engine = SQLITE

    def __init__(self, server: SQLiteServer) -> None:
        super().__init__()
        self.server = server
        self.first_database = str(server.folder)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", 1  # an instance has one; nobody dials it

    async def sql(self, *statements: str) -> None:
        raise NotImplementedError("a folder's owner has methods")

    async def restore(self) -> None:
        away = self.server.folder.with_name("away")
        if away.exists():
            away.rename(self.server.folder)
        if not await self._is_sound():
            await self.server.drop_database(self.shop)
            await self.server.create_database(self.shop)
            await self.create_tables(TABLES)
        await self.allow()

    async def grow(self) -> None:
        await self.create_tables(["fresh"])
        await self.server.create_database(self.grown)

    async def allow(self) -> None:
        self.server.let_in(self.username, self.secret)

    async def databases(self) -> set[str]:
        return set(names_in(self.server.folder))

    async def tables(self) -> set[str]:
        with closing(sqlite3.connect(path_of(self.server.folder, self.shop))) as file:
            found = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            return {name for (name,) in found}

    async def create_tables(self, names: Sequence[str]) -> None:
        await self.server.create_tables(self.shop, names)

    async def drop_table(self, name: str) -> None:
        await self.server.drop_table(self.shop, name)

    async def sessions(self) -> int:
        return len(self.server.adapter.sessions)

    async def drop(self, database: str) -> None:
        await self.server.drop_database(database)

    async def rename_shop(self) -> None:
        path_of(self.server.folder, self.shop).rename(path_of(self.server.folder, self.moved))

    async def drop_account(self) -> None:
        self.server.change(ACCOUNTS, "DELETE FROM account WHERE name = ?", self.username)

    def take_away(self) -> None:
        """As if the disk were not there."""
        self.server.folder.rename(self.server.folder.with_name("away"))

    def unmount(self) -> None:
        """What is there instead is an empty folder."""
        self.take_away()
        self.server.folder.mkdir()

    def spoil(self) -> None:
        """The shop's file is no database any more."""
        path_of(self.server.folder, self.shop).write_bytes(b"no database at all" * 1000)

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(path_of(self.server.folder, self.shop))) as file:
            file.execute("BEGIN EXCLUSIVE")
            yield

    async def _is_sound(self) -> bool:
        if self.shop not in await self.databases():
            return False
        try:
            return bool(await self.tables())
        except sqlite3.DatabaseError:
            return False
