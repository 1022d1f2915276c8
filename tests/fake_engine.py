"""An engine that tests script: what it holds, how it fails, when it waits."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from whalefall.adapters import ADAPTERS
from whalefall.adapters.base import Limits, Target
from whalefall.domain.engines import ENGINES, Engine, EngineKind
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    ServerFact,
    Skipped,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import (
    AccountScript,
    Feature,
    PrivilegeCheck,
    PrivilegeState,
)
from whalefall.domain.sizes import Bytes
from whalefall.errors import Problem

FAKE = Engine("FAKE")
Item = TypeVar("Item")


@dataclass
class FakeServer:
    """What the engine answers. `gate` holds every reading back until it is set."""

    databases: dict[str, int | None] = field(default_factory=lambda: {"shop": 1000})
    tables: list[TableFact] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    missing_grants: list[str] = field(default_factory=list)
    excess: list[str] = field(default_factory=list)
    complete: bool = True
    problem: Problem | None = None
    crash: Exception | None = None
    gate: asyncio.Event | None = None
    connected: int = 0
    at_once: int = 0
    most_at_once: int = 0
    cancelled: int = 0
    excluded: set[str] = field(default_factory=set)  # what it was told not to measure
    reached: asyncio.Event = field(default_factory=asyncio.Event)


def table(name: str, size: int | None = 100) -> TableFact:
    """A table of the schema public; without a size it could not be read."""
    unreadable = size is None
    return TableFact(
        schema_name="public",
        table_name=name,
        size_bytes=None if size is None else Bytes(size),
        quality=Quality.UNAVAILABLE if unreadable else Quality.EXACT,
        reason=SkipReason.PERMISSION if unreadable else None,
    )


class FakeSession:
    def __init__(self, server: FakeServer) -> None:
        self._server = server
        self.server = ServerFact(
            product="Fake", version="Fake 1.2", main_version="1", banner="fake", latency_ms=3
        )

    async def inventory(self) -> Collected[DatabaseFact]:
        await self._answer()
        items = [DatabaseFact(name=name) for name in self._server.databases]
        return self._collected(items)

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        self._server.excluded = set(excluded)
        items = [_size(name, size) for name, size in self._server.databases.items()]
        return self._collected(items)

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        await self._answer()
        return self._collected(list(self._server.tables))

    async def privileges(self) -> list[PrivilegeCheck]:
        await self._answer()
        return [self._check(feature) for feature in Feature]

    def _check(self, feature: Feature) -> PrivilegeCheck:
        """Missing grants are missing for everything but DATA_CLOSED; the excess is for that."""
        missing, excess = self._server.missing_grants, self._server.excess
        closed = feature is Feature.DATA_CLOSED
        state = PrivilegeState.OVER_PRIVILEGED if closed else PrivilegeState.MISSING
        return PrivilegeCheck(
            feature=feature,
            state=state if (excess if closed else missing) else PrivilegeState.OK,
            probe="fake",
            needed=[] if closed else ["LOOK"],
            missing=[] if closed else missing,
            excess=excess if closed else [],
        )

    async def _answer(self) -> None:
        server = self._server
        server.reached.set()
        if server.gate is not None:
            try:
                await server.gate.wait()
            except asyncio.CancelledError:
                server.cancelled += 1
                raise
        if server.crash is not None:
            raise server.crash
        if server.problem is not None:
            raise server.problem

    def _collected(self, items: list[Item]) -> Collected[Item]:
        return Collected(
            items=items,
            complete=self._server.complete,
            source="fake",
            skipped=self._server.skipped,
            missing_grants=self._server.missing_grants,
        )


class FakeAdapter:
    engine = FAKE

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[FakeSession]:
        server = self._server
        server.connected += 1
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            yield FakeSession(server)
        finally:
            server.at_once -= 1

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        seen = ", ".join(databases)
        return AccountScript(create=f"MAKE {username}; SHOW {seen}", drop=f"UNMAKE {username}")


def _size(name: str, size: int | None) -> DatabaseSizeFact:
    if size is None:
        return DatabaseSizeFact(
            name=name,
            size_bytes=None,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.PERMISSION,
        )
    return DatabaseSizeFact(name=name, size_bytes=Bytes(size))


@contextmanager
def registered(server: FakeServer) -> Iterator[FakeServer]:
    """The engine in both registries, as a package that adds one would do it."""
    ENGINES[FAKE] = EngineKind(label="Fake", badge="FK", default_port=1, default_database="main")
    ADAPTERS[FAKE] = FakeAdapter(server)
    try:
        yield server
    finally:
        del ENGINES[FAKE], ADAPTERS[FAKE]
