"""One case from beginning to end: a good run, the fault, all that must hold, and a good run."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.cases import Case
from tests.faults.causes import Deed
from tests.faults.invariants import assert_all_holds, assert_next_try_succeeds
from tests.faults.scene import Run, Scene


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table that the suite prints."""

    case: str
    engine: str
    operation: str
    ending: str
    kept: str
    seconds: float


async def survive(scene: Scene, case: Case, logged: Callable[[], str]) -> Line:
    """Raises AssertionError, also when the fault ended otherwise than it should."""
    if not case.is_first:
        await scene.remember_a_good_run()
        await scene.customer.grow()
    before = await scene.picture()
    try:
        await case.before(scene)
        run = await run_of(scene, case.seconds, case.during)
        assert run.ending in case.endings, run.record
        assert run.seconds < case.within
        assert run.connections <= case.connections
        stale = case.leaves_stale
        after = await assert_all_holds(scene, run, before, logged, leaves_stale=stale)
        if case.stays:
            await assert_next_try_succeeds(scene)
    finally:
        await scene.mend()
    await assert_next_try_succeeds(scene)
    return Line(
        case=f"{case.id} {case.name}",
        engine=scene.customer.engine,
        operation=scene.operation,
        ending=run.ending,
        kept=f"{len(before.names)} -> {len(after.names)}",
        seconds=run.seconds,
    )


async def run_of(scene: Scene, seconds: float, during: Deed | None) -> Run:
    """One run, and beside it what happens during it, if anything does."""
    if during is None:
        return await scene.run(seconds)
    run, _ = await asyncio.gather(scene.run(seconds), during(scene))
    return run
