"""The faults that a folder of files can have."""

from collections.abc import Callable

import pytest

from tests.faults.causes import Deed, drop_shop, drop_tables, give_hostile_names, rename_shop
from tests.faults.holding import see_it_hold
from tests.faults.matrix import FAILED, GONE, LATE, UNREACHED, Cell
from tests.faults.scene import CAPACITY, OK, TABLES, Scene
from tests.kit.customer import SQLiteCustomer
from whalefall.errors import Code

REFUSED = Code.AUTH_FAILED.value


def of_folder(act: Callable[[SQLiteCustomer], object]) -> Deed:
    async def deed(scene: Scene) -> None:
        assert isinstance(scene.customer, SQLiteCustomer)
        act(scene.customer)

    return deed


async def hold(scene: Scene) -> None:
    assert isinstance(scene.customer, SQLiteCustomer)
    await scene.held.enter_async_context(scene.customer.locked())


async def forget_the_account(scene: Scene) -> None:
    await scene.customer.drop_account()


SPOIL, TAKE_AWAY, UNMOUNT = map(
    of_folder, (SQLiteCustomer.spoil, SQLiteCustomer.take_away, SQLiteCustomer.unmount)
)
CELLS = {
    "account gone": (forget_the_account, REFUSED, REFUSED),
    "locked": (hold, LATE, OK),
    "dropped": (drop_shop, GONE, OK),
    "renamed": (rename_shop, GONE, OK),
    "no tables": (drop_tables, OK, OK),
    "hostile names": (give_hostile_names, OK, OK),
    "unreadable": (SPOIL, FAILED, OK),
    "disk gone": (TAKE_AWAY, UNREACHED, UNREACHED),
    "disk not mounted": (UNMOUNT, UNREACHED, UNREACHED),
}
STALE = ("locked", "unreadable")  # what the sizes of databases say of their own


@pytest.mark.parametrize(
    ("cell", "operation"),
    [
        pytest.param(
            Cell(ending=ending, before=deed, stale=name in STALE and operation == CAPACITY),
            operation,
            id=f"{name}, {operation}",
        )
        for name, (deed, *endings) in CELLS.items()
        for operation, ending in zip((TABLES, CAPACITY), endings, strict=True)
    ],
)
async def test_nothing_is_lost_and_nothing_is_made_up(
    cell: Cell, scene: Scene, logged: Callable[[], str]
) -> None:
    await see_it_hold(cell, scene, logged)
