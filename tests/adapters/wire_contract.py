"""What adapters promise that reach their servers over a network: whatever happens on the way."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.adapters.contract import QUICK, AdapterContract, Connecting, Server
from tests.faults.proxy import Fault, FaultProxy, fault_proxy
from whalefall.errors import Code, TargetProblem


class Proxied:
    """A fault proxy in front of the server."""

    @pytest.fixture
    async def proxy(self, server: Server) -> AsyncIterator[FaultProxy]:
        target = server.target()
        async with fault_proxy(target.address, target.port) as proxy:
            yield proxy


class DialContract(Proxied, Connecting):
    """What goes wrong before a word is said."""

    @pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.ACCEPT_CLOSE, Fault.RESET])
    async def test_server_that_hangs_up_is_a_connection_error(
        self, server: Server, proxy: FaultProxy, fault: Fault
    ) -> None:
        await proxy.set(fault)
        started = time.monotonic()

        problem = await self.problem_of_connecting(replace(server.target(), port=proxy.port))

        assert problem.problem_code is Code.DATABASE_CONNECTION_ERROR
        assert time.monotonic() - started < 1
        assert proxy.connections <= 2

    @pytest.mark.parametrize(
        "banner",
        [b"SSH-2.0-OpenSSH_9.2\r\n", b"-ERR unknown command\r\n", b"\x00" * 64, b"\xff" * 64],
    )
    async def test_server_of_another_kind_is_a_connection_error(
        self, server: Server, proxy: FaultProxy, banner: bytes
    ) -> None:
        await proxy.set(Fault.BANNER, banner=banner)

        problem = await self.problem_of_connecting(replace(server.target(), port=proxy.port))

        assert problem.problem_code in (Code.DATABASE_CONNECTION_ERROR, Code.DATABASE_TIMEOUT)
        assert "OpenSSH" not in problem.message

    async def test_silent_server_times_out_within_the_connect_limit(
        self, server: Server, proxy: FaultProxy
    ) -> None:
        await proxy.set(Fault.BLACKHOLE)
        started = time.monotonic()

        problem = await self.problem_of_connecting(replace(server.target(), port=proxy.port))

        assert problem.problem_code is Code.DATABASE_TIMEOUT
        assert time.monotonic() - started < QUICK.connect_seconds + 1


class WireContract(AdapterContract, DialContract):
    """The whole of it."""

    async def test_wrong_password_is_tried_once(self, server: Server, proxy: FaultProxy) -> None:
        target = replace(server.target(), port=proxy.port, password="not the secret")

        await self.problem_of_connecting(target)

        assert proxy.connections == 1

    async def test_connection_lost_in_mid_answer_is_a_problem(
        self, server: Server, proxy: FaultProxy, database: str
    ) -> None:
        await server.create_tables(database, [f"table_{number}" for number in range(100)])
        target = replace(server.target(), port=proxy.port)

        with pytest.raises(TargetProblem) as caught:
            async with self.adapter.connect(target, QUICK, database=database) as session:
                await proxy.set(Fault.LIMIT, after_bytes=1_500)
                await session.table_sizes(database)

        assert caught.value.problem_code is Code.DATABASE_CONNECTION_ERROR

    async def test_frozen_answer_ends_with_the_callers_deadline(
        self, server: Server, proxy: FaultProxy, database: str
    ) -> None:
        await server.create_tables(database, [f"table_{number}" for number in range(100)])
        target = replace(server.target(), port=proxy.port)
        started = time.monotonic()

        with pytest.raises(TimeoutError):
            async with (
                asyncio.timeout(1),
                self.adapter.connect(target, QUICK, database=database) as session,
            ):
                await proxy.set(Fault.STALL, after_bytes=1_500)
                await session.table_sizes(database)

        assert time.monotonic() - started < 4
        await proxy.stop()
        await self.assert_no_session_is_left(server)

    async def test_slow_network_is_waited_for(
        self, server: Server, proxy: FaultProxy, database: str
    ) -> None:
        await server.create_tables(database, ["t"])
        await proxy.set(Fault.LATENCY, seconds=0.02)
        target = replace(server.target(), port=proxy.port)

        async with self.adapter.connect(target, QUICK, database=database) as session:
            tables = await session.table_sizes(database)

        assert [fact.table_name for fact in tables.items] == ["t"]
        assert session.server.latency_ms >= 20
