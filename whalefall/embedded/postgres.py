"""A private PostgreSQL: made at first start, a direct child of its owner, shared with others."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar

from whalefall.embedded.binaries import postgres_program
from whalefall.embedded.cluster import Cluster
from whalefall.embedded.launch import Server, own_or_attach

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(kw_only=True)
class EmbeddedPostgres(Server):
    """A PostgreSQL on 127.0.0.1."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # PostgreSQL's "fast" shutdown

    @property
    def superuser_url(self) -> str:
        """The database `whalefall` as its superuser, who has the same name."""
        return self.url

    @classmethod
    def start(
        cls, state: Path, *, pg_bin: str = "", settings: Mapping[str, str] | None = None
    ) -> "EmbeddedPostgres":
        """Start the cluster below `state`, made when missing; attach when another process owns it.

        `settings` override SETTINGS and PostgreSQL's own. Raises ServiceUnavailable.
        """
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        cluster = Cluster(state.resolve(), postgres_program(pg_bin))
        given = {**SETTINGS, **(settings or {})}

        def launch(ownership: IO[str]) -> EmbeddedPostgres:
            cluster.prepare(no_sync=given.get("fsync") == "off")
            child, port = cluster.launch(given)
            url = cluster.url(port)
            return cls(port=port, pid=child.pid, url=url, child=child, ownership=ownership)

        def attach() -> EmbeddedPostgres | None:
            if not (running := cluster.ready()):
                return None
            pid, port = running
            return cls(port=port, pid=pid, url=cluster.url(port))

        return own_or_attach(cluster.state / "postgres.owner", launch, attach)


@contextmanager
def running_postgres(state: Path, **settings: str) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL for the time of a block, quick instead of crash-safe. For tests."""
    with EmbeddedPostgres.start(state, settings={**QUICK, **settings}) as server:
        yield server
