"""A folder of databases in its owner's hands, for the contract of adapters."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psutil

from tests.kit.adapter import ACCOUNTS, SQLITE, SQLiteAdapter, path_of
from whalefall.adapters.base import Target

COLLECTOR, PASSWORD = "collector", "pä55 'word' 鯨"


class SQLiteServer:
    """`adapter` is asked what it is executing: the engine runs inside of who uses it."""

    def __init__(self, folder: Path, adapter: SQLiteAdapter) -> None:
        self.folder, self.adapter = folder, adapter
        self.change(ACCOUNTS, "CREATE TABLE account (name TEXT PRIMARY KEY, password TEXT)")
        self.let_in(COLLECTOR, PASSWORD)

    def target(self) -> Target:
        return Target(
            engine=SQLITE,
            host="localhost",
            address="127.0.0.1",
            port=1,
            username=COLLECTOR,
            password=PASSWORD,
            database=str(self.folder),
        )

    def let_in(self, name: str, password: str) -> None:
        self.change(ACCOUNTS, "INSERT OR REPLACE INTO account VALUES (?, ?)", name, password)

    def change(self, database: str, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(path_of(self.folder, database))) as file, file:
            file.execute(statement, values)

    async def create_database(self, name: str) -> None:
        self.change(name, "PRAGMA user_version = 1")

    async def drop_database(self, name: str) -> None:
        path_of(self.folder, name).unlink(missing_ok=True)

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        for name in names:
            quoted = '"' + name.replace('"', '""') + '"'
            self.change(database, f"CREATE TABLE {quoted} (id TEXT PRIMARY KEY)")
            self.change(database, f"INSERT INTO {quoted} VALUES ('one')")

    async def drop_table(self, database: str, name: str) -> None:
        self.change(database, f'DROP TABLE "{name}"')

    async def sessions(self) -> int:
        opened = psutil.Process().open_files()
        return len({file.path for file in opened if Path(file.path).parent == self.folder})

    async def running(self) -> int:
        return sum(session.is_running for session in self.adapter.sessions)
