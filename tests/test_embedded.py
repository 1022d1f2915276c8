"""The embedded servers, as real processes that are killed for real."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.processes import eventually, line, python
from whalefall.embedded import (
    EmbeddedPostgres,
    EmbeddedValkey,
    binaries,
    running_postgres,
    running_valkey,
)
from whalefall.embedded.launch import command_line
from whalefall.errors import ServiceUnavailable

STARTER = """
import sys
from pathlib import Path
from whalefall.embedded import EmbeddedPostgres
with EmbeddedPostgres.start(Path(sys.argv[1])) as server:
    print("owns" if server.child else "attached", server.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory whose cluster is made; every test leaves its servers stopped."""
    folder = tmp_path_factory.mktemp("state")
    with running_postgres(folder):
        return folder


async def test_postgres_refuses_a_wrong_password(state: Path) -> None:
    with running_postgres(state) as server:
        wrong = server.superuser_url.replace("@", "x@")

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


async def test_postgres_folds_the_case_of_every_language(state: Path) -> None:
    with running_postgres(state) as server:
        assert await ask(server, "SELECT lower('ÄÉЖ')") == "äéж"


async def test_settings_reach_postgres(state: Path) -> None:
    with running_postgres(state, max_connections="42") as server:
        assert await ask(server, "SHOW max_connections") == "42"
        assert await ask(server, "SHOW fsync") == "off"


def test_passwords_are_readable_by_their_owner_only(state: Path) -> None:
    mode = (state / "postgres.password").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_address_stays_the_same_over_a_restart(state: Path) -> None:
    with running_postgres(state) as server:
        before = server.superuser_url

    with running_postgres(state) as server:
        assert server.superuser_url == before


def test_taken_port_is_left_to_its_holder(state: Path) -> None:
    with running_postgres(state) as server:
        port = server.port

    with socket.create_server(("127.0.0.1", port)), running_postgres(state) as server:
        assert server.port != port


def test_second_start_attaches_and_stops_nothing(state: Path) -> None:
    with running_postgres(state) as owner:
        with EmbeddedPostgres.start(state) as guest:
            assert (guest.pid, guest.url) == (owner.pid, owner.url)

        assert owner.alive()


def test_of_three_starters_at_once_one_owns_and_two_attach(tmp_path: Path) -> None:
    starters = [python(STARTER, tmp_path) for _ in range(3)]

    said = [line(starter).split() for starter in starters]

    assert sorted(word for word, _ in said) == ["attached", "attached", "owns"]
    assert len({pid for _, pid in said}) == 1
    assert [starter.communicate()[0] for starter in starters] == [""] * 3


@pytest.mark.parametrize("kind", ["stranger", "zombie"])
def test_pid_file_of_a_process_that_is_not_ours_is_forgotten(state: Path, kind: str) -> None:
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    pid = os.getpid() if kind == "stranger" else zombie.pid
    lines = [str(pid), str(state), "1700000000", "5432", "", "127.0.0.1", "1 1", "ready"]
    next(state.glob("pg*/")).joinpath("postmaster.pid").write_text("\n".join(lines))

    with running_postgres(state) as server:
        assert server.pid != pid
    zombie.wait()


async def test_committed_rows_survive_a_killed_postgres(state: Path) -> None:
    with EmbeddedPostgres.start(state) as server:
        await ask(server, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS number")
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.alive())

    with EmbeddedPostgres.start(state) as server:
        assert await ask(server, "SELECT number FROM kept") == 7


def test_servers_of_a_killed_owner_end(state: Path) -> None:
    starter = python(STARTER, state)
    _, pid = line(starter).split()

    starter.kill()
    starter.communicate()

    with EmbeddedPostgres.start(state) as server:
        assert server.child
        assert server.pid != int(pid)


def test_half_made_cluster_is_cleared_away(state: Path) -> None:
    half = state / "init-killed"
    half.mkdir()

    with running_postgres(state):
        assert not half.exists()


def test_cluster_of_another_major_version_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "pg12").mkdir()

    with pytest.raises(ServiceUnavailable, match="made by PostgreSQL 12"):
        EmbeddedPostgres.start(tmp_path)


def test_folder_without_postgres_is_named_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailable, match="WHALEFALL_PG_BIN"):
        EmbeddedPostgres.start(tmp_path, pg_bin=str(tmp_path))


def test_program_below_a_closed_folder_is_copied_for_roots_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setattr(binaries, "STAGING", tmp_path / "staging")

    found = binaries.reachable(binaries.Program(program, closed))

    assert found.is_relative_to(tmp_path / ("staging" if os.geteuid() == 0 else "closed"))
    assert found.read_text() == "#!/bin/sh\n"


def test_valkey_keeps_the_queue_when_killed(tmp_path: Path) -> None:
    with running_valkey(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("job", "kept")
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.alive())

    with running_valkey(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.get("job") == b"kept"


def test_valkey_asks_for_a_password_that_no_command_line_shows(valkey: EmbeddedValkey) -> None:
    once = Retry(NoBackoff(), 0)
    nobody = redis.Redis(port=valkey.port, retry=once)
    with nobody, pytest.raises(redis.AuthenticationError):
        nobody.ping()

    assert valkey.url.split("@")[0].removeprefix("redis://:") not in command_line(valkey.pid)


async def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.superuser_url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
