"""What tests stand on: private servers on loopback, and a database emptied after each test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from tests.factories import ADA, OTTO, VERA
from tests.faults.matrix import table as fault_table
from whalefall.auth import Actor
from whalefall.crypto import generate_key_line
from whalefall.db import Database, migrate
from whalefall.embedded import EmbeddedPostgres, EmbeddedValkey, running_postgres, running_valkey
from whalefall.embedded.mariadb import MariaDB, running_mariadb
from whalefall.embedded.postgres import QUICK
from whalefall.models import Base
from whalefall.queue import Job
from whalefall.settings import Settings

PARTS = {
    "mariadb": "mariadb",
    "browser": "chromium",
    "tds": "odbc",
    "debian_postgres": "postgresql",
}  # fixture -> the part that it needs
LONG = ("test_pages", "test_demo", "e2e", "test_paths", "test_readme", "test_run")  # begin first


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a part of the system, so that a laptop can leave that part out."""
    for item in items:
        for fixture, part in PARTS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(part)
    items.sort(key=_place)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What became of each fault, once its test has passed."""
    passed = terminalreporter.stats.get("passed", [])
    cells = sum("test_matrix.py::test_nothing_is_lost" in one.nodeid for one in passed)
    if cells:
        terminalreporter.write_line(f"\n{cells} cells of this table held:\n\n{fault_table()}")


def _place(item: pytest.Item) -> int:
    names = {item.path.stem, item.path.parent.name}
    return next((place for place, name in enumerate(LONG) if name in names), len(LONG))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that only this run uses, quick and forgetful."""
    state = tmp_path_factory.mktemp("postgres")
    with running_postgres(state, fsync="off", synchronous_commit="off") as server:
        yield server


@pytest.fixture(scope="session")
def debian_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The system's own PostgreSQL, an older one, which speaks TLS."""
    state = tmp_path_factory.mktemp("debian")
    program = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    with EmbeddedPostgres.start(state, pg_bin=str(program.parent), settings=QUICK) as server:
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """A Valkey that only this run uses."""
    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def settings(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Settings:
    """An installation with a migrated database, a fresh key and loopback targets allowed."""
    migrate(postgres.superuser_url)
    return Settings(
        database_url=postgres.superuser_url,
        redis_url=valkey.url,
        secret_keys=generate_key_line(),
        targets_allow=("127.0.0.0/8",),
        state_dir=tmp_path_factory.mktemp("state"),
        metrics_token="measure",
    )


@pytest.fixture(scope="session")
async def opened_database(settings: Settings) -> AsyncIterator[Database]:
    db = Database.of(settings)
    await db.open()
    yield db
    await db.close()


@pytest.fixture
async def db(opened_database: Database) -> AsyncIterator[Database]:
    """Our database, empty at the beginning of every test."""
    yield opened_database
    await empty(opened_database)


async def empty(db: Database) -> None:
    """Take every row away."""
    async with db.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            await session.execute(delete(table))  # on a few rows far quicker than TRUNCATE


@pytest.fixture
def sent_jobs(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that this test's commits hand over, in place of a broker."""
    jobs: list[Job] = []

    async def keep(job: Job) -> None:
        jobs.append(job)

    monkeypatch.setattr(db, "_send", keep)
    return jobs


@pytest.fixture
def ada() -> Actor:
    """Ada administers."""
    return ADA


@pytest.fixture
def otto() -> Actor:
    """Otto operates."""
    return OTTO


@pytest.fixture
def vera() -> Actor:
    """Vera views."""
    return VERA


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB that only this run uses."""
    with running_mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server
