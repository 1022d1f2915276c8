"""A table in the making: locked for everybody else until it is filled."""

import asyncio

import aiomysql

from tests.adapters.contract import until
from tests.adapters.mysql.server import MySQLServer, quoted


class TableBeingMade:
    """A table that another session holds locked, as it is still being filled."""

    def __init__(self, server: MySQLServer, database: str) -> None:
        self._server = server
        self._sql = f"CREATE TABLE {quoted(database)}.in_the_making ENGINE=InnoDB SELECT SLEEP(60)"

    async def __aenter__(self) -> None:
        admin = self._server.admin()
        self._maker = await aiomysql.connect(
            host=admin.address, port=admin.port, user=admin.username, password=admin.password
        )
        self._making = asyncio.create_task(self._maker.query(self._sql))

        async def is_being_made() -> bool:
            return await self._server.running() == 1

        await until(is_being_made)

    async def __aexit__(self, *_: object) -> None:
        await self._server.execute(f"KILL {self._maker.thread_id()}")
        await asyncio.gather(self._making, return_exceptions=True)
        self._maker.close()
