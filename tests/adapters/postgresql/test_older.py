"""The contract once more, on the system's own PostgreSQL, which is some versions older."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.adapters.postgresql import test_adapter
from tests.adapters.postgresql.server import COLLECTOR, PASSWORD, PostgreSQLServer
from whalefall.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
async def server(debian_postgres: EmbeddedPostgres) -> AsyncIterator[PostgreSQLServer]:
    owner = await asyncpg.connect(debian_postgres.superuser_url)
    await owner.execute(f"CREATE ROLE {COLLECTOR} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor")
    yield PostgreSQLServer(debian_postgres.superuser_url, owner)
    await owner.execute(f"DROP ROLE {COLLECTOR}")
    await owner.close()


class TestOlder(test_adapter.TestContract):
    pass
