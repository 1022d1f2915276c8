"""What an account reads of a database, and what its files really take."""

import os

from tests.adapters.contract import QUICK
from tests.adapters.mysql.server import MySQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.domain.facts import Collected, DatabaseSizeFact, TableFact


async def read(target: Target, database: str) -> Collected[TableFact]:
    async with MySQLAdapter().connect(target, QUICK, database=database) as session:
        return await session.table_sizes(database)


async def read_total(target: Target, database: str) -> DatabaseSizeFact:
    async with MySQLAdapter().connect(target, QUICK) as session:
        sizes = await session.database_sizes()
    return next(fact for fact in sizes.items if fact.name == database)


def bytes_on_disk(server: MySQLServer, database: str, pattern: str = "*.ibd") -> int:
    files = (server.mariadb.folder / "data" / database).glob(pattern)
    return sum(os.stat(file).st_blocks * 512 for file in files)
