"""F37: an upgrade that is killed at any point goes on where it was, and ends like any other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import asyncpg
import pytest

from tests.chaos.world import ROOT, SEED
from whalefall.db import plain_url
from whalefall.embedded import EmbeddedPostgres, running_postgres

KILLS = 20
UPGRADE_SECONDS = 2.5  # what one takes, with the start of its process
SCHEMA = """
    SELECT 'column' AS kind, table_name || '.' || column_name AS name,
           concat_ws(' ', data_type, is_nullable, column_default) AS what
      FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     ORDER BY kind, name
"""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with running_postgres(tmp_path) as server:
        yield server


def upgrade(url: str, seconds: float | None = None) -> bool:
    """Upgrade, or be killed after so many seconds; whether it ended by itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "whalefall", "migrate"],
        env={**os.environ, "WHALEFALL_DATABASE_URL": url},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    with suppress(subprocess.TimeoutExpired):
        assert process.wait(seconds) == 0
        return True
    process.kill()
    process.wait()
    return False


async def schema_of(url: str) -> list[tuple[str, str, str]]:
    connection = await asyncpg.connect(plain_url(url))
    found = [tuple(row) for row in await connection.fetch(SCHEMA)]
    await connection.close()
    return found


async def test_an_upgrade_is_killed(postgres: EmbeddedPostgres) -> None:
    random = Random(SEED)
    owner = await asyncpg.connect(postgres.superuser_url)
    for name in ("killed", "quiet"):
        await owner.execute(f"CREATE DATABASE {name}")
    await owner.close()
    killed, quiet = (
        postgres.superuser_url.rpartition("/")[0] + f"/{name}" for name in ("killed", "quiet")
    )
    assert upgrade(quiet)

    ended = [upgrade(killed, random.uniform(0.3, UPGRADE_SECONDS)) for _ in range(KILLS)]

    assert not all(ended)
    assert upgrade(killed)
    assert await schema_of(killed) == await schema_of(quiet)
