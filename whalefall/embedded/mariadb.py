"""A private MariaDB on a random loopback port, from the system's programs, where there are any."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from whalefall.embedded.launch import Process, end, spawn, usable_port
from whalefall.errors import ServiceUnavailable

ADMIN = "keeper"
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.02
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
INSTALL_TRIES = 2
SETTINGS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-log-bin",
)


@dataclass(frozen=True, kw_only=True)
class MariaDB:
    """A running server, and its administrator, who comes from 127.0.0.1 only."""

    port: int
    pid: int
    folder: Path  # what the server writes, among it `data` with one folder for each database
    host: str = "127.0.0.1"
    username: str = ADMIN
    password: str = field(repr=False)


def find_mariadb() -> Path | None:
    """The server's program, when the one that makes its data directory is there as well."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    server = shutil.which("mariadbd", path=path)
    return Path(server) if server and shutil.which("mariadb-install-db", path=path) else None


@contextmanager
def running_mariadb(state: Path, *options: str) -> Iterator[MariaDB]:
    """A MariaDB below `state` for the time of a block, quick instead of crash-safe.

    Raises ServiceUnavailable when there is no program or it does not start.
    """
    program = find_mariadb()
    if program is None:
        raise ServiceUnavailable(
            "MariaDB is missing: install mariadb-server-core, mariadb-client-core."
        )
    state = state.resolve()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = secrets.token_urlsafe()
    _make_data_folder(state)
    _write_accounts(state, password)
    port = usable_port(state / "port")
    (state / "port").write_text(str(port))
    process = _start(program, state, port, options)
    try:
        _wait_until_ready(process, port, state)
        yield MariaDB(port=port, pid=process.pid, folder=state, password=password)
    finally:
        end(process, signal.SIGTERM)


def _make_data_folder(state: Path) -> None:
    """Made beside and moved into its place, so that half of one is never taken for a whole.

    A second try costs a second, and has helped on a machine that was busy. Raises
    ServiceUnavailable.
    """
    if (state / "data" / "mysql").is_dir():
        return
    made, log = state / "data.new", state / "install.log"
    for _ in range(INSTALL_TRIES):
        shutil.rmtree(made, ignore_errors=True)
        if _install(made, log):
            made.rename(state / "data")
            return
    raise ServiceUnavailable(f"MariaDB makes no data folder; {log} says why.")


def _install(folder: Path, log: Path) -> bool:
    program = shutil.which("mariadb-install-db") or "mariadb-install-db"
    with log.open("ab") as output:
        ended = subprocess.run(  # noqa: S603 (a program of the system, arguments of ours)
            [
                program,
                "--no-defaults",
                f"--datadir={folder}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
                *_identity(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    return ended.returncode == 0


def _write_accounts(state: Path, password: str) -> None:
    """What the server runs before it listens; in a file, as arguments show to every local user."""
    statements = state / "accounts.sql"
    statements.touch(mode=0o600)
    statements.write_text(
        f"ALTER USER root@localhost IDENTIFIED BY '{password}';\n"
        f"CREATE OR REPLACE USER {ADMIN}@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO {ADMIN}@'127.0.0.1' WITH GRANT OPTION;\n"
    )


def _start(program: Path, state: Path, port: int, options: tuple[str, ...]) -> Process:
    return spawn(
        [
            program,
            "--no-defaults",
            f"--datadir={state / 'data'}",
            f"--init-file={state / 'accounts.sql'}",
            f"--port={port}",
            "--socket=mariadb.sock",  # in the data directory: a path has 107 bytes at most
            f"--pid-file={state / 'mariadb.pid'}",
            *SETTINGS,
            *_identity(),
            *options,
        ],
        log=state / "mariadb.log",
    )


def _identity() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _wait_until_ready(process: Process, port: int, state: Path) -> None:
    """The server greets once its accounts are made."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as wire:
                if wire.recv(1):
                    return
        except OSError:
            time.sleep(POLL_SECONDS)
    raise ServiceUnavailable(f"MariaDB does not start; {state / 'mariadb.log'} says why.")
