"""From a task to its sync session."""

from sqlalchemy import select

from whalefall.auth import Actor
from whalefall.db import WriteSession
from whalefall.domain.states import TERMINAL, ScheduleTask, SyncTrigger
from whalefall.models.schedules import ScheduledRun
from whalefall.models.sync import SyncSession
from whalefall.resolvers.instances import InstanceFilter
from whalefall.resolvers.sessions import start_capacity_of_many, start_task


async def begin(
    session: WriteSession, actor: Actor, task: ScheduleTask, *, trigger: SyncTrigger
) -> int:
    """The id of the sync session that does it. Raises Conflict when there is nothing to do."""
    if task is ScheduleTask.CAPACITY:
        return await start_capacity_of_many(session, actor, InstanceFilter(), trigger=trigger)
    return await start_task(session, actor, task, trigger=trigger)


async def running_session(session: WriteSession, schedule_id: int) -> int | None:
    """The session of one of its runs that has not ended; the schedule is held."""
    found = (
        select(SyncSession.id)
        .join(ScheduledRun, ScheduledRun.session_id == SyncSession.id)
        .where(ScheduledRun.schedule_id == schedule_id, SyncSession.status.not_in(TERMINAL))
        .order_by(SyncSession.id)
        .limit(1)
    )
    return (await session.execute(found)).scalar()
