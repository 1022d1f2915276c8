"""Instances: into the recycle bin, out of it, and gone for good; many at once, all or none."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.factories import (
    ADA,
    OTTO,
    POSTGRESQL,
    VERA,
    make_instance,
    make_sync_record,
    make_sync_session,
)
from tests.waiting import until_waiting
from whalefall.auth import Actor
from whalefall.db import Database, WriteSession
from whalefall.domain.states import (
    ConnectionState,
    DeletedFilter,
    InstanceStatus,
    SyncStatus,
    SyncTrigger,
)
from whalefall.errors import BadInput, Conflict, NotFound, PermissionRequired
from whalefall.models.base import Base
from whalefall.models.instances import Instance
from whalefall.models.logs import AuditEntry
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.resolvers.collection.claims import (
    Claim,
    Outcome,
    claim_record,
    fence,
    finish,
    reap,
    renew,
    resend,
)
from whalefall.resolvers.instances import (
    InstanceFilter,
    InstanceInput,
    create_instance,
    get_instance,
    list_instances,
)
from whalefall.resolvers.instances.choosing import MAX_IDS, matching_ids
from whalefall.resolvers.instances.purging import purge_instances
from whalefall.resolvers.instances.recycling import (
    recycle_instances,
    restore_instances,
    set_instances_active,
)
from whalefall.resolvers.sessions import start_capacity

Deed = Callable[[WriteSession, Actor, Sequence[int]], Awaitable[object]]
NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(minutes=1)


async def actions(session: WriteSession) -> list[str]:
    entries = select(AuditEntry.action).order_by(AuditEntry.id)
    return list((await session.execute(entries)).scalars())


async def count(session: WriteSession, model: type[Base]) -> int:
    return (await session.execute(select(func.count()).select_from(model))).scalar_one()


async def status_of(session: WriteSession, record: SyncRecord | SyncSession) -> str:
    await session.refresh(record)
    return record.status


async def test_the_bin_remembers_whether_an_instance_was_active(session: WriteSession) -> None:
    active = await make_instance(session, name="active")
    paused = await make_instance(session, name="paused", is_active=False)
    ids = [paused.id, active.id]

    recycled = await recycle_instances(session, ADA, ids)
    assert [(row.name, row.status, row.is_active) for row in recycled] == [
        ("paused", InstanceStatus.DELETED, False),
        ("active", InstanceStatus.DELETED, False),
    ]
    restored = await restore_instances(session, OTTO, ids)

    assert [row.status for row in restored] == [InstanceStatus.INACTIVE, InstanceStatus.ACTIVE]
    await session.refresh(active)
    assert (active.was_active, active.deleted_at) == (None, None)
    assert await actions(session) == ["instance.recycled"] * 2 + ["instance.restored"] * 2


async def test_what_is_so_already_stays_as_it_is(session: WriteSession) -> None:
    instance = await make_instance(session)
    await recycle_instances(session, ADA, [instance.id])
    await session.refresh(instance)
    since = instance.deleted_at

    (row,) = await recycle_instances(session, ADA, [instance.id, instance.id])
    assert row.deleted_at == since
    await restore_instances(session, ADA, [instance.id])
    await restore_instances(session, ADA, [instance.id])
    await set_instances_active(session, ADA, [instance.id], is_active=True)

    assert await actions(session) == ["instance.recycled", "instance.restored"]


async def test_a_recycled_name_stays_taken(session: WriteSession) -> None:
    instance = await make_instance(session, name="orders")
    await recycle_instances(session, ADA, [instance.id])
    again = InstanceInput(name="orders", engine=POSTGRESQL, host="db")

    with pytest.raises(Conflict, match="belongs to an instance in the recycle bin"):
        await create_instance(session, ADA, again)


@pytest.mark.parametrize("deed", [recycle_instances, restore_instances, purge_instances])
async def test_one_that_is_not_there_stops_all_by_its_place(
    session: WriteSession, deed: Deed
) -> None:
    instance = await make_instance(session, deleted_at=NOW)

    with pytest.raises(NotFound, match="There is no such instance") as caught:
        await deed(session, ADA, [instance.id, 2**62])

    assert caught.value.field == ("ids", "1")
    assert await actions(session) == []
    assert await count(session, Instance) == 1


@pytest.mark.parametrize("ids", [[], list(range(1, MAX_IDS + 2))])
async def test_none_and_too_many_are_refused(session: WriteSession, ids: list[int]) -> None:
    with pytest.raises(BadInput) as caught:
        await recycle_instances(session, ADA, ids)

    assert caught.value.field == ("ids",)


async def test_each_deed_needs_its_right(session: WriteSession) -> None:
    instance = await make_instance(session)

    for actor, deed in (
        (OTTO, recycle_instances),
        (VERA, restore_instances),
        (OTTO, purge_instances),
    ):
        with pytest.raises(PermissionRequired):
            await deed(session, actor, [instance.id])
    with pytest.raises(PermissionRequired):
        await set_instances_active(session, VERA, [instance.id], is_active=False)


async def test_many_are_paused_at_once_but_none_in_the_bin(session: WriteSession) -> None:
    here, gone = await make_instance(session), await make_instance(session, deleted_at=NOW)

    (row,) = await set_instances_active(session, OTTO, [here.id], is_active=False)
    with pytest.raises(Conflict) as caught:
        await set_instances_active(session, OTTO, [here.id, gone.id], is_active=True)

    assert row.status is InstanceStatus.INACTIVE
    assert caught.value.field == ("ids", "1")
    assert await actions(session) == ["instance.updated"]


async def test_what_waits_for_a_recycled_instance_is_cancelled(session: WriteSession) -> None:
    kept, gone = await make_instance(session), await make_instance(session)
    sync = await make_sync_session(session, status=SyncStatus.PENDING, total=2)
    done = await make_sync_record(session, sync, instance_id=kept.id)
    waiting = await make_sync_record(session, sync, instance_id=gone.id, status=SyncStatus.PENDING)

    await recycle_instances(session, ADA, [gone.id])

    assert await status_of(session, waiting) == SyncStatus.CANCELLED
    assert await status_of(session, done) == SyncStatus.COMPLETED
    assert await status_of(session, sync) == SyncStatus.COMPLETED_WITH_ERRORS
    assert sync.cancelled == 1


async def test_a_worker_hears_that_its_instance_was_recycled(session: WriteSession) -> None:
    instance = await make_instance(session)
    await start_capacity(session, ADA, instance.id, trigger=SyncTrigger.MANUAL)
    record = (await session.execute(select(SyncRecord))).scalar_one()
    claim = await claim_record(session, record.id)
    assert isinstance(claim, Claim)
    assert not await renew(session, claim)

    await recycle_instances(session, ADA, [instance.id])

    assert await renew(session, claim)
    assert await status_of(session, record) == SyncStatus.RUNNING


async def test_recycling_waits_for_a_worker_that_saves(db: Database) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        await start_capacity(session, ADA, instance.id, trigger=SyncTrigger.MANUAL)
        record_id = (await session.execute(select(SyncRecord.id))).scalar_one()
    async with db.write() as session:
        claim = await claim_record(session, record_id)
        assert isinstance(claim, Claim)

    async def recycle() -> None:
        async with db.write() as session:
            await recycle_instances(session, ADA, [instance.id])

    async with db.write() as session:
        await fence(session, claim)
        await session.execute(update(Instance).values(version="PostgreSQL 18"))
        recycling = asyncio.create_task(recycle())
        await until_waiting(db)
        assert not recycling.done()
        await finish(session, claim, Outcome(status=SyncStatus.COMPLETED, elapsed_ms=1))

    await recycling
    async with db.read() as reading:
        row = await get_instance(reading, ADA, instance.id)
    assert (row.status, row.version) == (InstanceStatus.DELETED, "PostgreSQL 18")


@pytest.mark.parametrize(
    ("status", "lease"),
    [(SyncStatus.PENDING, None), (SyncStatus.LOST, None), (SyncStatus.RUNNING, BEFORE)],
)
async def test_nothing_begins_to_read_a_recycled_instance(
    session: WriteSession, status: SyncStatus, lease: datetime | None
) -> None:
    instance = await make_instance(session, deleted_at=NOW)
    sync = await make_sync_session(session, status=SyncStatus.RUNNING, total=1)
    record = await make_sync_record(
        session, sync, instance_id=instance.id, status=status, lease_expires_at=lease
    )

    assert await claim_record(session, record.id) is None
    await reap(session)

    assert await status_of(session, record) == SyncStatus.CANCELLED
    assert await status_of(session, sync) == SyncStatus.CANCELLED
    assert await resend(session) == 0


async def test_all_that_match_are_named_by_their_ids(session: WriteSession) -> None:
    beta = await make_instance(session, name="beta-db", deleted_at=NOW)
    alpha = await make_instance(session, name="alpha-db", deleted_at=NOW)
    await make_instance(session, name="alpha-db-2")
    filter = InstanceFilter(search="db", deleted=DeletedFilter.ONLY)

    assert await matching_ids(session, VERA, filter) == [alpha.id, beta.id]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ConnectionState.UNKNOWN, ["new"]),
        (ConnectionState.GOOD, ["good"]),
        (ConnectionState.STALE, ["stale"]),
        (ConnectionState.FAILED, ["failed"]),
    ],
)
async def test_the_state_of_the_connection_narrows(
    session: WriteSession, state: ConnectionState, expected: list[str]
) -> None:
    await make_instance(session, name="new")
    await make_instance(session, name="good", last_success_at=NOW)
    await make_instance(session, name="stale", last_success_at=NOW - timedelta(days=9))
    await make_instance(session, name="failed", last_success_at=BEFORE, last_failure_at=NOW)

    page = await list_instances(session, VERA, InstanceFilter(connection=state))

    assert [row.name for row in page.rows] == expected
