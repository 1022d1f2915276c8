"""`python -m whalefall`, but knowing servers that do harm to whoever reads them, by their port."""

import asyncio
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fake_engine import FAKE, FakeAdapter, FakeServer, FakeSession, registered
from whalefall.__main__ import main
from whalefall.adapters import ADAPTERS
from whalefall.adapters.base import Limits, Target

KILLS, EATS, STARVES = 1, 2, 3
TOO_MUCH = 2**31
STARVED_SECONDS = 35  # longer than a lease


class Poison(FakeAdapter):
    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[FakeSession]:
        if target.port == KILLS:
            os.kill(os.getpid(), signal.SIGKILL)
        if target.port == EATS:
            bytearray(TOO_MUCH)
        if target.port == STARVES:
            threading.Thread(target=_burn, daemon=True).start()
            await asyncio.sleep(STARVED_SECONDS)
        async with super().connect(target, limits, database=database) as session:
            yield session


def _burn() -> None:
    """Work that leaves the other threads of the process as little as it can."""
    ends = time.monotonic() + STARVED_SECONDS
    while time.monotonic() < ends:
        sum(range(10_000))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (TOO_MUCH, TOO_MUCH))
    with registered(FakeServer()) as server:
        ADAPTERS[FAKE] = Poison(server)
        sys.exit(main())
