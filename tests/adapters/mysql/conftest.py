"""The MariaDB of these tests: `server` with the collecting account, and an empty `database`."""

import itertools
from collections.abc import AsyncIterator

import pytest

from tests.adapters.mysql.server import (
    COLLECTOR,
    COLLECTOR_GRANTS,
    PASSWORD,
    MySQLServer,
    administered,
)
from whalefall.embedded.mariadb import MariaDB

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def server(mariadb: MariaDB) -> AsyncIterator[MySQLServer]:
    async with administered(mariadb) as server:
        await server.execute(
            f"CREATE USER {COLLECTOR} IDENTIFIED BY {server.owner.escape(PASSWORD)}",
            f"GRANT {COLLECTOR_GRANTS} ON *.* TO {COLLECTOR}",
        )
        yield server
        await server.execute(f"DROP USER {COLLECTOR}")


@pytest.fixture
async def database(server: MySQLServer) -> AsyncIterator[str]:
    name = f"shop_{next(_numbers)}"
    await server.create_database(name)
    yield name
    await server.drop_database(name)
