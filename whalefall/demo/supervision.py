"""The demo's supervisor: always servers of its own, and a PostgreSQL that is quick."""

import os
import sys
from collections.abc import Iterable

from whalefall.demo.access import Access
from whalefall.embedded import EmbeddedPostgres, Supervisor
from whalefall.embedded.keeping import Service
from whalefall.settings import Settings

ADDRESSES = ("WHALEFALL_DATABASE_URL", "WHALEFALL_REDIS_URL")
PROCESSES = {
    name: (sys.executable, "-m", "whalefall", name) for name in ("serve", "worker", "scheduler")
}
# A slow disk takes half a minute to sync three thousand tables, at each start and end. Killed
# processes lose nothing all the same; a power cut may cost the demo its data.
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class DemoSupervisor(Supervisor):
    """Web, worker and scheduler on the demo's own PostgreSQL and Valkey."""

    def __init__(self, settings: Settings, access: Access) -> None:
        super().__init__(settings.state_dir, PROCESSES, _environment(settings, access))
        self._services[0] = Service(
            ADDRESSES[0],
            lambda: EmbeddedPostgres.start(
                settings.state_dir, pg_bin=settings.pg_bin, settings=QUICK
            ),
        )
        self._targets = settings.targets_allow

    @property
    def is_stopping(self) -> bool:
        return self._signals > 0

    def allow_targets(self, addresses: Iterable[str]) -> None:
        """Let the processes collect from these addresses, beside those that were set."""
        allowed = ",".join([*self._targets, *addresses])
        self._environment["WHALEFALL_TARGETS_ALLOW"] = allowed


def _environment(settings: Settings, access: Access) -> dict[str, str]:
    """What the processes get; the servers' addresses are added as they start."""
    return {
        **{name: text for name, text in os.environ.items() if name not in ADDRESSES},
        "WHALEFALL_HOST": settings.host,
        "WHALEFALL_PORT": str(settings.port),
        "WHALEFALL_STATE_DIR": str(settings.state_dir),
        "WHALEFALL_SECRET_KEYS": access.secret_keys,
        "WHALEFALL_LOG_LEVEL": settings.log_level,
    }
