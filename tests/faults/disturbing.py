"""How a fault is made on a stand-in: where a view is read, or by its owner's hands."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.faults.causes import Deed
from tests.faults.doubles import DoubleCustomer, OracleCustomer, SQLServerCustomer
from tests.faults.scene import Scene
from whalefall.adapters import ADAPTERS
from whalefall.adapters.oracle import OracleAdapter
from whalefall.domain.engines import Engine

ORACLE = Engine("ORACLE")
RESEND = struct.pack(">HHBBH", 8, 0, 11, 0, 0)  # the shortest thing that a listener says


def disturbed(view: str, **how: Any) -> Deed:
    async def deed(scene: Scene) -> None:
        assert isinstance(scene.customer, DoubleCustomer)
        scene.customer.server.disturb(view, **how)

    return deed


def meanwhile(view: str, act: Callable[[Any], Awaitable[None]]) -> Deed:
    """`act` happens when the statement that reads `view` has arrived, and once."""

    async def deed(scene: Scene) -> None:
        customer = scene.customer
        done: list[bool] = []

        async def once() -> None:
            if not done:
                done.append(True)
                await act(customer)

        assert isinstance(customer, DoubleCustomer)
        customer.server.disturb(view, before=once)

    return deed


def revoked(*permissions: str) -> Callable[[Any], Awaitable[None]]:
    async def act(customer: SQLServerCustomer | OracleCustomer) -> None:
        await customer.revoke(*permissions)

    return act


def of_customer(act: Callable[[Any], Awaitable[None]]) -> Deed:
    async def deed(scene: Scene) -> None:
        await act(scene.customer)

    return deed


async def drop_grown(customer: DoubleCustomer) -> None:
    await customer.drop(customer.shop)


async def drop_all_tables(customer: DoubleCustomer) -> None:
    await customer.drop_tables()


async def shut(customer: SQLServerCustomer | OracleCustomer) -> None:
    await customer.shut()


def refuse(how: int | str | None) -> Deed:
    """The account is refused with this error; None: its password is another one now."""

    async def deed(scene: Scene) -> None:
        assert isinstance(scene.customer, DoubleCustomer)
        await scene.customer.refuse(how)

    return deed


async def revoke_all(scene: Scene) -> None:
    assert isinstance(scene.customer, SQLServerCustomer | OracleCustomer)
    await scene.customer.revoke(*scene.customer.granted)


async def crowd(scene: Scene) -> None:
    assert isinstance(scene.customer, DoubleCustomer)
    scene.customer.set_most_sessions(0)


def by_socket(deed: Deed) -> Deed:
    """The driver itself dials the proxy, until the fault is over, instead of the seam."""

    async def both(scene: Scene) -> None:
        seam = ADAPTERS[ORACLE]

        async def give_back() -> None:
            ADAPTERS[ORACLE] = seam

        ADAPTERS[ORACLE] = OracleAdapter()
        scene.held.push_async_callback(give_back)
        await deed(scene)

    return both


@asynccontextmanager
async def falling_silent() -> AsyncIterator[int]:
    """The port of a listener that answers once and then says nothing any more."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(RESEND)
        while await reader.read(65_536):
            pass
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
