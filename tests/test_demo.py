"""`./run demo` as a person meets it: started, used, killed at, interrupted, started again."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from whalefall.db import sqlalchemy_url
from whalefall.demo.databases import HOSTILE
from whalefall.embedded import EmbeddedPostgres
from whalefall.embedded.launch import usable_port

TOKEN = "wf_a-token-that-only-this-test-knows"
SOURCES = text(
    "SELECT source, count(DISTINCT stat_date) AS days FROM database_size_stats GROUP BY source"
)
LOCK_SNAPSHOT = text("SELECT pg_advisory_xact_lock(8600002, :database_id)")

pytestmark = pytest.mark.timeout(300)


@dataclass
class Demo:
    """A running demo and what it has printed up to `ready`."""

    state: Path
    port: int
    process: subprocess.Popen[bytes]
    lines: list[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def curl(self) -> str:
        return next(line for line in self.lines if line.startswith("curl "))

    def ask(self, query: str, **variables: object) -> Any:
        """The answer to a query, asked by the printed line with another body."""
        body = json.dumps({"query": query, "variables": variables})
        head = self.curl[: self.curl.index(" -d ")]
        command = f"{head} --data-binary @-"
        done = subprocess.run(
            command, shell=True, input=body, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        assert "errors" not in answer, answer
        return answer["data"]

    def worker(self) -> psutil.Process:
        return next(one for one in self.children() if one.cmdline()[-1:] == ["worker"])

    def children(self) -> list[psutil.Process]:
        children: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return children

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def start(state: Path, port: int) -> Demo:
    """Start the demo and wait for its `ready`."""
    output = state.with_name(f"{state.name}.log")
    with output.open("w") as sink:
        command = [sys.executable, "-m", "whalefall", "demo"]
        process = subprocess.Popen(command, env=environment(state, port), stdout=sink)
    while process.poll() is None:
        lines = output.read_text().splitlines()
        if "ready" in lines:
            return Demo(state, port, process, lines)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise AssertionError(output.read_text())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    state = tmp_path_factory.mktemp("demo")
    running = start(state, usable_port(state / "no port yet"))
    try:
        yield running
    finally:
        running.process.send_signal(signal.SIGINT)  # nothing when a test has ended it
        running.process.wait(60)


def test_demo_prints_how_to_enter(demo: Demo) -> None:
    shown = "\n".join(demo.lines)

    assert demo.lines[-1] == "ready"
    assert demo.address in shown
    assert (demo.state / "demo.password").read_text() in shown


def test_printed_curl_line_works_as_printed(demo: Demo) -> None:
    done = subprocess.run(demo.curl, shell=True, capture_output=True, text=True, check=True)

    databases = json.loads(done.stdout)["data"]["databases"]
    assert databases["totalCount"] >= 10
    assert databases["nodes"][0]["sizeBytes"] > 1_000_000


def test_secrets_are_for_their_owner_only(demo: Demo) -> None:
    secrets = ["keys", "demo.password", "collector.password", "postgres.password"]

    modes = {name: stat.S_IMODE((demo.state / name).stat().st_mode) for name in secrets}
    assert modes == dict.fromkeys(secrets, 0o600)


def test_what_the_collector_may_not_enter_is_measured_and_says_so(demo: Demo) -> None:
    answers = {}
    for name in ("payroll", "mothballed"):
        found = database(demo, name)
        assert found["sizeBytes"] > 1_000_000
        session_id = refresh(demo, found["id"])
        until_status(demo, session_id, "FAILED")
        answers[name] = record(demo, session_id)["error"]["code"]

    assert answers["payroll"] == "TARGET_PERMISSION_DENIED"
    assert answers["mothballed"] == "DATABASE_CONNECTION_ERROR"


def test_hostile_names_arrive_unharmed(demo: Demo) -> None:
    assert database(demo, HOSTILE)["name"] == HOSTILE


def test_many_tables_are_all_there(demo: Demo) -> None:
    assert database(demo, "many_tables")["tableSizes"]["totalCount"] == 3000


async def test_invented_month_is_labelled(demo: Demo) -> None:
    async with main_database(demo) as connection:
        found = await connection.execute(SOURCES)

        sources = {row.source: row.days for row in found}
    assert sources == {"SAMPLE": 365, "COLLECTED": 1}
    assert len(database(demo, "shop")["sizeHistory"]) in (366, 367)  # the day may end meanwhile


async def test_worker_killed_in_mid_refresh_leaves_exactly_one_new_snapshot(demo: Demo) -> None:
    before = database(demo, "many_tables")
    sessions = count_sessions(demo)

    async with main_database(demo) as connection:
        key = await connection.scalar(
            text("SELECT id FROM instance_databases WHERE name = 'many_tables'")
        )
        await connection.execute(LOCK_SNAPSHOT, {"database_id": key})  # nobody saves meanwhile
        session_id = refresh(demo, before["id"])
        until(lambda: record(demo, session_id)["stage"] == "saving")
        killed = demo.worker()
        killed.kill()
    started = time.monotonic()
    until_status(demo, session_id, "COMPLETED", seconds=60)

    after = database(demo, "many_tables")
    assert time.monotonic() - started < 60
    assert demo.worker().pid != killed.pid
    assert record(demo, session_id)["attempt"] == 2
    assert after["tableSnapshot"]["collectedAt"] > before["tableSnapshot"]["collectedAt"]
    assert after["tableSizes"]["totalCount"] == 3000
    assert count_sessions(demo) == sessions + 1


def test_interrupt_leaves_no_process_and_the_next_start_finds_everything(demo: Demo) -> None:
    processes = demo.children()
    history = database(demo, "shop")["sizeHistory"]
    assert len(history) >= 366

    assert demo.interrupt() == 0
    gone, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive
    assert {process.pid for process in gone} == {process.pid for process in processes}

    again = start(demo.state, demo.port)
    try:
        assert again.curl == demo.curl
        assert (demo.state / "demo.password").read_text() in "\n".join(again.lines)
        assert len(again.ask("{ instances { nodes { id } } }")["instances"]["nodes"]) in (1, 2)
        assert database(again, "many_tables")["tableSizes"]["totalCount"] == 3000
        kept = database(again, "shop")["sizeHistory"]
        # Of the day that has begun, and only of it, there may be another figure.
        assert kept[: len(history) - 1] == history[:-1]
        assert len(kept) - len(history) in (0, 1)
    finally:
        assert again.interrupt() == 0


def test_taken_port_is_named_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "whalefall", "demo"],
            env=environment(tmp_path, port),
            capture_output=True,
            text=True,
        )

    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert f"WHALEFALL_PORT={port + 1}" in refused.stderr


def environment(state: Path, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "WHALEFALL" not in name}
    return {
        **inherited,
        "WHALEFALL_STATE_DIR": str(state),
        "WHALEFALL_PORT": str(port),
        "WHALEFALL_DEMO_TOKEN": TOKEN,
    }


@asynccontextmanager
async def main_database(demo: Demo) -> AsyncIterator[AsyncConnection]:
    """A transaction in the demo's own database."""
    server = EmbeddedPostgres.start(demo.state)  # attaches to the one that runs
    engine = create_async_engine(sqlalchemy_url(server.url), poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


def database(demo: Demo, name: str) -> Any:
    found = demo.ask(
        """
        query ($name: String!) {
          databases(filter: {search: $name, activeOnly: false}) {
            nodes {
              id name sizeBytes
              sizeHistory { date sizeBytes }
              tableSnapshot { collectedAt }
              tableSizes(first: 1) { totalCount }
            }
          }
        }
        """,
        name=name,
    )
    return next(node for node in found["databases"]["nodes"] if node["name"] == name)


def refresh(demo: Demo, database_id: str) -> str:
    started = demo.ask(
        """
        mutation ($id: ID!) {
          refreshTableSizes(input: {databaseId: $id, waitSeconds: 0}) {
            session { id }
            errors { code message }
          }
        }
        """,
        id=database_id,
    )
    session_id: str = started["refreshTableSizes"]["session"]["id"]
    return session_id


def session(demo: Demo, session_id: str) -> Any:
    return demo.ask(
        """
        query ($id: ID!) {
          syncSession(id: $id) { status records { nodes { stage status attempt error { code } } } }
        }
        """,
        id=session_id,
    )["syncSession"]


def record(demo: Demo, session_id: str) -> Any:
    (only,) = session(demo, session_id)["records"]["nodes"]
    return only


def count_sessions(demo: Demo) -> int:
    """Of table sizes: what is scheduled may come due meanwhile."""
    found = demo.ask("{ syncSessions(filter: {categories: [TABLE_SIZES]}) { totalCount } }")
    count: int = found["syncSessions"]["totalCount"]
    return count


def until_status(demo: Demo, session_id: str, status: str, seconds: float = 20) -> None:
    until(lambda: session(demo, session_id)["status"] == status, seconds)


def until(happened: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
