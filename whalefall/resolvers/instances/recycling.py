"""Into the recycle bin and out of it, paused and resumed: many instances at once, all or none.

It stands beside the package's door, not in it: it needs sync sessions, which need instances.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Update, func, null, text, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession, notify
from whalefall.models.instances import Instance
from whalefall.resolvers.audit import audit_many
from whalefall.resolvers.instances.choosing import hold, rows_of
from whalefall.resolvers.instances.reading import InstanceRow
from whalefall.resolvers.nouns.text import one_of
from whalefall.resolvers.sessions import CHANNEL, close_if_done

CANCEL_WAITING = text("""
    UPDATE sync_instance_records SET status = 'CANCELLED', finished_at = now(), stage = NULL
     WHERE instance_id = ANY(:ids) AND status IN ('PENDING', 'LOST')
 RETURNING session_id
""")
RUNNING = text("""
    SELECT DISTINCT session_id FROM sync_instance_records
     WHERE instance_id = ANY(:ids) AND status = 'RUNNING'
""")
Columns = dict[str, Any]


async def recycle_instances(
    session: WriteSession, actor: Actor, ids: Sequence[int]
) -> list[InstanceRow]:
    """Put instances into the recycle bin, where nothing reads them; their names stay taken.

    What waits to read them is cancelled, what reads them stops as soon as its worker hears. Those
    in the bin already stay as they are. Raises BadInput, NotFound.
    """
    actor.require(Permission.DELETE)
    held = await hold(session, ids, also_recycled=True)
    fresh = [row for row in held if row["deleted_at"] is None]
    statement = _changing(fresh).values(
        deleted_at=func.now(), was_active=Instance.is_active, is_active=False
    )
    await session.execute(statement)
    await _stop_reading(session, [row["id"] for row in fresh])
    after = {"is_active": False, "recycled": True}
    entries = [
        (row["id"], {"is_active": row["is_active"], "recycled": False}, after) for row in fresh
    ]
    await audit_many(session, actor, "instance.recycled", "Instance", entries)
    return await rows_of(session, actor, ids)


async def restore_instances(
    session: WriteSession, actor: Actor, ids: Sequence[int]
) -> list[InstanceRow]:
    """Take instances out of the recycle bin, active or paused as they were before.

    Those that are not in it stay as they are. Raises BadInput, NotFound.
    """
    actor.require(Permission.UPDATE)
    held = await hold(session, ids, also_recycled=True)
    recycled = [row for row in held if row["deleted_at"] is not None]
    was_active = func.coalesce(Instance.was_active, Instance.is_active)
    statement = _changing(recycled).values(
        deleted_at=null(), is_active=was_active, was_active=null()
    )
    await session.execute(statement)
    entries = [(row["id"], *_restored(row)) for row in recycled]
    await audit_many(session, actor, "instance.restored", "Instance", entries)
    return await rows_of(session, actor, ids)


async def set_instances_active(
    session: WriteSession, actor: Actor, ids: Sequence[int], *, is_active: bool
) -> list[InstanceRow]:
    """Resume or pause the collection of instances; those that are so already stay as they are.

    Raises BadInput, NotFound, CONFLICT for one in the recycle bin.
    """
    actor.require(Permission.UPDATE)
    held = await hold(session, ids, also_recycled=False)
    other = [row for row in held if row["is_active"] != is_active]
    await session.execute(_changing(other).values(is_active=is_active))
    before, after = {"is_active": not is_active}, {"is_active": is_active}
    entries = [(row["id"], before, after) for row in other]
    await audit_many(session, actor, "instance.updated", "Instance", entries)
    return await rows_of(session, actor, ids)


def _restored(row: Columns) -> tuple[Columns, Columns]:
    """What the audit says of an instance that comes back."""
    active = row["is_active"] if row["was_active"] is None else row["was_active"]
    before = {"is_active": row["is_active"], "recycled": True}
    return before, {"is_active": active, "recycled": False}


def _changing(rows: Sequence[Columns]) -> Update:
    ids = [row["id"] for row in rows]
    return (
        update(Instance).where(one_of(Instance.id, ids)).values(updated_at=func.clock_timestamp())
    )


async def _stop_reading(session: WriteSession, ids: list[int]) -> None:
    """Cancel what has not begun; tell the workers of what has, who look when they are told."""
    waiting = await session.execute(CANCEL_WAITING, {"ids": ids})
    for session_id in sorted({row[0] for row in waiting}):
        await close_if_done(session, session_id)
    for row in await session.execute(RUNNING, {"ids": ids}):
        await notify(session, CHANNEL, str(row[0]))
