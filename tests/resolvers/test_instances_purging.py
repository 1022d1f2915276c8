"""Instances: out of the recycle bin for good, with all that was read from them."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import (
    ADA,
    make_database,
    make_instance,
    make_size_history,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
    make_tag,
)
from tests.resolvers.test_instances_recycling import count
from whalefall.db import WriteSession
from whalefall.domain.states import SyncStatus
from whalefall.errors import Code, Conflict
from whalefall.models.databases import (
    DatabaseSizeStat,
    InstanceDatabase,
    InstanceSizeStat,
    TableSize,
    TableSnapshot,
)
from whalefall.models.instances import Instance, InstanceTag
from whalefall.models.logs import AuditEntry
from whalefall.models.sync import SyncRecord, SyncSession, TargetLease
from whalefall.resolvers.instances.purging import purge_instances

NOW = datetime.now(UTC)
SOON, BEFORE = NOW + timedelta(days=1), NOW - timedelta(minutes=1)


async def test_purging_leaves_nothing_of_an_instance_and_all_of_the_others(
    session: WriteSession,
) -> None:
    tag = await make_tag(session)
    gone = await make_instance(session, name="gone", deleted_at=NOW, tags=[tag])
    kept = await make_instance(session, name="kept", tags=[tag])
    shared = await make_sync_session(session, total=2, succeeded=1, failed=1)
    own = await make_sync_session(session, total=1, succeeded=1)
    for instance in (gone, kept):
        database = await make_database(session, instance, size_bytes=1)
        await make_table_sizes(session, database, [1, 2])
        await make_size_history(session, database, {date(2026, 7, 1): 1})
    await make_sync_record(session, shared, instance_id=gone.id, status=SyncStatus.FAILED)
    await make_sync_record(session, shared, instance_id=kept.id)
    await make_sync_record(session, own, instance_id=gone.id)

    assert await purge_instances(session, ADA, [gone.id]) == 1

    left = [InstanceDatabase, DatabaseSizeStat, InstanceSizeStat, TableSnapshot, SyncRecord]
    for model in (Instance, InstanceTag, SyncSession, *left):
        assert await count(session, model) == 1, model
    assert await count(session, TableSize) == 2
    await session.refresh(shared)
    assert (shared.total, shared.succeeded, shared.failed) == (1, 1, 0)
    entry = (await session.execute(select(AuditEntry))).scalar_one()
    assert (entry.action, entry.object_id, entry.after) == ("instance.purged", gone.id, None)
    assert entry.before is not None
    assert (entry.before["name"], entry.before["databases"]) == ("gone", 1)


async def test_only_what_is_in_the_bin_is_purged(session: WriteSession) -> None:
    gone, here = await make_instance(session, deleted_at=NOW), await make_instance(session)

    with pytest.raises(Conflict, match="not in the recycle bin") as caught:
        await purge_instances(session, ADA, [gone.id, here.id])

    assert caught.value.field == ("ids", "1")
    assert await count(session, Instance) == 2


@pytest.mark.parametrize("held", ["record", "lease"])
async def test_what_a_worker_still_reads_is_not_purged(session: WriteSession, held: str) -> None:
    instance = await make_instance(session, deleted_at=NOW)
    if held == "record":
        await make_sync_record(
            session, instance_id=instance.id, status=SyncStatus.RUNNING, lease_expires_at=SOON
        )
    else:
        lease = {"record_id": 1, "fencing_token": 1, "expires_at": SOON}
        session.add(TargetLease(instance_id=instance.id, **lease))
        await session.flush()

    with pytest.raises(Conflict, match="still being read") as caught:
        await purge_instances(session, ADA, [instance.id])

    assert caught.value.problem_code is Code.CONFLICT
    assert await count(session, Instance) == 1


async def test_a_lease_that_has_run_out_holds_nothing(session: WriteSession) -> None:
    instance = await make_instance(session, deleted_at=NOW)
    sync = await make_sync_session(session, status=SyncStatus.RUNNING, total=1)
    record = await make_sync_record(
        session,
        sync,
        instance_id=instance.id,
        status=SyncStatus.RUNNING,
        lease_expires_at=BEFORE,
    )
    lease = {"record_id": record.id, "fencing_token": 1, "expires_at": BEFORE}
    session.add(TargetLease(instance_id=instance.id, **lease))
    await session.flush()

    assert await purge_instances(session, ADA, [instance.id]) == 1

    assert await count(session, TargetLease) == 0
    assert await count(session, SyncSession) == 0
