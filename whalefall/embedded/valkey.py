"""A private Valkey (or Redis): the broker of demo and tests, with its queue kept on disk."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from whalefall.embedded.binaries import account, valkey_program
from whalefall.embedded.launch import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    Process,
    Server,
    own_or_attach,
    password,
    shorten,
    spawn,
    try_lock,
    usable_port,
)
from whalefall.errors import ServiceUnavailable

ATTEMPTS = 4
CONFIG = """
bind 127.0.0.1
port {port}
requirepass {password}
dir .
appendonly yes
save ""
maxmemory-policy noeviction
"""


@dataclass(kw_only=True)
class EmbeddedValkey(Server):
    """A Valkey on 127.0.0.1; what it acknowledged survives its being killed, but for a second."""

    @classmethod
    def start(cls, state: Path) -> "EmbeddedValkey":
        """Start the server below `state`; attach when another process owns it.

        Raises ServiceUnavailable.
        """
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = _Files(state.resolve())

        def launch(ownership: IO[str]) -> EmbeddedValkey:
            child, port = files.launch(valkey_program())
            url = files.url(port)
            return cls(port=port, pid=child.pid, url=url, child=child, ownership=ownership)

        def attach() -> EmbeddedValkey | None:
            if not (running := files.ready()):
                return None
            pid, port = running
            return cls(port=port, pid=pid, url=files.url(port))

        return own_or_attach(files.state / "valkey.owner", launch, attach)


@contextmanager
def running_valkey(state: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey for the time of a block. For tests."""
    with EmbeddedValkey.start(state) as server:
        yield server


class _Files:
    """What lies below the state directory for Valkey, and how the server is started on it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / "valkey"
        self.log = state / "valkey.log"
        self.remembered = state / "valkey.port"

    def url(self, port: int) -> str:
        return f"redis://:{self._password()}@127.0.0.1:{port}/0"

    def ready(self) -> tuple[int, int] | None:
        """(pid, port) of the server at the remembered port, once it answers to our password."""
        with suppress(OSError, ValueError):
            port = int(self.remembered.read_text())
            if b"+PONG" in (answer := self._ask(port, "PING", "INFO server")):
                pid = answer.partition(b"process_id:")[2].split(b"\r")[0]
                return int(pid), port
        return None

    def launch(self, program: Path) -> tuple[Process, int]:
        """Start the server and wait until it answers; returns it and its port."""
        shorten(self.log)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if who := account():
            os.chown(self.folder, who.pw_uid, who.pw_gid)
        for _ in range(ATTEMPTS):
            port = usable_port(self.remembered)
            with self._sole_use() as lock:
                child = self._spawn(program, port, lock)
            self.remembered.write_text(str(port))
            if self._becomes_ready(child):
                return child, port
            time.sleep(10 * POLL_SECONDS)
        raise ServiceUnavailable(f"Valkey does not start; {self.log} says why.")

    def _password(self) -> str:
        return password(self.state / "valkey.password")

    def _sole_use(self) -> IO[str]:
        """A lock that the server inherits, so that it is held until that is really gone.

        Two servers on one append-only file would ruin it; a killed owner's may still be ending.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if lock := try_lock(self.state / "valkey.running"):
                return lock
            if running := self.ready():
                with suppress(ProcessLookupError):
                    os.kill(running[0], signal.SIGTERM)
            time.sleep(POLL_SECONDS)
        raise ServiceUnavailable("The Valkey of an earlier start does not end.")

    def _spawn(self, program: Path, port: int, lock: IO[str]) -> Process:
        """Configure through stdin: a password among the arguments shows to every local user."""
        return spawn(
            [program, "-"],
            who=account(),
            log=self.log,
            folder=self.folder,
            shares=(lock.fileno(),),
            says=CONFIG.format(port=port, password=self._password()),
        )

    def _becomes_ready(self, child: Process) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if (running := self.ready()) and running[0] == child.pid:
                return True
            time.sleep(POLL_SECONDS)
        child.kill()
        child.wait()
        return False

    def _ask(self, port: int, *commands: str) -> bytes:
        """The answers, as they come on the wire, to inline commands after signing in."""
        lines = "\r\n".join([f"AUTH {self._password()}", *commands, "QUIT", ""])
        with socket.create_connection(("127.0.0.1", port), 1) as wire:
            wire.sendall(lines.encode())
            return b"".join(iter(lambda: wire.recv(4096), b""))
