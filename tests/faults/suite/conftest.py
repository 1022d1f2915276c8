"""Servers of customers' own, which may be filled, stopped and killed; and the table at the end."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.faults.cases import MARIADB
from tests.faults.hosts import MariaDBHost, PostgreSQLHost
from tests.faults.surviving import Line

LINES = pytest.StashKey[list[Line]]()


@pytest.fixture(scope="session")
async def postgresql_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[PostgreSQLHost]:
    async with PostgreSQLHost.started(tmp_path_factory.mktemp("customer")) as host:
        yield host


@pytest.fixture(scope="session")
async def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MariaDBHost]:
    async with MariaDBHost.started(tmp_path_factory.mktemp("customer")) as host:
        yield host


@pytest.fixture
def ports(ports: dict[str, int], mariadb_server: MariaDBHost) -> dict[str, int]:
    return {**ports, MARIADB: mariadb_server.mariadb.port}


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[Line]:
    """What the run prints at its end."""
    return request.config.stash.setdefault(LINES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _printed(terminalreporter.config.stash.get(LINES, [])):
        terminalreporter.write_line(line)


def _printed(lines: list[Line]) -> Iterator[str]:
    yield f"\n{'case':<40}{'engine':<12}{'operation':<13}{'ending':<34}{'rows':<14}seconds"
    for line in lines:
        yield (
            f"{line.case:<40}{line.engine:<12}{line.operation:<13}{line.ending:<34}"
            f"{line.kept:<14}{line.seconds:.2f}"
        )
