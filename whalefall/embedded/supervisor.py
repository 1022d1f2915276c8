"""One supervisor owns PostgreSQL, Valkey and the processes that use them, and keeps them alive."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from whalefall.embedded.keeping import Child, Service
from whalefall.embedded.launch import try_lock
from whalefall.embedded.postgres import EmbeddedPostgres
from whalefall.embedded.valkey import EmbeddedValkey
from whalefall.errors import Conflict

LOOK_SECONDS = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Environment = Mapping[str, str]


class Supervisor:
    """Runs `processes` (name to command) against embedded servers until a signal comes.

    `environment` is what the processes get, with WHALEFALL_DATABASE_URL and WHALEFALL_REDIS_URL
    added; one that is there already names a server elsewhere, and none is started for it.
    """

    def __init__(
        self,
        state: Path,
        processes: Mapping[str, Sequence[str]],
        environment: Environment,
        *,
        pg_bin: str = "",
        pg_settings: Mapping[str, str] | None = None,
    ) -> None:
        self._state = state
        self._environment = dict(environment)
        services = [
            Service(
                "WHALEFALL_DATABASE_URL",
                lambda: EmbeddedPostgres.start(state, pg_bin=pg_bin, settings=pg_settings),
            ),
            Service("WHALEFALL_REDIS_URL", lambda: EmbeddedValkey.start(state)),
        ]
        self._services = [one for one in services if not environment.get(one.variable)]
        self._children = [Child(name, command) for name, command in processes.items()]
        self._signals = 0

    @property
    def is_stopping(self) -> bool:
        """Whether a signal has come."""
        return self._signals > 0

    def tell(self, **variables: str) -> None:
        """Add to the environment of every process that starts from now on."""
        self._environment.update(variables)

    def run(self, prepare: Callable[[Environment], None] | None = None) -> None:
        """Start the servers, call `prepare` with the full environment, keep everything running.

        Returns after SIGINT, SIGTERM or SIGHUP, when all is stopped; a second signal hurries.
        Raises Conflict when another supervisor runs on the same state directory, and
        ServiceUnavailable when a server does not start. Call it from the main thread.
        """
        with self._only_one(), self._listening():
            try:
                for service in self._services:
                    self._environment[service.variable] = service.start()
                if prepare:
                    prepare(dict(self._environment))
                while not self.is_stopping:
                    self._look_after()
                    time.sleep(LOOK_SECONDS)
            finally:
                self._stop()

    def _look_after(self) -> None:
        for service in self._services:
            address = service.tend()
            if address and address != self._environment[service.variable]:
                self._environment[service.variable] = address
                for child in self._children:
                    child.ask_to_end()
        for child in self._children:
            child.tend(self._environment)

    def _stop(self) -> None:
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.end(hurried=lambda: self._signals > 1)
        for service in reversed(self._services):
            service.stop()

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._state / "supervisor.owner"
        if not (lock := try_lock(path)):
            raise Conflict(f"WhaleFall already runs on {self._state} (process {path.read_text()}).")
        with lock:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
