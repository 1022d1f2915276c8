"""Every cell of the matrix that can be made: no row lost, no zero false, a reason there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.invariants import assert_all_holds, assert_next_try_succeeds
from tests.faults.matrix import ENGINES, FAULTS, MARIADB, MATRIX, READINGS, SQLSERVER, Cell
from tests.faults.matrix import table as made_table
from tests.faults.scene import OK, PARTLY, Scene
from tests.faults.surviving import run_of

README = Path(__file__).parents[2] / "README.md"
PARTS = {MARIADB: "mariadb", SQLSERVER: "odbc"}
FALSE_ZEROS = """
    SELECT (SELECT count(*) FROM database_table_size_stats WHERE size_bytes = 0)
         + (SELECT count(*) FROM instance_databases WHERE size_bytes = 0 AND name LIKE 'shop%')
        AS count
"""  # of nothing that was ever empty
WITHOUT_REASON = """
    SELECT (SELECT count(*) FROM database_table_size_stats
             WHERE size_bytes IS NULL AND size_reason IS NULL)
         + (SELECT count(*) FROM instance_databases
             WHERE is_active AND size_reason IS NULL
               AND (size_bytes IS NULL OR size_quality = 'STALE'))
        AS count
"""
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
    await scene.remember_a_good_run()
    await scene.customer.grow()
    before = await scene.picture()
    try:
        await cell.before(scene)
        run = await run_of(scene, cell.seconds, cell.during)
        assert run.ending in cell.endings, run.record
        after = await assert_all_holds(scene, run, before, logged, leaves_stale=cell.stale)
        assert run.ending == OK or after.names >= before.names
        assert (await scene.asked(FALSE_ZEROS))["count"] == 0
        assert (await scene.asked(WITHOUT_REASON))["count"] == 0
        assert run.ending == OK or run.record["error_code"]
        assert bool(after.stale) == cell.stale or run.ending.startswith(PARTLY)
    finally:
        await scene.mend()
    await assert_next_try_succeeds(scene)


def test_every_cell_is_made_or_says_why_not() -> None:
    for engine in ENGINES:
        assert MATRIX[engine].keys() == set(FAULTS)
        assert all(MATRIX[engine][name].keys() == set(READINGS) for name in FAULTS)


def test_readme_has_the_table_as_it_is() -> None:
    assert made_table() in README.read_text(), "python -m tests.faults.matrix"
