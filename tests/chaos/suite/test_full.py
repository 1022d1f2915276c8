"""F35: the disk below our own database is full, and has room again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.chaos.pages import until_answered
from tests.chaos.world import SEED, TABLES, World, world
from whalefall.embedded.binaries import account

SHOPS = 4
NEW_TABLES = 5_000  # more rows than the free places in what is there already
MEGABYTES = 64
LOGIN = """
    mutation { login(input: {username: "nobody", password: "wrong and long"}) { errors { code } } }
"""
pytestmark = pytest.mark.timeout(300)


class Disk:
    """A small file system in memory. Mounting one takes root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        with suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        assert os.statvfs(self.folder).f_bavail == 0

    def make_room(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk() -> Iterator[Disk]:
    folder = Path(tempfile.mkdtemp(prefix="whalefall-disk-"))  # where PostgreSQL's account gets to
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "tmpfs", folder], check=True
    )
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


@pytest.fixture
async def here(tmp_path: Path, disk: Disk) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        await move_to(disk, made)
        yield made


async def move_to(disk: Disk, made: World) -> None:
    """Put our whole database, its catalogs too, on the disk."""
    place = disk.folder / "tablespace"
    place.mkdir(mode=0o700)
    if who := account():
        shutil.chown(disk.folder, who.pw_uid)
        shutil.chown(place, who.pw_uid, who.pw_gid)
    name = urlsplit(made.settings.database_url).path.removeprefix("/")
    owner = await asyncpg.connect(made.postgres.superuser_url, database="postgres")
    await owner.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await owner.execute(f'ALTER DATABASE "{name}" SET TABLESPACE small')
    await owner.close()


async def sell_more(made: World) -> int:
    """Give the first shop many tables; the id of its database."""
    owner = await asyncpg.connect(made.target.superuser_url, database="shop_0")
    await owner.execute(
        f"DO $$ BEGIN FOR n IN 1..{NEW_TABLES} LOOP"
        " EXECUTE format('CREATE TABLE more_%s (id integer)', n); END LOOP; END $$"
    )
    await owner.close()
    return made.database_ids[0]


async def snapshots(made: World) -> dict[int, tuple[int, int]]:
    """By database: how many tables its snapshot says it has, and how many are there."""
    found = await made.all(
        "SELECT head.database_id, head.table_count, count(stat.id) AS rows"
        "  FROM table_snapshots AS head"
        "  LEFT JOIN database_table_size_stats AS stat USING (database_id) GROUP BY 1, 2"
    )
    return {row["database_id"]: (row["table_count"], row["rows"]) for row in found}


async def test_the_disk_is_full(here: World, disk: Disk) -> None:
    """The old snapshot stays, pages answer, nobody gets an error of ours; later it is all done."""
    here.spawn("worker", 2)
    here.spawn("scheduler")
    await here.refresh_all()
    await here.until_ended()
    before = await snapshots(here)
    grown = await sell_more(here)

    async with here.browsing() as client:
        disk.fill()
        session = await here.refresh(grown)
        await here.until_logged("No space left on device")
        await until_answered(client)
        during = await snapshots(here)
        login = await client.post("/graphql", headers={"Authorization": ""}, json={"query": LOGIN})
        disk.make_room()
        await until_answered(client)
        await here.until_ended(120)

    assert during == before
    assert login.status_code == 200
    assert "INTERNAL_ERROR" not in login.text
    record = await here.one(
        "SELECT status, error_code FROM sync_instance_records WHERE session_id = :id", id=session
    )
    assert record == {"status": "COMPLETED", "error_code": None}
    many = TABLES + NEW_TABLES
    assert await snapshots(here) == before | {grown: (many, many)}
