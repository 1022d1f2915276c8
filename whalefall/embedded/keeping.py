"""Keeping one server or one process alive: started again when it ends, each time a little later."""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from whalefall.embedded.launch import POLL_SECONDS, STOP_SECONDS, Process, Server, spawn
from whalefall.errors import Problem

FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Pause:
    """The wait before the next start: doubles each time, short again after a quiet while."""

    def __init__(self) -> None:
        self._seconds = FIRST_PAUSE_SECONDS
        self._started_at = 0.0
        self._over_at = 0.0

    def is_over(self) -> bool:
        return time.monotonic() >= self._over_at

    def note_start(self) -> None:
        self._started_at = time.monotonic()

    def note_end(self) -> float:
        """Begin the wait; returns its seconds."""
        now = time.monotonic()
        if now - self._started_at > SETTLED_SECONDS:
            self._seconds = FIRST_PAUSE_SECONDS
        pause, self._seconds = self._seconds, min(2 * self._seconds, LONGEST_PAUSE_SECONDS)
        self._over_at = now + pause
        return pause


class Service:
    """A server kept alive; the processes find its address in the variable `variable`."""

    def __init__(self, variable: str, launch: Callable[[], Server]) -> None:
        self.variable = variable
        self._launch = launch
        self._server: Server | None = None
        self._pause = Pause()

    def start(self) -> str:
        """Start or attach; returns the address."""
        self._pause.note_start()
        self._server = self._launch()
        return self._server.url

    def tend(self) -> str | None:
        """Start again what has ended; returns the address when it did."""
        if self._server and not self._server.alive():
            self.stop()
            pause = self._pause.note_end()
            log.warning("service.ended", variable=self.variable, starts_in_seconds=pause)
        if self._server or not self._pause.is_over():
            return None
        try:
            address = self.start()
        except (Problem, OSError) as error:
            pause = self._pause.note_end()
            log.error("service.not_started", reason=str(error), starts_in_seconds=pause)
            return None
        log.info("service.started", variable=self.variable)
        return address

    def stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None


class Child:
    """A process kept alive, with all that it starts itself."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        self._command = command
        self._process: Process | None = None
        self._pause = Pause()

    def tend(self, environment: Mapping[str, str]) -> None:
        """Start it when it does not run."""
        if self._process and self._process.poll() is not None:
            pause = self._pause.note_end()
            log.warning(
                "process.ended",
                process=self._name,
                status=self._process.returncode,
                starts_in_seconds=pause,
            )
            self._end_group()
        if not self._process and self._pause.is_over():
            self._pause.note_start()
            self._process = spawn(self._command, environment=environment, folder=Path.cwd())
            log.info("process.started", process=self._name, pid=self._process.pid)

    def ask_to_end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, *, hurried: Callable[[], bool]) -> None:
        """Wait for the end that was asked for; force it after a while, or when `hurried`."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._process and self._process.poll() is None:
            if time.monotonic() > deadline or hurried():
                break
            time.sleep(POLL_SECONDS)
        self._end_group()

    def _end_group(self) -> None:
        """Kill what is left of the process and what it started; it leads its own group."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
