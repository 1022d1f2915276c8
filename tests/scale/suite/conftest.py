"""The load, once for all tests of the suite, and its figures at the end of the run."""

import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from benchmarks import estates
from benchmarks.installation import installed
from tests.scale import site
from tests.scale.collecting import Seen
from tests.scale.crowd import arrived, live, planned_refreshes
from tests.scale.logs import read_logs
from tests.scale.notes import Notes
from tests.scale.report import Outcome, report, report_of_target
from tests.scale.watching import Watch
from whalefall.settings import Settings

SECONDS = float(os.environ.get("WHALEFALL_TEST_LOAD_SECONDS") or 600)
OUTCOME = pytest.StashKey[Outcome]()
NIGHTS = pytest.StashKey[list[float]]()
LARGE = pytest.StashKey[dict[str, Seen]]()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Private servers with an empty schema, and what the processes are told."""
    with installed(tmp_path_factory.mktemp("scale")) as settings:
        yield replace(settings, log_level="INFO")


@pytest.fixture(scope="session")
async def outcome(servers: Settings, request: pytest.FixtureRequest) -> Outcome:
    """What came of the load; all processes have ended."""
    measured = await _measure(servers)
    request.config.stash[OUTCOME] = measured
    return measured


@pytest.fixture(scope="session")
def large(request: pytest.FixtureRequest) -> dict[str, Seen]:
    """What was seen of each large target; filled by the tests."""
    return request.config.stash.setdefault(LARGE, {})


@pytest.fixture(scope="session")
def nights(request: pytest.FixtureRequest) -> list[float]:
    """How many seconds each nightly reading took; filled by the tests."""
    return request.config.stash.setdefault(NIGHTS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for seconds in terminalreporter.config.stash.get(NIGHTS, []):
        terminalreporter.write_line(f"\na thousand instances were read in {seconds:.0f} s")
    for name, seen in terminalreporter.config.stash.get(LARGE, {}).items():
        terminalreporter.write_line("\n" + report_of_target(name, seen))
    if (measured := terminalreporter.config.stash.get(OUTCOME, None)) is not None:
        terminalreporter.write_line("\n" + report(measured))


async def _measure(settings: Settings) -> Outcome:
    await estates.build(settings.database_url, site.SIZE)
    notes = Notes()
    with site.running(settings) as processes:
        place = await site.furnish(settings)
        pids = {name: process.pid for name, process in processes.items()}
        watch = Watch(settings.database_url, _postmaster(settings), pids, settings.port)
        async with AsyncExitStack() as stack:
            people = await stack.enter_async_context(arrived(place, notes))
            await stack.enter_async_context(watch.looking())
            await live(people, SECONDS)
        rest = await watch.rest()
    return Outcome(
        people=len(place.accounts),
        seconds=SECONDS,
        planned_refreshes=len(planned_refreshes(SECONDS)),
        notes=notes,
        samples=watch.samples,
        cpu_seconds=watch.cpu_seconds,
        rest=rest,
        written=read_logs(settings.state_dir / f"{name}.log" for name in site.PROCESSES),
        statuses={name: process.returncode for name, process in processes.items()},
    )


def _postmaster(settings: Settings) -> int:
    """The process id of the private PostgreSQL."""
    (file,) = settings.state_dir.glob("pg*/postmaster.pid")
    return int(file.read_text().split()[0])
