"""Both paths once more over the system's own PostgreSQL, which is the oldest that we stand on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from tests.schema.test_paths import paths, test_written_queries_are_answered_alike
from whalefall.db import Database, migrate
from whalefall.embedded import EmbeddedPostgres
from whalefall.settings import Settings

__all__ = ["paths", "test_written_queries_are_answered_alike"]
NAME = "whalefall_of_ours"


@pytest.fixture(scope="module")
async def opened_database(
    debian_postgres: EmbeddedPostgres, settings: Settings
) -> AsyncIterator[Database]:
    owner = await asyncpg.connect(debian_postgres.superuser_url)
    await owner.execute(f"CREATE DATABASE {NAME}")
    url = f"{debian_postgres.superuser_url.rpartition('/')[0]}/{NAME}"
    await asyncio.to_thread(migrate, url)
    db = Database.of(replace(settings, database_url=url))
    await db.open()
    yield db
    await db.close()
    await owner.execute(f"DROP DATABASE {NAME}")
    await owner.close()


async def test_it_is_older(opened_database: Database) -> None:
    assert await opened_database.version() < 17
