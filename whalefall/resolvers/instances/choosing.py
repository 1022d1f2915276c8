"""Which instances: those that a field offers, and several at once, held until it is done."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text

from whalefall.auth import Actor
from whalefall.db import Session, WriteSession
from whalefall.errors import BadInput, Conflict, NotFound, said
from whalefall.models.instances import Instance
from whalefall.resolvers.instances.reading import INSTANCES, InstanceFilter, InstanceRow
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.queries import matching
from whalefall.resolvers.nouns.text import one_of

MAX_IDS = 1_000  # of one bulk operation
MAXIMUM = f"{MAX_IDS:,}"
HOLD_SESSIONS = text("""
    SELECT 1 FROM sync_sessions
     WHERE id IN (SELECT session_id FROM sync_instance_records
                   WHERE instance_id = ANY(:ids) AND status IN ('PENDING', 'RUNNING', 'LOST'))
     ORDER BY id FOR UPDATE
""")


async def list_instance_options(session: Session, actor: Actor, most: int) -> list[tuple[int, str]]:
    """Ids and names of at most so many instances, by name: cheaper than the rows."""
    actor.require(INSTANCES.permission)
    return await reading.options(
        session, Instance.id, Instance.name, most, Instance.deleted_at.is_(None)
    )


async def matching_ids(
    session: Session, actor: Actor, filter: InstanceFilter | None = None
) -> list[int]:
    """The ids of all that the filter lets through, by name. Raises CONFLICT above 1,000."""
    actor.require(INSTANCES.permission)
    view = INSTANCES.alias()
    found = select(view.c.id).where(*matching(INSTANCES, view, actor, filter))
    ids = (await session.execute(found.order_by(view.c.name).limit(MAX_IDS + 1))).scalars().all()
    if len(ids) > MAX_IDS:
        raise Conflict(
            said("More than %(maximum)s instances match.", maximum=MAXIMUM),
            hint=said("Narrow the filters and repeat."),
        )
    return list(ids)


async def rows_of(session: Session, actor: Actor, ids: Sequence[int]) -> list[InstanceRow]:
    """The instances with these ids, in this order; none for an id of nothing."""
    rows = await reading.get_rows(session, actor, INSTANCES, ids)
    return [rows[each] for each in dict.fromkeys(ids) if each in rows]


async def hold(
    session: WriteSession, ids: Sequence[int], *, also_recycled: bool, to_delete: bool = False
) -> list[dict[str, Any]]:
    """The columns of these instances in the order of the ids, their rows held.

    Behind them the sync sessions that have yet to read them are held. A worker that saves takes
    its instance, then its session; who claims or cancels takes the session before its records:
    with this order nobody waits in a ring. Raises BadInput for none or too many; NotFound, with
    its place among the ids, for one that is not there.
    """
    if not ids or len(ids) > MAX_IDS:
        raise BadInput(said("Choose 1 to %(maximum)s instances.", maximum=MAXIMUM), field="ids")
    rows = select(*Instance.__table__.c).where(one_of(Instance.id, ids)).order_by(Instance.id)
    held = await session.execute(rows.with_for_update(key_share=not to_delete))
    found = {row["id"]: dict(row) for row in held.mappings()}
    for place, each in enumerate(ids):
        if each not in found:
            raise NotFound("There is no such instance.", field=("ids", str(place)))
        if not also_recycled and found[each]["deleted_at"] is not None:
            message = said("%(name)s is in the recycle bin.", name=found[each]["name"])
            raise Conflict(message, field=("ids", str(place)))
    await session.execute(HOLD_SESSIONS, {"ids": list(ids)})
    return [found[each] for each in dict.fromkeys(ids)]
