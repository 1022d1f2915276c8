"""Every cell of the matrix that can be made: no row lost, no zero false, a reason there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.holding import see_it_hold
from tests.faults.matrix import ENGINES, FAULTS, MARIADB, MATRIX, READINGS, SQLSERVER, Cell
from tests.faults.matrix import table as made_table
from tests.faults.scene import Scene

README = Path(__file__).parents[2] / "README.md"
PARTS = {MARIADB: "mariadb", SQLSERVER: "odbc"}
CELLS = [
    pytest.param(
        cell,
        engine,
        READINGS[reading],
        id=f"{engine}, {name}, {reading}",
        marks=[getattr(pytest.mark, PARTS[engine])] if engine in PARTS else [],
    )
    for engine in ENGINES
    for name in FAULTS
    for reading in READINGS
    if isinstance(cell := MATRIX[engine][name][reading], Cell)
]


@pytest.mark.parametrize(("cell", "engine", "operation"), CELLS)
async def test_nothing_is_lost_and_nothing_is_made_up(
    cell: Cell, scene: Scene, logged: Callable[[], str]
) -> None:
    await see_it_hold(cell, scene, logged)


def test_every_cell_is_made_or_says_why_not() -> None:
    for engine in ENGINES:
        assert MATRIX[engine].keys() == set(FAULTS)
        assert all(MATRIX[engine][name].keys() == set(READINGS) for name in FAULTS)


def test_readme_has_the_table_as_it_is() -> None:
    assert made_table() in README.read_text(), "python -m tests.faults.matrix"
