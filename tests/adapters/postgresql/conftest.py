"""The PostgreSQL of these tests: `server` with the collecting role, and an empty `database`."""

import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.adapters.postgresql.server import COLLECTOR, PASSWORD, PostgreSQLServer
from whalefall.embedded import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
async def server(postgres: EmbeddedPostgres) -> AsyncIterator[PostgreSQLServer]:
    owner = await asyncpg.connect(postgres.superuser_url)
    await owner.execute(f"CREATE ROLE {COLLECTOR} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor")
    yield PostgreSQLServer(postgres.superuser_url, owner)
    await owner.execute(f"DROP ROLE {COLLECTOR}")
    await owner.close()


@pytest.fixture
async def database(server: PostgreSQLServer) -> AsyncIterator[str]:
    name = f"shop_{next(_numbers)}"
    await server.create_database(name)
    yield name
    await server.drop_database(name)
