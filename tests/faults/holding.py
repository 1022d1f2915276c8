"""One cell of the matrix: nothing may be lost, nothing made up, and every ending has its reason."""

from collections.abc import Callable

from tests.faults.invariants import assert_all_holds, assert_next_try_succeeds
from tests.faults.matrix import Cell
from tests.faults.scene import OK, PARTLY, Scene
from tests.faults.surviving import run_of

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


async def see_it_hold(cell: Cell, scene: Scene, logged: Callable[[], str]) -> None:
    """A good run, the fault, all that must hold, and a good run. Raises AssertionError."""
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
