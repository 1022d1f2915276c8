"""Changing, pausing and resuming schedules, and running one now."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import func, insert, select, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.cron import Cron
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.states import SyncTrigger
from whalefall.errors import BadInput, Conflict, NotFound, said
from whalefall.models.schedules import Schedule, ScheduledRun
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns.writing import changes, require_unchanged
from whalefall.resolvers.schedules.beginning import begin, running_session
from whalefall.resolvers.schedules.reading import ScheduleRow, cron_of, get_schedule


@dataclass(kw_only=True)
class SchedulePatch:
    """What changes on a schedule. A time zone of null: the business time zone."""

    cron: str | Unset | None = UNSET
    time_zone: str | Unset | None = UNSET


def _time_zone(field: str, text: str | None) -> str | None:
    name = (text or "").strip()
    if name and name not in available_timezones():
        hint = said("For example Asia/Shanghai, Europe/London or UTC.")
        raise BadInput("There is no such time zone.", field=field, hint=hint)
    return name or None


CHECKS: Mapping[str, checks.Check] = {"cron": checks.line(100), "time_zone": _time_zone}


def cron_from(patch: SchedulePatch, row: ScheduleRow, business_zone: ZoneInfo) -> Cron:
    """The times that a schedule would have after a change. Raises BadInput."""
    values = {**asdict(row), **checked(given(patch), CHECKS)}
    zone = ZoneInfo(values["time_zone"]) if values["time_zone"] else business_zone
    return Cron.parse(values["cron"], zone)


async def update_schedule(
    session: WriteSession,
    actor: Actor,
    schedule_id: int,
    patch: SchedulePatch,
    *,
    business_zone: ZoneInfo,
    expected_updated_at: datetime | None = None,
) -> ScheduleRow:
    """Change when a task is done; paused stays paused.

    Raises NotFound, BadInput, and STALE_OBJECT if it has changed since `expected_updated_at`.
    """
    actor.require(Permission.ADMIN)
    row = await _hold(session, actor, schedule_id)
    stale = said("Somebody changed this schedule in the meantime.")
    require_unchanged(row.updated_at, expected_updated_at, stale)
    cron = cron_from(patch, row, business_zone)
    clean = {**checked(given(patch), CHECKS), "cron": cron.expression}
    before, after = changes(asdict(row), clean)
    if not after:
        return row
    values = {
        **after,
        "longest_pause_seconds": round(cron.longest_pause.total_seconds()),
        "next_run_at": cron.next_after(datetime.now(UTC)) if row.is_enabled else None,
    }
    await _change(session, schedule_id, values)
    await audit(session, actor, "schedule.updated", "Schedule", schedule_id, before, after)
    return await get_schedule(session, actor, schedule_id)


async def pause_schedule(session: WriteSession, actor: Actor, schedule_id: int) -> ScheduleRow:
    """Keep a task from running by itself. What runs goes on. Raises NotFound."""
    return await _enable(session, actor, schedule_id, None)


async def resume_schedule(
    session: WriteSession, actor: Actor, schedule_id: int, *, business_zone: ZoneInfo
) -> ScheduleRow:
    """Let a task run by itself again, from its next time on. Raises NotFound."""
    return await _enable(session, actor, schedule_id, business_zone)


async def run_schedule(
    session: WriteSession, actor: Actor, schedule_id: int, *, trigger: SyncTrigger
) -> int:
    """Begin a task now, also a paused one; the id of its sync session.

    Raises NotFound, and Conflict while it is running or when there is nothing to do.
    """
    actor.require(Permission.ADMIN)
    row = await _hold(session, actor, schedule_id)
    if (running := await running_session(session, schedule_id)) is not None:
        raise Conflict(
            said("This task is running already, as session %(number)s.", number=running),
            hint=said("Follow that session, or cancel it first."),
        )
    session_id = await begin(session, actor, row.task, trigger=trigger)
    run = {"schedule_id": schedule_id, "session_id": session_id}
    await session.execute(insert(ScheduledRun).values(**run, scheduled_for=func.clock_timestamp()))
    after = {"session_id": session_id}
    await audit(session, actor, "schedule.run", "Schedule", schedule_id, None, after)
    return session_id


async def _enable(
    session: WriteSession, actor: Actor, schedule_id: int, business_zone: ZoneInfo | None
) -> ScheduleRow:
    actor.require(Permission.ADMIN)
    row, wanted = await _hold(session, actor, schedule_id), business_zone is not None
    if row.is_enabled == wanted:
        return row
    next_run = cron_of(row, business_zone).next_after(datetime.now(UTC)) if business_zone else None
    await _change(session, schedule_id, {"is_enabled": wanted, "next_run_at": next_run})
    action = "schedule.resumed" if wanted else "schedule.paused"
    await audit(session, actor, action, "Schedule", schedule_id, None, None)
    return await get_schedule(session, actor, schedule_id)


async def _hold(session: WriteSession, actor: Actor, schedule_id: int) -> ScheduleRow:
    """The row, locked: a scheduler that would run it now waits, or has been waited for."""
    locked = select(Schedule.id).where(Schedule.id == schedule_id).with_for_update()
    if (await session.execute(locked)).first() is None:
        raise NotFound("There is no such schedule.")
    return await get_schedule(session, actor, schedule_id)


async def _change(session: WriteSession, schedule_id: int, values: Mapping[str, Any]) -> None:
    statement = update(Schedule).where(Schedule.id == schedule_id)
    await session.execute(statement.values(**values, updated_at=func.clock_timestamp()))
