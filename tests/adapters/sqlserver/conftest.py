"""The stand-in for SQL Server of these tests: `tds` with the collecting login."""

import itertools
from collections.abc import AsyncIterator

import pytest

from tests.tds.instance import TdsInstance, tds_instance
from whalefall.embedded import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture
async def tds(postgres: EmbeddedPostgres) -> AsyncIterator[TdsInstance]:
    async with tds_instance(postgres.superuser_url) as instance:
        yield instance


@pytest.fixture
async def server(tds: TdsInstance) -> TdsInstance:
    return tds


@pytest.fixture
async def database(tds: TdsInstance) -> str:
    name = f"shop_{next(_numbers)}"
    await tds.create_database(name)
    return name
