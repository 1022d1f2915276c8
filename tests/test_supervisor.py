"""The supervisor of the embedded servers, as a real process whose children are killed."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from tests.processes import eventually, python, read_until
from whalefall.embedded import EmbeddedPostgres, EmbeddedValkey, running_postgres
from whalefall.embedded.launch import command_line

CHILD = """
import json, os, signal
print(json.dumps({"pid": os.getpid(), "url": os.environ["WHALEFALL_DATABASE_URL"]}), flush=True)
signal.pause()
"""
SUPERVISED = f"""
import os, sys
from pathlib import Path
from whalefall.embedded import Supervisor
child = [sys.executable, "-c", {CHILD!r}]
Supervisor(Path(sys.argv[1]), {{"web": child}}, os.environ).run()
"""


@dataclass(frozen=True)
class Birth:
    pid: int
    url: str


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory whose cluster is made; every test leaves its servers stopped."""
    folder = tmp_path_factory.mktemp("state")
    with running_postgres(folder):
        return folder


def test_supervisor_starts_a_killed_process_again(state: Path) -> None:
    with supervised(state) as supervisor:
        first = told(supervisor)
        os.kill(first.pid, signal.SIGKILL)

        assert told(supervisor).pid != first.pid


async def test_supervisor_starts_a_killed_postgres_again_at_its_address(state: Path) -> None:
    with supervised(state) as supervisor:
        url = told(supervisor).url
        os.kill(postgres_pid(state), signal.SIGKILL)
        read_until(supervisor, "service.started")

        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


def test_supervisor_tells_the_processes_when_an_address_changes(state: Path) -> None:
    with supervised(state) as supervisor, socket.socket() as holder:
        before = told(supervisor)
        port = int(before.url.rpartition(":")[2].partition("/")[0])
        os.kill(supervisor.pid, signal.SIGSTOP)
        os.kill(postgres_pid(state), signal.SIGKILL)
        eventually(lambda: takes(holder, port))
        os.kill(supervisor.pid, signal.SIGCONT)

        after = told(supervisor)

        assert after.url != before.url
        assert after.pid != before.pid


def test_supervisor_starts_a_killed_valkey_again(state: Path) -> None:
    with supervised(state) as supervisor:
        told(supervisor)
        with EmbeddedValkey.start(state) as guest:
            os.kill(guest.pid, signal.SIGKILL)
        read_until(supervisor, "service.started")

        with EmbeddedValkey.start(state) as guest, redis.Redis.from_url(guest.url) as client:
            assert client.ping()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_supervisor_leaves_no_process_behind(state: Path, number: signal.Signals) -> None:
    with supervised(state) as supervisor:
        told(supervisor)
        family = psutil.Process(supervisor.pid).children(recursive=True)

        supervisor.send_signal(number)

        assert supervisor.wait() == 0
        assert len(family) > 3
        assert not [one for one in family if one.is_running()]


def test_killed_supervisor_takes_everything_with_it(state: Path) -> None:
    with supervised(state) as supervisor:
        told(supervisor)
        family = [one.pid for one in psutil.Process(supervisor.pid).children(recursive=True)]

        supervisor.kill()

        eventually(lambda: not any(command_line(pid) for pid in family))


def test_second_supervisor_says_that_one_runs(state: Path) -> None:
    with supervised(state) as supervisor:
        told(supervisor)

        second = python(SUPERVISED, state)

        assert f"already runs on {state} (process {supervisor.pid})" in second.communicate()[1]


@contextmanager
def supervised(state: Path) -> Iterator[subprocess.Popen[str]]:
    process = python(SUPERVISED, state)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def told(supervisor: subprocess.Popen[str]) -> Birth:
    """What a supervised process says when it starts."""
    return Birth(**json.loads(read_until(supervisor, '"pid"')))


def postgres_pid(state: Path) -> int:
    with EmbeddedPostgres.start(state) as guest:
        return guest.pid


def takes(holder: socket.socket, port: int) -> bool:
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
    except OSError:
        return False
    holder.listen()
    return True
