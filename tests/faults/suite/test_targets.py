"""Every case of the table, on every engine, through every operation."""

from collections.abc import Callable

import pytest

from tests.faults.cases import CASES, Case
from tests.faults.scene import Scene
from tests.faults.standins import STANDIN_CASES
from tests.faults.surviving import Line, survive

ALL = [
    pytest.param(case, engine, operation, id=f"{case.id} {case.name}, {engine}, {operation}")
    for case in (*CASES, *STANDIN_CASES)
    for engine in case.engines
    for operation in case.operations
]


@pytest.mark.parametrize(("case", "engine", "operation"), ALL)
async def test_what_was_known_stays_and_the_next_try_succeeds(
    case: Case, scene: Scene, logged: Callable[[], str], table: list[Line]
) -> None:
    table.append(await survive(scene, case, logged))
