"""What keeps WhaleFall itself in order by schedule: each task is a record like any other."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.domain.states import ScheduleTask, SyncStatus
from whalefall.resolvers.aggregation.keeping import sum_up_what_is_new
from whalefall.resolvers.collection.claims import Claim, Outcome, fence, finish
from whalefall.resolvers.collection.leases import run_claimed
from whalefall.resolvers.collection.records import failed, say, since
from whalefall.resolvers.forecasts import forecast_all
from whalefall.resolvers.partitions import look_after_partitions
from whalefall.resolvers.progress import Report
from whalefall.resolvers.retention import forget_what_is_old

LONGEST_SECONDS = 3600
log = structlog.get_logger(__name__)


async def do_task(db: Database, actor: Actor, record_id: int) -> None:
    """Do the task that a record names; a worker's job."""
    actor.require(Permission.EXECUTE)

    async def work(db: Database, claim: Claim) -> None:
        started = time.monotonic()

        async def report(stage: str, progress: float) -> None:
            await say(db, claim, stage, progress)

        done = await TASKS[ScheduleTask(claim.task or "")](db, actor, report)
        outcome = replace(done, elapsed_ms=since(started))
        async with db.write() as session:
            await fence(session, claim)
            await finish(session, claim, outcome)
        log.info("task.done", task=claim.task, elapsed_ms=outcome.elapsed_ms)

    await run_claimed(db, record_id, work, LONGEST_SECONDS, failed)


async def _partitions(db: Database, actor: Actor, report: Report) -> Outcome:
    await report("partitions", 0.1)
    done = await look_after_partitions(db, actor)
    return _done(items_created=done.created, items_updated=done.moved, items_removed=done.dropped)


async def _aggregation(db: Database, actor: Actor, report: Report) -> Outcome:
    summed = await sum_up_what_is_new(db, actor, report)
    return _done(items_seen=summed, items_created=await forecast_all(db, actor, report))


async def _retention(db: Database, actor: Actor, report: Report) -> Outcome:
    return _done(items_removed=await forget_what_is_old(db, actor, report))


def _done(**counts: int) -> Outcome:
    outcome = Outcome(status=SyncStatus.COMPLETED, elapsed_ms=0)
    return replace(outcome, **counts)  # type: ignore[arg-type]


TASKS: Mapping[ScheduleTask, Callable[[Database, Actor, Report], Awaitable[Outcome]]] = {
    ScheduleTask.AGGREGATION: _aggregation,
    ScheduleTask.PARTITIONS: _partitions,
    ScheduleTask.RETENTION: _retention,
}
