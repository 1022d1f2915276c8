"""The latest runs of schedules: when, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.states import SyncStatus
from whalefall.models.schedules import ScheduledRun
from whalefall.models.sync import SyncSession
from whalefall.resolvers.schedules.reading import SCHEDULES


@dataclass(frozen=True)
class RunRow:
    """One run. No session: nothing was begun, or the session has been deleted as too old."""

    schedule_id: int
    created_at: datetime
    session_id: int | None
    status: SyncStatus | None
    skipped_because: str | None


async def recent_runs(
    session: Session, actor: Actor, schedule_ids: Sequence[int], most: int
) -> dict[int, list[RunRow]]:
    """At most so many runs of each schedule, by its id, oldest first."""
    actor.require(SCHEDULES.permission)
    rank = func.row_number().over(
        partition_by=ScheduledRun.schedule_id, order_by=ScheduledRun.id.desc()
    )
    ranked = (
        select(ScheduledRun, rank.label("rank"))
        .where(ScheduledRun.schedule_id.in_(schedule_ids))
        .subquery()
    )
    statement = (
        select(
            ranked.c.schedule_id,
            ranked.c.created_at,
            ranked.c.session_id,
            SyncSession.status,
            ranked.c.skipped_because,
        )
        .outerjoin(SyncSession, SyncSession.id == ranked.c.session_id)
        .where(ranked.c.rank <= most)
        .order_by(ranked.c.id)
    )
    runs: dict[int, list[RunRow]] = {schedule_id: [] for schedule_id in schedule_ids}
    for row in await session.execute(statement):
        runs[row.schedule_id].append(RunRow(*row))
    return runs
