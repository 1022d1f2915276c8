"""F37: an upgrade that is killed, and one below processes of the version before."""

import asyncio
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from random import Random

import asyncpg
import httpx2
import pytest
from alembic import command
from alembic.config import Config

from tests.chaos.pages import asked, until_answered
from tests.chaos.world import ROOT, SEED, World, world
from whalefall.db import PROJECT, plain_url
from whalefall.embedded import EmbeddedPostgres, running_postgres
from whalefall.schema.ids import global_id, row_id

SHOPS = 6
REFRESH = """
    mutation ($input: RefreshTableSizesInput!) {
      refreshTableSizes(input: $input) { session { id } errors { code message } }
    }
"""
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
    """It goes on where it was, and ends like any other."""
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


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        yield made


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version before the newest migration, taken from the history of the repository."""
    git = ["git", "-C", str(ROOT)]
    newest = subprocess.check_output(
        [*git, "log", "-1", "--diff-filter=A", "--format=%H", "--", "migrations/versions"],
        text=True,
    ).strip()
    packed = subprocess.check_output([*git, "archive", f"{newest}~1"])
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def begin_all(client: httpx2.AsyncClient, here: World) -> list[int]:
    """Ask for the tables of all shops, by the API; the ids of the sessions."""
    began = []
    for database_id in here.database_ids:
        asked_for = {"databaseId": global_id("Database", database_id), "waitSeconds": 0}
        answer = await client.post(
            "/graphql", json={"query": REFRESH, "variables": {"input": asked_for}}
        )
        begun = answer.json()["data"]["refreshTableSizes"]
        assert begun["errors"] == []
        began.append(row_id(begun["session"]["id"], "SyncSession"))
    return began


async def ask_on(client: httpx2.AsyncClient, answers: list[httpx2.Response]) -> None:
    """Ask for pages without a break, until cancelled."""
    while True:
        answers.append(await asked(client))


async def test_the_schema_changes_below_running_processes(here: World, before: Path) -> None:
    """Pages and jobs of the version before go on; both versions work side by side; nobody fails."""
    newest = Config(toml_file=PROJECT)
    newest.attributes["url"] = here.settings.database_url
    answers: list[httpx2.Response] = []
    here.root = before
    async with here.browsing() as client:
        await asyncio.to_thread(command.downgrade, newest, "-1")
        here.spawn("worker", 2)
        here.spawn("scheduler")
        await until_answered(client)
        sessions = await begin_all(client, here)
        await here.until_ended()

        asking = asyncio.create_task(ask_on(client, answers))
        sessions += await begin_all(client, here)
        assert await asyncio.to_thread(upgrade, here.settings.database_url)
        sessions += await begin_all(client, here)
        await here.until_ended()
        unready = (await client.get("/readyz")).status_code

        here.root = ROOT
        here.spawn("worker")
        here.spawn("scheduler")
        sessions += await begin_all(client, here)
        await here.until_ended()
        asking.cancel()
        await asyncio.to_thread(here.retire_all)

    async with here.browsing() as client:
        here.spawn("worker")
        here.spawn("scheduler")
        sessions += await begin_all(client, here)
        await here.until_ended()
        ready = (await client.get("/readyz")).status_code

    assert (unready, ready) == (503, 200)
    assert len(answers) > 100
    assert {answer.status_code for answer in answers} == {200}
    assert not any("errors" in answer.json() for answer in answers)
    await here.assert_whole(sessions)
