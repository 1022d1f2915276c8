"""What both servers share: one owner, a remembered port, a password, dying with their owner."""

import ctypes
import fcntl
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, ClassVar, Self, TypeVar

from whalefall.errors import ServiceUnavailable

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02
STOP_SECONDS = 20.0
LOG_LIMIT_BYTES = 8_000_000
BARE_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # no PG… variable leaks in

Process = subprocess.Popen[bytes]

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(kw_only=True)
class Server:
    """A running server. Whoever started it owns it; the others only use it."""

    port: int
    pid: int
    url: str = field(repr=False)
    child: Process | None = field(default=None, repr=False)
    ownership: IO[str] | None = field(default=None, repr=False)
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def alive(self) -> bool:
        """Whether it still runs; of a server that another process owns, whether it listens."""
        return self.child.poll() is None if self.child else listens(self.port)

    def stop(self) -> None:
        """End the server if it is ours and give up the ownership. May be called again."""
        if self.child:
            end(self.child, self.stop_signal)
        if self.ownership:
            self.ownership.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


S = TypeVar("S", bound=Server)


def own_or_attach(lock: Path, launch: Callable[[IO[str]], S], attach: Callable[[], S | None]) -> S:
    """Launch as the only owner, or attach to the server of the process that is the owner."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if ownership := try_lock(lock):
            try:
                return launch(ownership)
            except BaseException:
                ownership.close()
                raise
        if server := attach():
            return server
        time.sleep(POLL_SECONDS)
    raise ServiceUnavailable("Another process has been starting the embedded servers for too long.")


def try_lock(path: Path) -> IO[str] | None:
    """Lock a file until it is closed or this process ends; None when another one holds it."""
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def password(path: Path) -> str:
    """The password in a file that only its owner reads; made at the first call."""
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as secret:
            secret.write(secrets.token_urlsafe(24))
    return path.read_text()


def usable_port(remembered: Path) -> int:
    """The port of the last time, so that addresses stay good, or any free one."""
    with suppress(FileNotFoundError, ValueError):
        port = int(remembered.read_text())
        for _ in range(20):  # a killed server's port may need a moment
            if _is_free(port):
                return port
            time.sleep(POLL_SECONDS)
    return free_port()


def free_port() -> int:
    """Any loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether anything accepts connections on a loopback port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] = BARE_ENVIRONMENT,
    who: pwd.struct_passwd | None = None,
    log: Path | None = None,
    folder: Path | None = None,
    says: str = "",
    shares: Sequence[int] = (),
    farewell: signal.Signals = signal.SIGTERM,
) -> Process:
    """Start a process in a session of its own: Ctrl-C reaches only us, and we decide the order.

    On Linux it gets `farewell` when the thread that called this ends, however it ends; so call
    it from the main thread. Without a log it shares our output. `says` (short) is all its input.
    `folder` is entered, and `shares` are descriptors opened, before root steps down to `who`.
    """
    sink = log.open("ab") if log else None
    try:
        process = subprocess.Popen(  # noqa: S603 (commands are our own)
            command,
            stdin=subprocess.PIPE if says else subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=folder or "/",
            env=environment,
            start_new_session=True,
            pass_fds=shares,
            user=who.pw_uid if who else None,
            group=who.pw_gid if who else None,
            extra_groups=[] if who else None,
            preexec_fn=_dies_with_us(farewell),
        )
        if process.stdin:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(says.encode())
        return process
    finally:
        if sink:
            sink.close()


def end(process: Process, polite: signal.Signals) -> None:
    """Stop a process politely, after a while by force."""
    if process.poll() is None:
        process.send_signal(polite)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def command_line(pid: int) -> str:
    """The command of a live process; empty for one that is gone or a zombie."""
    if sys.platform == "linux":
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
        return ""
    asked = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
    )
    return asked.stdout


def shorten(log: Path) -> None:
    """Drop a log that has grown too long."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.unlink()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _dies_with_us(farewell: signal.Signals) -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, int(farewell))
