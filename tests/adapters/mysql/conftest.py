"""The MariaDB of these tests: `server` with the collecting account, and an empty `database`."""

import itertools
from collections.abc import AsyncIterator

import aiomysql
import pytest

from tests.adapters.mysql.server import COLLECTOR, COLLECTOR_GRANTS, PASSWORD, MySQLServer
from tests.mariadb import MariaDB

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def server(mariadb: MariaDB) -> AsyncIterator[MySQLServer]:
    owner = await aiomysql.connect(
        host=mariadb.host,
        port=mariadb.port,
        user=mariadb.username,
        password=mariadb.password,
        charset="utf8mb4",
        autocommit=True,
    )
    server = MySQLServer(mariadb, owner)
    await server.execute(
        f"CREATE USER {COLLECTOR} IDENTIFIED BY {owner.escape(PASSWORD)}",
        f"GRANT {COLLECTOR_GRANTS} ON *.* TO {COLLECTOR}",
    )
    yield server
    await server.execute(f"DROP USER {COLLECTOR}")
    await owner.ensure_closed()


@pytest.fixture
async def database(server: MySQLServer) -> AsyncIterator[str]:
    name = f"shop_{next(_numbers)}"
    await server.create_database(name)
    yield name
    await server.drop_database(name)
