"""The seam that stands in for Oracle in these tests, and an empty tablespace."""

import itertools
from collections.abc import AsyncIterator

import pytest

from tests.adapters.oracle.seam import OracleSeam, oracle_seam
from whalefall.embedded import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture
async def seam(postgres: EmbeddedPostgres) -> AsyncIterator[OracleSeam]:
    async with oracle_seam(postgres.superuser_url) as seam:
        yield seam


@pytest.fixture
async def server(seam: OracleSeam) -> OracleSeam:
    return seam


@pytest.fixture
async def database(seam: OracleSeam) -> str:
    name = f"SHOP_{next(_numbers)}"
    await seam.create_database(name)
    return name
