"""An installation for the programs of a module."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import empty
from tests.installation import Installation, installed
from whalefall.db import Database
from whalefall.embedded import EmbeddedPostgres
from whalefall.settings import Settings


@pytest.fixture(scope="module")
async def installation(
    opened_database: Database, settings: Settings, postgres: EmbeddedPostgres
) -> AsyncIterator[Installation]:
    async with installed(settings, postgres) as installation:
        yield installation
    await empty(opened_database)
