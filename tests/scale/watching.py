"""What the processes take while people work, and what is left when they have gone."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields

import asyncpg
import psutil

from tests.scale.notes import percentile
from whalefall.demo.databases import COLLECTOR
from whalefall.models.sync import LIVE, SyncRecord

EVERY_SECONDS = 1
PATIENCE_SECONDS = 20
WARM_SECONDS, WARM_SHARE = 120, 0.2  # the shorter of both is not looked at
ROOM_BYTES, ROOM_SHARE = 10 * 1024**2, 1.1
CONNECTIONS = """
    SELECT count(*) FILTER (WHERE usename <> $1)                      AS ours,
           count(*) FILTER (WHERE usename <> $1 AND state <> 'idle')  AS busy,
           count(*) FILTER (WHERE usename = $1)                       AS reading
      FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LIVE_RECORDS = f"SELECT count(*) FROM {SyncRecord.__tablename__} WHERE {LIVE}"


@dataclass(frozen=True)
class Sample:
    """A moment: bytes in memory of each process, connections of all of them to PostgreSQL.

    `ours` are to our database, `reading` to a database that is being read.
    """

    at: float
    memory: Mapping[str, int]
    ours: int
    reading: int


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What is left behind; each number ought to be none."""

    busy_connections: int
    reading_connections: int
    client_sockets: int
    live_records: int

    @property
    def is_none(self) -> bool:
        return not any(getattr(self, field.name) for field in fields(self))


class Watch:
    """Looks at processes, by name, and at the PostgreSQL that they use."""

    def __init__(self, url: str, postmaster: int, pids: Mapping[str, int], port: int) -> None:
        self._url, self._port = url, port
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._postmaster = psutil.Process(postmaster)
        self.samples: list[Sample] = []
        self.cpu_seconds: dict[str, float] = {}

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Take a sample every second while the block runs, and count the CPU seconds of it."""
        before = self._cpu()
        task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            self.cpu_seconds = {name: used - before[name] for name, used in self._cpu().items()}
            own = sum(self.cpu_seconds.values()) - self.cpu_seconds["machine"]
            self.cpu_seconds["of others"] = self.cpu_seconds["machine"] - own
        if not task.cancelled():
            task.result()  # raises what ended the looking early

    async def rest(self) -> Rest:
        """What is left once everybody has gone; after a while of patience, what still is."""
        until = time.monotonic() + PATIENCE_SECONDS
        connection = await asyncpg.connect(self._url)
        try:
            while True:
                rest = await self._rest(connection)
                if rest.is_none or time.monotonic() >= until:
                    return rest
                await asyncio.sleep(0.1)
        finally:
            await connection.close()

    async def _look(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            while True:
                self.samples.append(await self._sample(connection))
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            await connection.close()

    async def _sample(self, connection: asyncpg.Connection) -> Sample:
        row = await connection.fetchrow(CONNECTIONS, COLLECTOR)
        assert row is not None
        memory = {name: one.memory_info().rss for name, one in self._processes.items()}
        return Sample(time.monotonic(), memory, row["ours"], row["reading"])

    async def _rest(self, connection: asyncpg.Connection) -> Rest:
        row = await connection.fetchrow(CONNECTIONS, COLLECTOR)
        assert row is not None
        return Rest(
            busy_connections=row["busy"],
            reading_connections=row["reading"],
            client_sockets=self._client_sockets(),
            live_records=await connection.fetchval(LIVE_RECORDS),
        )

    def _client_sockets(self) -> int:
        open_ones = self._processes["web"].net_connections("tcp")
        return sum(
            one.laddr.port == self._port and one.status != psutil.CONN_LISTEN for one in open_ones
        )

    def _cpu(self) -> dict[str, float]:
        """CPU seconds so far: of each process, of this one (the people), of the whole machine."""
        watched = {**self._processes, "people": psutil.Process()}
        times = {name: one.cpu_times() for name, one in watched.items()}
        seconds = {name: used.user + used.system for name, used in times.items()}
        machine = psutil.cpu_times()
        return {
            **seconds,
            "PostgreSQL": _family_seconds(self._postmaster),
            "machine": machine.user + machine.system,
        }


def _family_seconds(parent: psutil.Process) -> float:
    """CPU seconds of a process and its children, those that have ended included."""
    used = parent.cpu_times()
    seconds = used.user + used.system + used.children_user + used.children_system
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            seconds += times.user + times.system
    return float(seconds)


@dataclass(frozen=True)
class Growth:
    """The memory of a process: medians of the first and of the last third once it is warm."""

    first_bytes: float
    last_bytes: float
    most_bytes: int

    @classmethod
    def of(cls, name: str, samples: Sequence[Sample]) -> "Growth":
        began, ended = samples[0].at, samples[-1].at
        warm_at = began + min(WARM_SECONDS, (ended - began) * WARM_SHARE)
        warm = [sample.memory[name] for sample in samples if sample.at >= warm_at]
        third = max(1, len(warm) // 3)
        first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
        return cls(first, last, max(warm))

    @property
    def is_flat(self) -> bool:
        return self.last_bytes <= self.first_bytes * ROOM_SHARE + ROOM_BYTES


def usual(values: Sequence[int]) -> str:
    """The median and the most of a number of connections."""
    return f"{statistics.median(values):.0f}, at most {percentile(values, 100):.0f}"
