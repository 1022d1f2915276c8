"""What a scheduler does every few seconds: begin what is due, once, whoever else is looking."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from whalefall.auth import Actor, Permission
from whalefall.db import Database, WriteSession
from whalefall.domain.cron import Cron
from whalefall.domain.states import ScheduleTask, SyncTrigger
from whalefall.errors import Conflict, ServiceUnavailable, said
from whalefall.models.schedules import Schedule, ScheduledRun
from whalefall.resolvers.schedules.beginning import begin, running_session

STILL_RUNNING = said("The run before it was still running.")
log = structlog.get_logger(__name__)


async def run_due_schedules(db: Database, actor: Actor) -> int:
    """Begin every task whose time has come; how many times were answered.

    Times that nobody was there for become one run: the latest of them, which counts the others.
    The database's clock decides what is due, and a time of a schedule has one run, so any number
    of schedulers may do this at once.
    """
    actor.require(Permission.ADMIN)
    count = 0
    tried: list[int] = []
    while await _run_one(db, actor, tried):
        count += 1
    return count


async def _run_one(db: Database, actor: Actor, tried: list[int]) -> bool:
    """Answer the earliest time that is due and not in another scheduler's hands; if there is.

    A schedule that cannot be answered, for whatever reason, waits for the next round and holds
    none of the others up.
    """
    before = len(tried)
    try:
        return await _answer_next(db, actor, tried)
    except ServiceUnavailable:
        raise
    except Exception:
        if len(tried) == before:
            raise
        log.exception("schedule.failed", schedule_id=tried[-1])
        return True


async def _answer_next(db: Database, actor: Actor, tried: list[int]) -> bool:
    async with db.write() as session:
        found = await session.execute(
            select(Schedule, func.clock_timestamp())
            .where(Schedule.is_enabled, Schedule.id.not_in(tried))
            .where(or_(Schedule.next_run_at.is_(None), Schedule.next_run_at <= func.now()))
            .order_by(Schedule.next_run_at.nulls_first())
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if (row := found.first()) is None:
            return False
        schedule, now = row
        tried.append(schedule.id)
        cron = Cron(schedule.cron, ZoneInfo(schedule.time_zone or db.settings.time_zone))
        if schedule.next_run_at is not None:
            await _answer(session, actor, schedule, *cron.latest(schedule.next_run_at, now))
        schedule.next_run_at = cron.next_after(now)
    return True


async def _answer(
    session: WriteSession, actor: Actor, schedule: Schedule, due: datetime, missed: int
) -> None:
    """Begin the run of this time, or say why not."""
    statement = insert(ScheduledRun).values(
        schedule_id=schedule.id, scheduled_for=due, missed=missed
    )
    added = await session.execute(statement.on_conflict_do_nothing().returning(ScheduledRun.id))
    if (run_id := added.scalar()) is None:
        return
    run = await session.get_one(ScheduledRun, run_id)
    task = ScheduleTask(schedule.task)
    if await running_session(session, schedule.id) is not None:
        run.skipped_because = STILL_RUNNING
    else:
        try:
            async with session.begin_nested():
                run.session_id = await begin(session, actor, task, trigger=SyncTrigger.SCHEDULED)
        except Conflict as problem:
            run.skipped_because = problem.message
    log.info(
        "schedule.answered",
        task=task,
        missed=missed,
        sync_session_id=run.session_id,
        skipped_because=run.skipped_because,
    )
