"""The files and the process of one private PostgreSQL; who owns it is decided in postgres.py."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from whalefall.embedded.binaries import account
from whalefall.embedded.launch import (
    PATIENCE_SECONDS,
    POLL_SECONDS,
    Process,
    command_line,
    password,
    shorten,
    spawn,
    usable_port,
)
from whalefall.errors import ServiceUnavailable

NAME = "whalefall"  # of the superuser and of the database
ATTEMPTS = 8
_CTYPE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
Command = Callable[[str], list[str | Path]]
_PID_LINE, _PORT_LINE, _STATUS_LINE = 0, 3, 7


class Cluster:
    """One data folder, named by its major version so that no other version opens it."""

    def __init__(self, state: Path, program: Path) -> None:
        self.state = state
        self.program = program
        self.major = _major(program)
        self.folder = state / f"pg{self.major}"
        self.log = state / "postgres.log"
        # Stands in the command line: tells our server from a stranger with a recycled pid.
        self.name = f"{NAME}-{hashlib.sha256(bytes(self.folder)).hexdigest()[:12]}"

    def url(self, port: int) -> str:
        return f"postgresql://{NAME}:{self._password()}@127.0.0.1:{port}/{NAME}"

    def ready(self) -> tuple[int, int] | None:
        """(pid, port) of the server, once it accepts connections."""
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) <= _STATUS_LINE or lines[_STATUS_LINE].strip() != "ready":
            return None
        pid = int(lines[_PID_LINE])
        return (pid, int(lines[_PORT_LINE])) if self._is_ours(pid) else None

    def prepare(self, *, no_sync: bool) -> None:
        """Make the cluster when it is missing; remove what a killed life left behind."""
        shorten(self.log)
        for scratch in self.state.glob("init-*"):
            shutil.rmtree(scratch, ignore_errors=True)
        if self.folder.exists():
            self._forget_the_dead()
        elif others := sorted(self.state.glob("pg[0-9]*/")):
            raise ServiceUnavailable(
                f"{others[-1]} was made by PostgreSQL {others[-1].name[2:]}, this is {self.major}.",
                hint="Set WHALEFALL_PG_BIN to the old one, pg_dump, and restore into the new one.",
            )
        else:
            self._initialise(no_sync=no_sync)

    def launch(self, settings: Mapping[str, str]) -> tuple[Process, int]:
        """Start the server and wait until it accepts connections; returns it and its port."""
        remembered = self.state / "postgres.port"
        for _ in range(ATTEMPTS):  # a port may be taken, a killed server's children may linger
            port = usable_port(remembered)
            child = self._serve({**settings, "cluster_name": self.name, "port": str(port)})
            if self._becomes_ready(child):
                remembered.write_text(str(port))
                return child, port
            time.sleep(10 * POLL_SECONDS)
        raise ServiceUnavailable(f"PostgreSQL does not start; {self.log} says why.")

    @property
    def _pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    def _password(self) -> str:
        return password(self.state / "postgres.password")

    def _is_ours(self, pid: int) -> bool:
        return self.name in command_line(pid)

    def _serve(self, settings: Mapping[str, str]) -> Process:
        options = [f"--{name}={text}" for name, text in settings.items()]
        return self._spawn(self.folder, lambda at: [self.program, "-D", at, *options])

    def _becomes_ready(self, child: Process) -> bool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            if (running := self.ready()) and running[0] == child.pid:
                return True
            time.sleep(POLL_SECONDS)
        child.kill()
        child.wait()
        return False

    def _forget_the_dead(self) -> None:
        """Let the server of a killed owner end, then remove a pid file that is left.

        PostgreSQL believes a pid file whose process is a zombie or a stranger. Removing it is
        safe: the shared memory, found by the folder's inode, still keeps a second server out.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self._pid_file.exists():
            pid = int(self._pid_file.read_text().split("\n")[0] or 0)
            if not self._is_ours(pid):
                self._pid_file.unlink(missing_ok=True)
                return
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            time.sleep(10 * POLL_SECONDS)

    def _initialise(self, *, no_sync: bool) -> None:
        """initdb in a scratch folder, then one rename: a killed start leaves no half cluster."""
        scratch = Path(tempfile.mkdtemp(prefix="init-", dir=self.state))
        secret = scratch / "password"
        secret.write_text(self._password())
        if who := account():
            for path in (scratch, secret):
                os.chown(path, who.pw_uid, who.pw_gid)
        options = [f"--username={NAME}", "--encoding=UTF8", "--auth=scram-sha-256"]
        options += ["--locale=C", f"--lc-ctype={_CTYPE}", "--no-instructions"]
        if self.major >= 17:  # folds the case of all of Unicode, alike on every platform
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if no_sync:
            options.append("--no-sync")
        initdb = self.program.with_name("initdb")
        self._run(
            scratch, lambda at: [initdb, "-D", f"{at}/data", f"--pwfile={at}/password", *options]
        )
        self._run(
            scratch,
            lambda at: [self.program, "--single", "-D", f"{at}/data", "postgres"],
            f"CREATE DATABASE {NAME}\n",
        )
        (scratch / "data").rename(self.folder)
        shutil.rmtree(scratch)

    def _run(self, folder: Path, command: Command, says: str = "") -> None:
        if self._spawn(folder, command, says).wait():
            raise ServiceUnavailable(f"The PostgreSQL cluster was not made; {self.log} says why.")

    def _spawn(self, folder: Path, command: Command, says: str = "") -> Process:
        """Start a program on `folder`, which `command` gets in the form the program may use.

        Root's child may not enter the folders above (a checkout below /root, say), so it gets the
        folder as an open descriptor: /proc/self/fd leads into it without walking the path.
        """
        who = account()
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            through = who is not None and sys.platform == "linux"
            return spawn(
                command(f"/proc/self/fd/{descriptor}" if through else str(folder)),
                who=who,
                log=self.log,
                says=says,
                shares=(descriptor,),
                farewell=signal.SIGINT,
            )
        finally:
            os.close(descriptor)


def _major(program: Path) -> int:
    asked = subprocess.run(  # noqa: S603
        [program, "--version"], capture_output=True, text=True, check=True
    )
    return int(asked.stdout.split()[2].split(".")[0])
