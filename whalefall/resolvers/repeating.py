"""Doing once more what a session did not do: its failures, and inventories that were doubted."""

from sqlalchemy import or_, select

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.domain.states import TERMINAL, SyncCategory, SyncStatus, SyncTrigger
from whalefall.errors import Code, Conflict, NotFound
from whalefall.models.instances import Instance
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.sessions import start_capacity, start_session


async def retry_failed_records(
    session: WriteSession, actor: Actor, session_id: int, *, trigger: SyncTrigger
) -> int:
    """Begin what failed or was cancelled in an ended session once more; the id of the new session.

    Instances that were recycled or switched off since then are left out. Raises NotFound, and
    Conflict while the session runs or when nothing of it is left to be repeated.
    """
    actor.require(Permission.EXECUTE)
    row = await session.get(SyncSession, session_id)
    if row is None:
        raise NotFound("There is no such sync session.")
    if row.status not in TERMINAL:
        raise Conflict("This session is still running: what fails can be repeated at its end.")
    unfinished = SyncRecord.status.in_([SyncStatus.FAILED, SyncStatus.CANCELLED])
    kept = or_(SyncRecord.instance_id.is_(None), Instance.is_active & Instance.deleted_at.is_(None))
    found = await session.execute(
        select(SyncRecord.instance_id, SyncRecord.database_id, SyncRecord.task)
        .outerjoin(Instance, Instance.id == SyncRecord.instance_id)
        .where(SyncRecord.session_id == session_id, unfinished, kept)
        .order_by(SyncRecord.id)
    )
    targets = [dict(record._mapping) for record in found]
    if any(target["task"] for target in targets):
        actor.require(Permission.ADMIN)  # as for beginning it the first time
    if not targets:
        raise Conflict("Nothing of this session is left to be repeated.")
    return await start_session(session, actor, SyncCategory(row.category), trigger, targets)


async def accept_inventory(
    session: WriteSession, actor: Actor, record_id: int, *, trigger: SyncTrigger
) -> int:
    """Have an inventory that was doubted read once more, and believed; the id of the new session.

    What is then missing is deactivated; nothing is on the word of the first reading alone. Raises
    NotFound, and Conflict where the inventory of the record's instance is in no doubt any more.
    """
    actor.require(Permission.EXECUTE)
    record = await session.get(SyncRecord, record_id)
    if record is None:
        raise NotFound("There is no such sync record.")
    doubted = select(Instance.id).where(
        Instance.id == record.instance_id, Instance.inventory_doubted_at.is_not(None)
    )
    instance_id = (await session.execute(doubted.with_for_update())).scalar()
    if record.error_code != Code.SUSPICIOUS_EMPTY or instance_id is None:
        raise Conflict(
            "The inventory of this record is in no doubt, or a later one has settled it."
        )
    started = await start_capacity(session, actor, instance_id, trigger=trigger)
    after = {"instance_id": instance_id, "session_id": started}
    await audit(session, actor, "inventory.accepted", "SyncRecord", record_id, None, after)
    return started
