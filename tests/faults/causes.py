"""How a fault is made: deeds on the proxy, the account, the shop or the server behind it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from tests.adapters.contract import HOSTILE_NAMES
from tests.faults.customers import MariaDBCustomer, PostgreSQLCustomer
from tests.faults.hosts import Host, PostgreSQLHost
from tests.faults.proxy import Fault
from tests.faults.scene import Scene

Deed = Callable[[Scene], Awaitable[None]]


def fault(kind: Fault, **values: float | bytes) -> Deed:
    async def deed(scene: Scene) -> None:
        await scene.proxy.set(kind, **values)  # type: ignore[arg-type]

    return deed


def cut(kind: Fault, part: float) -> Deed:
    async def deed(scene: Scene) -> None:
        await scene.cut(kind, part)

    return deed


def sql(*statements: str) -> Deed:
    """Statements of the administrator; {username}, {shop} and so on are the customer's."""

    async def deed(scene: Scene) -> None:
        await scene.customer.sql(*(one.format(**vars(scene.customer)) for one in statements))

    return deed


def leads_to(other: str) -> Deed:
    async def deed(scene: Scene) -> None:
        scene.proxy.lead_to("127.0.0.1", scene.ports[other])

    return deed


def leads_to_rogue(rogue: Callable[[], AbstractAsyncContextManager[int]]) -> Deed:
    async def deed(scene: Scene) -> None:
        scene.proxy.lead_to("127.0.0.1", await scene.held.enter_async_context(rogue()))

    return deed


def moved_to(host: str, port: str = "") -> Deed:
    """The instance's address is another one now; only the proxy's is permitted."""

    async def deed(scene: Scene) -> None:
        await scene.move(host, scene.ports.get(port, scene.proxy.port + 1))

    return deed


async def answers_stop(scene: Scene) -> None:
    """From the first byte of an answer on, in the middle of the conversation."""
    questions = scene.questions
    await scene.proxy.set(Fault.STALL, after_bytes=questions[len(questions) // 2])


async def drop_shop(scene: Scene) -> None:
    await scene.customer.drop(scene.customer.shop)


async def rename_shop(scene: Scene) -> None:
    await scene.customer.rename_shop()


async def drop_shop_when_entered(scene: Scene) -> None:
    await scene.customer.somebody_is_there()
    await drop_shop(scene)


async def drop_tables(scene: Scene) -> None:
    await scene.customer.drop_tables()


async def drop_tables_when_entered(scene: Scene) -> None:
    await scene.customer.somebody_is_there()
    await drop_tables(scene)


async def give_hostile_names(scene: Scene) -> None:
    holds_emoji = scene.customer.engine == PostgreSQLCustomer.engine
    names = [name for name in HOSTILE_NAMES if holds_emoji or max(name) <= "\uffff"]
    await scene.customer.create_tables(names)


async def forbid_sizes(scene: Scene) -> None:
    assert isinstance(scene.customer, PostgreSQLCustomer)
    await scene.customer.forbid_sizes()


def hold(statement: str) -> Deed:
    async def deed(scene: Scene) -> None:
        assert isinstance(scene.customer, PostgreSQLCustomer)
        await scene.held.enter_async_context(scene.customer.holding(statement))

    return deed


async def make_a_table_slowly(scene: Scene) -> None:
    assert isinstance(scene.customer, MariaDBCustomer)
    await scene.held.enter_async_context(scene.customer.making_a_table())


async def crowd(scene: Scene) -> None:
    assert isinstance(scene.customer, PostgreSQLCustomer)
    await scene.held.enter_async_context(scene.customer.crowded())


async def enter_from_elsewhere(scene: Scene) -> None:
    assert isinstance(scene.customer, MariaDBCustomer)
    await scene.held.enter_async_context(scene.customer.entered())


async def crash_when_entered(scene: Scene) -> None:
    """The server dies in mid-answer, and is there again."""
    host = _host(scene)
    await scene.customer.somebody_is_there()
    await host.kill()
    await host.begin()


async def restart_when_entered(scene: Scene) -> None:
    host = _host(scene)
    await scene.customer.somebody_is_there()
    await host.stop()
    await host.begin()


async def shut_the_door(scene: Scene) -> None:
    """The server waits for those who are in, and tells everybody else that it is stopping."""
    host = _host(scene)
    assert isinstance(host, PostgreSQLHost)

    async def open_it() -> None:
        await host.kill()
        await host.begin()

    host.refuse_newcomers()
    scene.held.push_async_callback(open_it)


def _host(scene: Scene) -> Host:
    customer = scene.customer
    assert isinstance(customer, PostgreSQLCustomer | MariaDBCustomer)
    assert isinstance(customer.server, Host)
    return customer.server
