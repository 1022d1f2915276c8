"""Customers on what stands in for SQL Server and Oracle."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from tests.adapters.oracle.seam import Account, OracleSeam
from tests.faults.customers import TABLES, Customer
from tests.tds.instance import GRANTS, TdsInstance
from whalefall.adapters.oracle.privileges import grant, views
from whalefall.domain.engines import Engine

MOST_SESSIONS = 100


class DoubleCustomer(Customer):
    """What both have in common: their owner has hands of another kind than statements."""

    server: Any  # TdsInstance | OracleSeam
    granted: ClassVar[frozenset[str]]

    async def sql(self, *statements: str) -> None:
        raise NotImplementedError("stand-ins are changed by their owner's methods")

    async def restore(self) -> None:
        self.server.all_disturbances().clear()
        self.set_most_sessions(MOST_SESSIONS)
        databases = await self.databases()
        if self.moved in databases:
            await self.drop(self.moved)
        if self.shop not in databases:
            await self.server.create_database(self.shop)
            await self.create_tables(TABLES)
        await self.allow()

    async def grow(self) -> None:
        await self.create_tables(["fresh"])
        await self.server.create_database(self.grown)

    async def create_tables(self, names: Sequence[str]) -> None:
        await self.server.create_tables(self.shop, names)

    async def drop_table(self, name: str) -> None:
        await self.server.drop_table(self.shop, name)

    async def sessions(self) -> int:
        return int(await self.server.sessions())

    async def drop(self, database: str) -> None:
        await self.server.drop_database(database)

    def set_most_sessions(self, count: int) -> None:
        self.server.most_sessions = count

    @abstractmethod
    async def refuse(self, how: int | str | None) -> None:
        """With this error, or because the password is another one."""

    async def rename_shop(self) -> None:
        raise NotImplementedError("stand-ins rename nothing")


class SQLServerCustomer(DoubleCustomer):
    engine = Engine("SQLSERVER")
    granted = frozenset(GRANTS)

    def __init__(self, server: TdsInstance) -> None:
        super().__init__()
        self.server: TdsInstance = server

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.server.port

    async def allow(self) -> None:
        owner = self.server.owner
        await owner.execute(
            "INSERT INTO truth.login VALUES ($1, $2) ON CONFLICT (name)"
            " DO UPDATE SET password = excluded.password, refusal = NULL",
            self.username,
            self.secret,
        )
        await self.server.grant(self.username, *self.granted)
        await owner.execute("UPDATE truth.databases SET state_desc = 'ONLINE'")

    def set_most_sessions(self, count: int) -> None:
        self.server.server.most_sessions = count

    async def refuse(self, how: int | str | None) -> None:
        if isinstance(how, int):
            await self.server.refuse(self.username, how)
        else:
            await self.server.owner.execute(
                "UPDATE truth.login SET password = 'another' WHERE name = $1", self.username
            )

    async def revoke(self, *permissions: str) -> None:
        await self.server.revoke(self.username, *permissions)

    async def shut(self) -> None:
        await self.server.set_state(self.shop, state_desc="OFFLINE")

    async def databases(self) -> set[str]:
        rows = await self.server.owner.fetch("SELECT name FROM truth.databases")
        return {row["name"] for row in rows}

    async def tables(self) -> set[str]:
        rows = await self.server.owner.fetch(
            "SELECT o.name FROM truth.objects AS o JOIN truth.databases AS d USING (database_id)"
            " WHERE d.name = $1 AND o.type = 'U'",
            self.shop,
        )
        return {row["name"] for row in rows}

    async def drop_account(self) -> None:
        await self.server.owner.execute("DELETE FROM truth.login WHERE name = $1", self.username)


class OracleCustomer(DoubleCustomer):
    engine = Engine("ORACLE")
    granted = frozenset(grant(view, "dba").removeprefix("SELECT ON ") for view in views())

    def __init__(self, server: OracleSeam, address: tuple[str, int]) -> None:
        super().__init__()
        self.server: OracleSeam = server
        self._address = address  # of whatever listens: the seam needs no socket

    @property
    def address(self) -> tuple[str, int]:
        return self._address

    async def allow(self) -> None:
        self.server.accounts[self.username] = Account(self.secret, set(self.granted))
        await self.server.owner.execute("UPDATE truth.tablespaces SET status = 'ONLINE'")

    async def refuse(self, how: int | str | None) -> None:
        account = self.server.accounts[self.username]
        account.refusal = None if how is None else str(how)
        account.password = self.secret if how else "another"

    async def revoke(self, *permissions: str) -> None:
        self.server.accounts[self.username].grants -= set(permissions)

    async def shut(self) -> None:
        await self.server.owner.execute(
            "UPDATE truth.tablespaces SET status = 'OFFLINE' WHERE tablespace_name = $1", self.shop
        )

    async def databases(self) -> set[str]:
        rows = await self.server.owner.fetch("SELECT tablespace_name FROM truth.tablespaces")
        return {row["tablespace_name"] for row in rows}

    async def tables(self) -> set[str]:
        rows = await self.server.owner.fetch(
            "SELECT table_name FROM truth.tables WHERE tablespace_name = $1", self.shop
        )
        return {row["table_name"] for row in rows}

    async def drop_account(self) -> None:
        del self.server.accounts[self.username]
