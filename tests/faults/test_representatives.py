"""A few faults of many, in every run of the tests; `./run test faults` has the whole table."""

from collections.abc import Callable

import pytest

from tests.faults.cases import CASES, MARIADB, Case
from tests.faults.scene import CAPACITY, TABLES, Scene
from tests.faults.standins import SQLSERVER, STANDIN_CASES
from tests.faults.surviving import survive

WANTED = {  # by operation
    TABLES: ("down", "down, socket", "reset at 70%", "no sizes any more", "no grants any more"),
    CAPACITY: ("down", "freezes before an answer, socket"),
}
PARTS = {MARIADB: [pytest.mark.mariadb], SQLSERVER: [pytest.mark.odbc]}
CHOSEN = [
    pytest.param(case, engine, operation, marks=PARTS.get(engine, []))
    for operation, names in WANTED.items()
    for case in (*CASES, *STANDIN_CASES)
    if case.name in names and operation in case.operations
    for engine in case.engines
]


@pytest.mark.parametrize(("case", "engine", "operation"), CHOSEN)
async def test_what_was_known_stays_and_the_next_try_succeeds(
    case: Case, scene: Scene, logged: Callable[[], str]
) -> None:
    await survive(scene, case, logged)
