"""Sync sessions from the caller's side: start, join a running one, cancel, wait, follow."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from whalefall.auth import Actor, Permission
from whalefall.db import Database, WriteSession, notify
from whalefall.domain.states import (
    TERMINAL,
    ScheduleTask,
    SyncCategory,
    SyncStatus,
    SyncTrigger,
)
from whalefall.errors import Code, Conflict, NotFound, said
from whalefall.feeds import Seen
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Instance
from whalefall.models.sync import LIVE, SyncRecord, SyncSession
from whalefall.queue import enqueue
from whalefall.resolvers.audit import audit
from whalefall.resolvers.instances import INSTANCES, InstanceFilter
from whalefall.resolvers.nouns.queries import matching
from whalefall.resolvers.sync import SYNC_SESSIONS, SyncSessionRow, get_sync_session

CHANNEL = "whalefall_sync"  # payload: the id of the session that changed
JOBS = {
    SyncCategory.CAPACITY: "collect_capacity",
    SyncCategory.TABLE_SIZES: "collect_table_sizes",
    SyncCategory.AGGREGATION: "do_task",
    SyncCategory.MAINTENANCE: "do_task",
}
OWN_WORK = {  # what reads no instance
    ScheduleTask.AGGREGATION: SyncCategory.AGGREGATION,
    ScheduleTask.PARTITIONS: SyncCategory.MAINTENANCE,
    ScheduleTask.RETENTION: SyncCategory.MAINTENANCE,
}
TARGETS = {  # the column that says what a live record of a category is alone with
    SyncCategory.CAPACITY: "instance_id",
    SyncCategory.TABLE_SIZES: "database_id",
    SyncCategory.AGGREGATION: "task",
    SyncCategory.MAINTENANCE: "task",
}
Target = dict[str, Any]
AT_ONCE = 1000  # records in one statement: PostgreSQL takes 32,767 values
FOLLOWERS = Actor.system("followers")
LOOK_SECONDS = 2  # how often a waiter looks by itself, should a notification be lost


async def start_capacity(
    session: WriteSession, actor: Actor, instance_id: int, *, trigger: SyncTrigger
) -> int:
    """Begin reading one instance's databases and sizes; the id of its sync session.

    A second caller gets the session that is already running.
    """
    actor.require(Permission.EXECUTE)
    missing = said("There is no such instance.")
    await _require(session, select(Instance.id).where(Instance.id == instance_id), missing)
    targets = [{"instance_id": instance_id}]
    return await start_session(session, actor, SyncCategory.CAPACITY, trigger, targets)


async def start_capacity_of_many(
    session: WriteSession, actor: Actor, filter: InstanceFilter, *, trigger: SyncTrigger
) -> int:
    """Begin reading every active instance that the filter matches, as one session.

    Instances that are being read already stay with their own session. Raises CONFLICT when there
    is nothing to do.
    """
    actor.require(Permission.EXECUTE)
    view = INSTANCES.alias()
    kept = (view.c.is_active, view.c.deleted_at.is_(None))
    found = select(view.c.id).where(*kept, *matching(INSTANCES, view, actor, filter))
    ids = (await session.execute(found.order_by(view.c.id))).scalars()
    targets = [{"instance_id": instance_id} for instance_id in ids]
    return await start_session(session, actor, SyncCategory.CAPACITY, trigger, targets)


async def start_table_sizes(
    session: WriteSession, actor: Actor, database_id: int, *, trigger: SyncTrigger
) -> int:
    """Begin reading the tables of one database; the id of its sync session, running or new."""
    actor.require(Permission.EXECUTE)
    found = select(InstanceDatabase.instance_id).join(Instance)
    missing = said("There is no such database.")
    instance_id = await _require(session, found.where(InstanceDatabase.id == database_id), missing)
    target = {"instance_id": instance_id, "database_id": database_id}
    return await start_session(session, actor, SyncCategory.TABLE_SIZES, trigger, [target])


async def start_task(
    session: WriteSession, actor: Actor, task: ScheduleTask, *, trigger: SyncTrigger
) -> int:
    """Begin a task of WhaleFall's own; the id of its sync session, running or new."""
    actor.require(Permission.ADMIN)
    return await start_session(session, actor, OWN_WORK[task], trigger, [{"task": task}])


async def cancel_sync_session(session: WriteSession, actor: Actor, session_id: int) -> None:
    """Stop a session: what waits is cancelled at once, what runs as soon as its worker hears.

    Raises CONFLICT when it has finished already.
    """
    actor.require(Permission.ADMIN)
    row = await session.get(SyncSession, session_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such sync session.")
    if row.status in TERMINAL:
        raise Conflict("This session has finished already.")
    row.cancel_requested_at = func.now()
    await session.flush()
    waiting = SyncRecord.status.in_([SyncStatus.PENDING, SyncStatus.LOST])
    await session.execute(
        update(SyncRecord)
        .where(SyncRecord.session_id == session_id, waiting)
        .values(status=SyncStatus.CANCELLED, finished_at=func.now(), stage=None)
    )
    await close_if_done(session, session_id)
    await audit(session, actor, "sync_session.cancelled", "SyncSession", session_id, None, None)


async def wait_for_session(db: Database, session_id: int, seconds: float) -> bool:
    """Wait until a session is terminal, at most so long; whether it is."""
    until = time.monotonic() + seconds
    async with db.notifications.event(CHANNEL, str(session_id)) as changed:
        while True:
            changed.clear()
            if await _is_terminal(db, session_id):
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_SECONDS)):
                    await changed.wait()


async def follow_session(
    db: Database, actor: Actor, session_id: int
) -> AsyncGenerator[Seen[SyncSessionRow], None]:
    """A session as it stands, and again whenever it or a record of it has changed, to its end.

    All who follow it share each read. Raises NotFound.
    """
    actor.require(SYNC_SESSIONS.permission)

    async def read() -> SyncSessionRow:
        async with db.read() as session:
            return await get_sync_session(session, FOLLOWERS, session_id)

    async with contextlib.aclosing(db.feeds.follow(CHANNEL, str(session_id), read)) as states:
        async for state in states:
            yield state
            if state.value.status in TERMINAL:
                return


async def close_if_done(session: WriteSession, session_id: int) -> None:
    """Recount a session's records and finish it with the last of them; tell who listens."""
    row = await session.get(SyncSession, session_id, with_for_update=True, populate_existing=True)
    if row is None or row.status in TERMINAL:
        return
    counted = await session.execute(
        select(SyncRecord.status, func.count())
        .where(SyncRecord.session_id == session_id)
        .group_by(SyncRecord.status)
    )
    counts = {SyncStatus(status): count for status, count in counted}
    row.failed = counts.get(SyncStatus.FAILED, 0)
    row.cancelled = counts.get(SyncStatus.CANCELLED, 0)
    with_errors = counts.get(SyncStatus.COMPLETED_WITH_ERRORS, 0)
    row.succeeded = counts.get(SyncStatus.COMPLETED, 0) + with_errors
    if counts.keys() <= TERMINAL:
        row.status = _outcome(row, with_errors)
        row.finished_at = func.now()
    await session.flush()
    await notify(session, CHANNEL, str(session_id))


def _outcome(row: SyncSession, with_errors: int) -> SyncStatus:
    """Records alone are cancelled when their instance is recycled; the session then goes on."""
    if row.cancelled and (row.cancel_requested_at or row.cancelled == row.total):
        return SyncStatus.CANCELLED
    if row.failed and row.failed == row.total:
        return SyncStatus.FAILED
    if row.failed + row.cancelled + with_errors:
        return SyncStatus.COMPLETED_WITH_ERRORS
    return SyncStatus.COMPLETED


async def _require(session: WriteSession, found: Select[int], missing: str) -> int:
    value = (await session.execute(found.where(Instance.deleted_at.is_(None)))).scalar()
    if value is None:
        raise NotFound(missing)
    return value


async def start_session(
    session: WriteSession,
    actor: Actor,
    category: SyncCategory,
    trigger: SyncTrigger,
    targets: Sequence[Target],
) -> int:
    """A session with a record and a job per target that is not being read already."""
    new_session = insert(SyncSession).returning(SyncSession.id)
    values = {"category": category, "trigger": trigger, "status": SyncStatus.PENDING}
    session_id = (
        await session.execute(new_session, {**values, "created_by_id": actor.user_id})
    ).scalar_one()
    records = await _add_records(session, session_id, category, targets)
    if not records:
        await session.execute(delete(SyncSession).where(SyncSession.id == session_id))
        return await _running(session, category, targets)
    await session.execute(
        update(SyncSession).where(SyncSession.id == session_id).values(total=len(records))
    )
    for record_id in records:
        enqueue(session, JOBS[category], record_id=record_id)
    after = {"category": category, "records": len(records), **(targets[0] if targets else {})}
    await audit(session, actor, "sync_session.started", "SyncSession", session_id, None, after)
    return session_id


async def _add_records(
    session: WriteSession,
    session_id: int,
    category: SyncCategory,
    targets: Sequence[Target],
) -> list[int]:
    """The database itself refuses a second live record of a kind per target, also in a race."""
    if not targets:
        return []
    common = {"session_id": session_id, "category": category, "status": SyncStatus.PENDING}
    statement = pg_insert(SyncRecord).on_conflict_do_nothing().returning(SyncRecord.id)
    records: list[int] = []
    for first in range(0, len(targets), AT_ONCE):
        added = await session.execute(
            statement.values([{**common, **target} for target in targets[first : first + AT_ONCE]])
        )
        records += added.scalars()
    return records


async def _running(session: WriteSession, category: SyncCategory, targets: Sequence[Target]) -> int:
    """The session that holds the live record of the (first) target."""
    if targets:
        key = TARGETS[category]
        live = await session.execute(
            select(SyncRecord.session_id)
            .where(SyncRecord.category == category, text(LIVE))
            .where(getattr(SyncRecord, key) == targets[0][key])
        )
        if (session_id := live.scalar()) is not None:
            return session_id
    raise Conflict(
        "There is nothing to start: no instance matches, or all have just been read.",
        code=Code.CONFLICT,
    )


async def _is_terminal(db: Database, session_id: int) -> bool:
    async with db.read() as session:
        found = select(SyncSession.status).where(SyncSession.id == session_id)
        status = (await session.execute(found)).scalar()
    return status is None or status in TERMINAL
