"""Schedules as they are read: when each task is due, and what became of its last time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, func, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.cron import Cron
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.states import ScheduleTask
from whalefall.errors import Sentence
from whalefall.models.schedules import Schedule, ScheduledRun
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, One, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import one_of
from whalefall.resolvers.sync import SyncSessionRow

UPCOMING = 5


@dataclass(kw_only=True)
class ScheduleRow:
    """A task that WhaleFall does by itself, and when."""

    id: int = described("The row's id.")
    task: ScheduleTask = described("What is done.")
    cron: str = described("When: five fields, read as crontab reads them.")
    time_zone: str | None = described(
        "The time zone of the fields, as in Asia/Shanghai; null: the business time zone."
    )
    is_enabled: bool = described("Whether it runs by itself; false: paused.")
    next_run_at: datetime | None = described(
        "When it is due next; null while it is paused, or until a scheduler has looked at it."
    )
    updated_at: datetime = described("When it was last changed by hand.")
    last_run_at: datetime | None = described("When it was last begun or skipped; null: never.")
    last_scheduled_for: datetime | None = described("The time that this was due at; null: never.")
    last_missed: int | None = described(
        "Earlier times that it stands for, as nobody was there to begin them; null: never ran."
    )
    last_session_id: int | None = described("The session of that run.")
    last_skipped_because: str | None = described(
        "Why nothing was begun that time; null: a session was."
    )


@dataclass(kw_only=True)
class ScheduleFilter:
    """Narrows schedules; all conditions must hold."""

    tasks: list[ScheduleTask] | None = described("Of any of these tasks.", default=None)
    is_enabled: bool | None = described("Only running, or only paused ones.", default=None)


class ScheduleOrderField(StrEnum):
    """NEXT_RUN_AT, earliest first, is the default; paused ones have none."""

    NEXT_RUN_AT = "NEXT_RUN_AT"
    TASK = "TASK"


def _where(view: Subquery, filter: ScheduleFilter) -> Iterator[Condition]:
    if filter.tasks is not None:
        yield one_of(view.c.task, filter.tasks)
    if filter.is_enabled is not None:
        yield view.c.is_enabled if filter.is_enabled else ~view.c.is_enabled


_LAST = ScheduledRun.__table__.alias("last")
_LAST_ID = (
    select(func.max(ScheduledRun.id))
    .where(ScheduledRun.schedule_id == Schedule.id)
    .correlate(Schedule)
    .scalar_subquery()
)
SCHEDULES: Noun[ScheduleRow] = Noun(
    name="Schedule",
    row=ScheduleRow,
    filter=ScheduleFilter,
    view=select(
        Schedule.id,
        Schedule.task,
        Schedule.cron,
        Schedule.time_zone,
        Schedule.is_enabled,
        Schedule.next_run_at,
        Schedule.updated_at,
        _LAST.c.created_at.label("last_run_at"),
        _LAST.c.scheduled_for.label("last_scheduled_for"),
        _LAST.c.missed.label("last_missed"),
        _LAST.c.session_id.label("last_session_id"),
        _LAST.c.skipped_because.label("last_skipped_because"),
    ).outerjoin(_LAST, _LAST.c.id == _LAST_ID),
    where=_where,
    orders={
        ScheduleOrderField.NEXT_RUN_AT: ("next_run_at",),
        ScheduleOrderField.TASK: ("task",),
    },
    default_order=OrderBy(ScheduleOrderField.NEXT_RUN_AT),
    relations={"last_session": One("SyncSession", ours="last_session_id", theirs="id")},
)


def cron_of(row: ScheduleRow, business_zone: ZoneInfo) -> Cron:
    """Its times; `business_zone` is what it means by none."""
    return Cron(row.cron, ZoneInfo(row.time_zone) if row.time_zone else business_zone)


def upcoming(row: ScheduleRow, business_zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Its next five times, in UTC, also while it is paused."""
    return list(islice(cron_of(row, business_zone).after(now), UPCOMING))


def words_of(row: ScheduleRow, business_zone: ZoneInfo) -> Sentence | None:
    """The expression for people; none for one that has no simpler words."""
    return cron_of(row, business_zone).words


async def list_schedules(
    session: Session,
    actor: Actor,
    filter: ScheduleFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[ScheduleRow]:
    """One page of schedules, the next first unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, SCHEDULES, listing)


async def get_schedule(session: Session, actor: Actor, schedule_id: int) -> ScheduleRow:
    """Raises NotFound."""
    return await reading.get_row(session, actor, SCHEDULES, schedule_id)


async def last_sessions(
    session: Session, actor: Actor, rows: Sequence[ScheduleRow]
) -> dict[int, SyncSessionRow]:
    """The sessions of their last runs, by the ids of the schedules that have one."""
    begun = {row.id: row.last_session_id for row in rows if row.last_session_id is not None}
    relation = SCHEDULES.relations["last_session"]
    found = await reading.related_rows(session, actor, relation, list(begun.values()))
    return {schedule_id: one for schedule_id, by in begun.items() for one in found[by]}
