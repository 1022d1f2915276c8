"""What every adapter promises, as tests. An engine's tests subclass AdapterContract, or
WireContract where a server is reached over a network, and bring a server as `server`."""

import asyncio
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import ClassVar, Protocol

import pytest

from whalefall.adapters.base import Adapter, Limits, Target, TargetSession
from whalefall.domain.facts import Quality
from whalefall.errors import Code, TargetProblem

HOSTILE_NAMES = (
    'it\'s "quoted" `so`',
    "two\nlines\tand a tab",
    "whale 🐋",
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "back\\slash %s %(x)s {y} $1 :z",
    " leading space",
    "a.b;--",
    "МИР 鯨 \u202eright to left",
)
QUICK = Limits(connect_seconds=1, statement_seconds=20, lock_seconds=0.5)
_numbers = itertools.count(1)


class Server(Protocol):
    """A private server, and what its owner can do to it."""

    def target(self) -> Target:
        """The server as the collecting account sees it, which may read all sizes."""

    async def create_database(self, name: str) -> None: ...

    async def drop_database(self, name: str) -> None: ...

    async def create_tables(self, database: str, names: Sequence[str]) -> None:
        """Tables of any name, each with at least one row."""

    async def drop_table(self, database: str, name: str) -> None: ...

    async def sessions(self) -> int:
        """How many sessions of the adapter's the server has now."""

    async def running(self) -> int:
        """How many of them are executing a statement now."""


async def until(question: Callable[[], Awaitable[bool]], *, seconds: float = 5) -> None:
    """Ask again and again until the answer is yes. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await question():  # noqa: ASYNC110 - the server cannot tell us
            await asyncio.sleep(0.02)


class Connecting:
    """An adapter whose connecting goes wrong."""

    adapter: ClassVar[Adapter]

    async def problem_of_connecting(
        self, target: Target, *, database: str | None = None
    ) -> TargetProblem:
        """The problem that connecting ends in; no secret and no address in its words."""
        with pytest.raises(TargetProblem) as caught:
            async with self.adapter.connect(target, QUICK, database=database):
                pass
        text = f"{caught.value.message} {caught.value.hint or ''}"
        assert target.password not in text
        assert target.address not in text
        return caught.value


class AdapterContract(Connecting, ABC):
    hostile_names: ClassVar[tuple[str, ...]] = HOSTILE_NAMES
    product: ClassVar[str]
    measures_one_by_one: ClassVar[bool] = False  # so that what is left out costs nothing

    @abstractmethod
    async def run_for_a_minute(self, session: TargetSession) -> None:
        """One slow statement, through the session's own way to the server."""

    @abstractmethod
    async def write(self, session: TargetSession, database: str) -> None:
        """Try to create a table in `database`, through the session's own way to the server."""

    @pytest.fixture
    async def database(self, server: Server) -> AsyncIterator[str]:
        name = f"contract_{next(_numbers)}"
        await server.create_database(name)
        yield name
        await server.drop_database(name)

    async def assert_no_session_is_left(self, server: Server) -> None:
        async def none_left() -> bool:
            return await server.sessions() == 0

        await until(none_left)

    # Connecting

    async def test_session_knows_version_and_latency(self, server: Server) -> None:
        async with self.adapter.connect(server.target(), QUICK) as session:
            facts = session.server

        assert facts.product == self.product
        assert facts.version.startswith(f"{self.product} {facts.main_version}")
        assert facts.banner
        assert 0 <= facts.latency_ms < 5_000

    async def test_session_is_gone_after_use(self, server: Server) -> None:
        async with self.adapter.connect(server.target(), QUICK):
            assert await server.sessions() == 1

        await self.assert_no_session_is_left(server)

    async def test_wrong_password_is_refused_as_such(self, server: Server) -> None:
        target = replace(server.target(), password="not the secret")

        problem = await self.problem_of_connecting(target)

        assert problem.problem_code is Code.AUTH_FAILED

    async def test_unknown_account_is_refused_like_a_wrong_password(self, server: Server) -> None:
        target = replace(server.target(), username="nobody_here")

        problem = await self.problem_of_connecting(target)

        assert problem.problem_code is Code.AUTH_FAILED

    async def test_missing_database_is_named_so(self, server: Server) -> None:
        problem = await self.problem_of_connecting(server.target(), database="no_such_database")

        assert problem.problem_code is Code.DATABASE_NOT_FOUND

    # Reading

    async def test_inventory_is_complete(self, server: Server, database: str) -> None:
        async with self.adapter.connect(server.target(), QUICK) as session:
            inventory = await session.inventory()

        names = [fact.name for fact in inventory.items]
        assert inventory.complete
        assert inventory.source
        assert database in names
        assert names == sorted(set(names))
        assert any(fact.is_system for fact in inventory.items)
        assert [fact.is_system for fact in inventory.items if fact.name == database] == [False]

    async def test_every_database_of_the_inventory_has_a_size_or_a_reason(
        self, server: Server, database: str
    ) -> None:
        await server.create_tables(database, ["t"])

        async with self.adapter.connect(server.target(), QUICK) as session:
            inventory = await session.inventory()
            sizes = await session.database_sizes()

        assert [fact.name for fact in sizes.items] == [fact.name for fact in inventory.items]
        for fact in sizes.items:
            assert (fact.size_bytes is None) == (fact.quality is Quality.UNAVAILABLE)
            assert fact.size_bytes is not None or fact.reason is not None
        sized = {fact.name: fact.size_bytes for fact in sizes.items}
        assert (sized[database] or 0) > 0

    async def test_a_database_that_is_left_out_takes_nothing_with_it(
        self, server: Server, database: str
    ) -> None:
        async with self.adapter.connect(server.target(), QUICK) as session:
            everything = await session.database_sizes()
            rest = await session.database_sizes([database, "no_such_database"])

        names = [fact.name for fact in everything.items if fact.name != database]
        assert [fact.name for fact in rest.items if fact.name != database] == names
        assert rest.complete == everything.complete
        if self.measures_one_by_one:
            assert database not in {fact.name for fact in rest.items}

    async def test_tables_come_largest_first_and_add_up(
        self, server: Server, database: str
    ) -> None:
        await server.create_tables(database, ["a", "b", "c"])

        async with self.adapter.connect(server.target(), QUICK, database=database) as session:
            tables = await session.table_sizes(database)

        sizes = [fact.size_bytes or 0 for fact in tables.items]
        assert {fact.table_name for fact in tables.items} == {"a", "b", "c"}
        assert tables.complete
        assert not tables.skipped
        assert sizes == sorted(sizes, reverse=True)
        assert all(
            fact.size_bytes == (fact.data_bytes or 0) + (fact.index_bytes or 0)
            for fact in tables.items
        )

    async def test_no_tables_is_a_complete_answer(self, server: Server, database: str) -> None:
        async with self.adapter.connect(server.target(), QUICK, database=database) as session:
            tables = await session.table_sizes(database)

        assert tables.items == []
        assert tables.complete

    async def test_hostile_table_names_come_back_unchanged(
        self, server: Server, database: str
    ) -> None:
        await server.create_tables(database, self.hostile_names)

        async with self.adapter.connect(server.target(), QUICK, database=database) as session:
            tables = await session.table_sizes(database)

        assert {fact.table_name for fact in tables.items} == set(self.hostile_names)

    async def test_hostile_database_names_can_be_entered(self, server: Server) -> None:
        for name in self.hostile_names:
            await server.create_database(name)
            try:
                await server.create_tables(name, ["t"])
                async with self.adapter.connect(server.target(), QUICK, database=name) as session:
                    inventory = await session.inventory()
                    tables = await session.table_sizes(name)
            finally:
                await server.drop_database(name)

            assert name in {fact.name for fact in inventory.items}
            assert [fact.table_name for fact in tables.items] == ["t"]

    async def test_dropped_database_is_not_found(self, server: Server) -> None:
        name = f"contract_{next(_numbers)}"
        await server.create_database(name)
        await server.drop_database(name)

        with pytest.raises(TargetProblem) as caught:
            async with self.adapter.connect(server.target(), QUICK, database=name) as session:
                await session.table_sizes(name)

        assert caught.value.problem_code is Code.DATABASE_NOT_FOUND

    async def test_table_dropped_while_reading_is_not_reported(
        self, server: Server, database: str
    ) -> None:
        names = [f"t{number}" for number in range(60)]
        await server.create_tables(database, [*names, "stays"])

        async def drop_all() -> None:
            for name in names:
                await server.drop_table(database, name)

        async with self.adapter.connect(server.target(), QUICK, database=database) as session:
            dropping = asyncio.create_task(drop_all())
            while not dropping.done():
                tables = await session.table_sizes(database)
                assert all((fact.size_bytes or 0) > 0 for fact in tables.items)
            await dropping
            tables = await session.table_sizes(database)

        assert [fact.table_name for fact in tables.items] == ["stays"]
        assert tables.complete

    # Failing and being stopped

    async def test_cancelling_stops_the_statement_on_the_server(self, server: Server) -> None:
        async def collect() -> None:
            async with self.adapter.connect(server.target(), QUICK) as session:
                await self.run_for_a_minute(session)

        async def is_running() -> bool:
            return await server.running() == 1

        collection = asyncio.create_task(collect())
        await until(is_running)
        started = time.monotonic()
        collection.cancel()

        with pytest.raises(asyncio.CancelledError):
            await collection
        assert time.monotonic() - started < 3
        await self.assert_no_session_is_left(server)

    async def test_slow_statement_is_a_timeout(self, server: Server) -> None:
        impatient = replace(QUICK, statement_seconds=0.5)
        started = time.monotonic()

        with pytest.raises(TargetProblem) as caught:
            async with self.adapter.connect(server.target(), impatient) as session:
                await self.run_for_a_minute(session)

        assert caught.value.problem_code is Code.DATABASE_TIMEOUT
        assert time.monotonic() - started < 3
        await self.assert_no_session_is_left(server)

    async def test_session_cannot_write(self, server: Server, database: str) -> None:
        with pytest.raises(TargetProblem):
            async with self.adapter.connect(server.target(), QUICK, database=database) as session:
                await self.write(session, database)

        async with self.adapter.connect(server.target(), QUICK, database=database) as session:
            tables = await session.table_sizes(database)
        assert tables.items == []
