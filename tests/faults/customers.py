"""Customers: a database server with one shop on it, and what its owner can do to our account."""

import contextlib
import itertools
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

import aiomysql
import asyncpg

from tests.adapters.contract import until
from tests.adapters.mysql import server as mysql
from tests.adapters.mysql.making import TableBeingMade
from tests.adapters.mysql.server import MySQLServer
from tests.adapters.postgresql import server as postgresql
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.domain.engines import Engine

TABLES = tuple(f"orders_of_{year}_and_what_came_of_them" for year in range(2001, 2031))
_numbers = itertools.count(1)


class Customer(ABC):
    """A shop's database, and the account that collects, whose password is a planted secret."""

    engine: ClassVar[Engine]
    first_database: str | None = None  # where sessions begin, when the instance must say so

    def __init__(self) -> None:
        number = next(_numbers)
        self.shop, self.grown, self.moved = f"shop_{number}", f"grown_{number}", f"moved_{number}"
        self.username = f"collects_{number}"
        self.secret = f"canary-{secrets.token_hex(12)}"

    @property
    @abstractmethod
    def address(self) -> tuple[str, int]: ...

    @abstractmethod
    async def sql(self, *statements: str) -> None:
        """Run statements as the administrator."""

    @abstractmethod
    async def allow(self) -> None:
        """Give our account, made where there is none, all that it should have."""

    @abstractmethod
    async def databases(self) -> set[str]: ...

    @abstractmethod
    async def tables(self) -> set[str]: ...

    @abstractmethod
    async def create_tables(self, names: Sequence[str]) -> None: ...

    @abstractmethod
    async def drop_table(self, name: str) -> None: ...

    @abstractmethod
    async def sessions(self) -> int:
        """How many sessions of our account the server has now."""

    @abstractmethod
    async def drop(self, database: str) -> None: ...

    @abstractmethod
    async def rename_shop(self) -> None: ...

    @abstractmethod
    async def drop_account(self) -> None: ...

    async def restore(self) -> None:
        """Undo whatever was done to the account or the shop."""
        databases = await self.databases()
        if self.moved in databases:
            await self.drop(self.moved)
        if self.shop not in databases:
            await self.sql(f"CREATE DATABASE {self.shop}")
            await self.create_tables(TABLES)
        await self.allow()

    async def grow(self) -> None:
        """One table and one database more than before."""
        await self.create_tables(["fresh"])
        await self.sql(f"CREATE DATABASE {self.grown}")

    async def drop_tables(self) -> None:
        for name in sorted(await self.tables()):
            await self.drop_table(name)

    async def close(self) -> None:
        for name in (self.shop, self.grown):
            if name in await self.databases():
                await self.drop(name)
        await self.drop_account()

    async def nobody_is_left(self, *, seconds: float = 5) -> None:
        """Wait until no session of ours is on the server. Raises TimeoutError."""

        async def none_left() -> bool:
            return await self.sessions() == 0

        await until(none_left, seconds=seconds)

    async def somebody_is_there(self) -> None:
        async def is_there() -> bool:
            return await self.sessions() > 0

        await until(is_there)


class PostgreSQLCustomer(Customer):
    engine = Engine("POSTGRESQL")

    def __init__(self, server: PostgreSQLServer) -> None:
        super().__init__()
        self.server = server

    @property
    def address(self) -> tuple[str, int]:
        target = self.server.target()
        return target.address, target.port

    async def sql(self, *statements: str) -> None:
        for statement in statements:
            await self.server.owner.execute(statement)

    async def allow(self) -> None:
        owner = self.server.owner
        if not await owner.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", self.username):
            await self.sql(f"CREATE ROLE {self.username}")
        await self.sql(
            f"ALTER DATABASE {self.shop} WITH ALLOW_CONNECTIONS true",
            f"ALTER ROLE {self.username} LOGIN PASSWORD '{self.secret}' VALID UNTIL 'infinity'"
            " CONNECTION LIMIT -1",
            f"ALTER ROLE {self.username} RESET ALL",
            f"GRANT pg_monitor TO {self.username}",
            f"GRANT CONNECT ON DATABASE {self.shop} TO PUBLIC",
        )
        await self._execution_of_sizes("GRANT", "TO")

    async def forbid_sizes(self) -> None:
        """Nobody but superusers may call the functions that tell sizes."""
        await self._execution_of_sizes("REVOKE", "FROM")

    async def _execution_of_sizes(self, verb: str, whom: str) -> None:
        functions = "pg_database_size(oid), pg_table_size(regclass)"
        for database in (self.shop, "postgres"):  # where tables and databases are asked for
            async with self.server.inside(database) as owner:
                await owner.execute(f"{verb} EXECUTE ON FUNCTION {functions} {whom} PUBLIC")

    async def databases(self) -> set[str]:
        rows = await self.server.owner.fetch("SELECT datname FROM pg_database")
        return {row["datname"] for row in rows}

    async def tables(self) -> set[str]:
        async with self.server.inside(self.shop) as owner:
            rows = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}

    async def create_tables(self, names: Sequence[str]) -> None:
        await self.server.create_tables(self.shop, names)

    async def drop_table(self, name: str) -> None:
        await self.server.drop_table(self.shop, name)

    async def sessions(self) -> int:
        count = await self.server.owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", self.username
        )
        assert isinstance(count, int)
        return count

    async def drop(self, database: str) -> None:
        await self.server.drop_database(database)

    async def rename_shop(self) -> None:
        await self.sql(f"ALTER DATABASE {self.shop} RENAME TO {self.moved}")

    async def drop_account(self) -> None:
        await self.sql(f"DROP ROLE {self.username}")

    @contextlib.asynccontextmanager
    async def holding(self, statement: str) -> AsyncIterator[None]:
        """A transaction of somebody else in the shop, which has run `statement` and stays open."""
        async with self.server.inside(self.shop) as owner, owner.transaction():
            await owner.execute(statement)
            yield

    @contextlib.asynccontextmanager
    async def crowded(self) -> AsyncIterator[None]:
        """As many sessions of others as the server takes from accounts that are not privileged."""
        other, (host, port) = f"{self.username}_too", self.address
        await self.sql(f"CREATE ROLE {other} LOGIN PASSWORD '{postgresql.PASSWORD}'")
        async with contextlib.AsyncExitStack() as crowd:
            with contextlib.suppress(asyncpg.TooManyConnectionsError):
                while True:
                    one = await asyncpg.connect(
                        host=host,
                        port=port,
                        user=other,
                        password=postgresql.PASSWORD,
                        database="postgres",
                    )
                    crowd.push_async_callback(one.close)
            yield
        await self.sql(f"DROP ROLE {other}")


class MariaDBCustomer(Customer):
    engine = Engine("MYSQL")

    def __init__(self, server: MySQLServer) -> None:
        super().__init__()
        self.server = server
        self._guests = 0  # sessions of our account that are not the product's

    @property
    def address(self) -> tuple[str, int]:
        return self.server.mariadb.host, self.server.mariadb.port

    async def sql(self, *statements: str) -> None:
        await self.server.execute(*statements)

    async def allow(self) -> None:
        await self.sql(
            f"CREATE USER IF NOT EXISTS {self.username}",
            f"ALTER USER {self.username} IDENTIFIED BY '{self.secret}'"
            " WITH MAX_USER_CONNECTIONS 0 ACCOUNT UNLOCK",
            f"GRANT {mysql.COLLECTOR_GRANTS} ON *.* TO {self.username}",
            "SET GLOBAL read_only = 0",
        )

    async def databases(self) -> set[str]:
        return {name for (name,) in await self.server.execute("SHOW DATABASES")}

    async def tables(self) -> set[str]:
        return {name for (name,) in await self.server.execute(f"SHOW TABLES FROM {self.shop}")}

    async def create_tables(self, names: Sequence[str]) -> None:
        await self.server.create_tables(self.shop, names)

    async def drop_table(self, name: str) -> None:
        await self.server.drop_table(self.shop, name)

    async def sessions(self) -> int:
        ((count,),) = await self.server.execute(
            f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{self.username}'"
        )
        assert isinstance(count, int)
        return count - self._guests

    async def drop(self, database: str) -> None:
        await self.server.drop_database(database)

    async def rename_shop(self) -> None:
        """There is no statement for it: people move the tables and drop what they were in."""
        await self.sql(
            f"CREATE DATABASE {self.moved}",
            *(
                f"RENAME TABLE {self.shop}.{name} TO {self.moved}.{name}"
                for name in sorted(await self.tables())
            ),
        )
        await self.drop(self.shop)

    async def drop_account(self) -> None:
        await self.sql(f"DROP USER {self.username}")

    def making_a_table(self) -> TableBeingMade:
        return TableBeingMade(self.server, self.shop)

    @contextlib.asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """A session of our own account from elsewhere, which is all that the account may have."""
        await self.sql(f"ALTER USER {self.username} WITH MAX_USER_CONNECTIONS 1")
        host, port = self.address
        other = await aiomysql.connect(
            host=host, port=port, user=self.username, password=self.secret
        )
        try:
            self._guests = 1
            yield
        finally:
            self._guests = 0
            await other.ensure_closed()
            await self.nobody_is_left()
