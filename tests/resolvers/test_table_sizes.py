"""Table sizes: pages of a snapshot, and what its head says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from tests.factories import (
    NOBODY,
    VERA,
    make_database,
    make_snapshot,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
)
from whalefall.db import WriteSession
from whalefall.domain.paging import OrderBy, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import SnapshotStatus, SyncCategory, SyncStatus
from whalefall.errors import AuthenticationRequired, BadInput, Code, NotFound
from whalefall.models.databases import TableSize, TableSnapshot
from whalefall.resolvers.table_sizes import (
    TableSizeFilter,
    TableSizeOrderField,
    count_table_sizes,
    get_table_snapshot,
    list_table_sizes,
)


async def test_tables_come_largest_first_and_unknown_sizes_last(session: WriteSession) -> None:
    database = await make_database(session)
    await make_table_sizes(session, database, [1_572_864, None, 3, 0])

    page = await list_table_sizes(session, VERA, database.id)

    assert [row.size_bytes for row in page.rows] == [1_572_864, 3, 0, None]
    assert page.rows[0].size_mb == 1.5
    assert page.rows[3].size_mb is None
    assert await count_table_sizes(session, VERA, database.id) == 4


async def test_filters_narrow_together(session: WriteSession) -> None:
    database = await make_database(session)
    for schema, name, size in [("public", "a_b", 5), ("audit", "axb", 50), ("audit", "log", 5)]:
        session.add(
            TableSize(
                database_id=database.id,
                schema_name=schema,
                table_name=name,
                kind="TABLE",
                size_bytes=size,
                quality="EXACT",
            )
        )
    await make_snapshot(session, database)

    async def names(**given: Any) -> list[str]:
        order = OrderBy(TableSizeOrderField.NAME)
        filter = TableSizeFilter(**given)
        page = await list_table_sizes(session, VERA, database.id, filter, order)
        assert await count_table_sizes(session, VERA, database.id, filter) == len(page.rows)
        return [row.table_name for row in page.rows]

    assert await names(search="A_B") == ["a_b"]
    assert await names(search="udi") == ["axb", "log"]
    assert await names(schema_name="audit", min_size_bytes=Bytes(6)) == ["axb"]
    assert await names(table_name="log") == ["log"]
    assert await names(table_name="lo") == []


async def test_a_cursor_ends_with_its_snapshot(session: WriteSession) -> None:
    database = await make_database(session)
    await make_table_sizes(session, database, [3, 2, 1])
    first = await list_table_sizes(session, VERA, database.id, page=PageRequest(first=1))
    following = PageRequest(first=1, after=first.info.end_cursor)
    second = await list_table_sizes(session, VERA, database.id, page=following)
    assert [row.size_bytes for row in second.rows] == [2]

    later = datetime.now(UTC) + timedelta(minutes=1)
    await session.execute(update(TableSnapshot).values(collected_at=later))
    for emptied in (False, True):
        if emptied:
            await session.execute(delete(TableSize))
        for page in (following, PageRequest(last=1, before=first.info.end_cursor)):
            with pytest.raises(BadInput) as caught:
                await list_table_sizes(session, VERA, database.id, page=page)
            assert caught.value.hint == "Start again from the first page."


async def test_a_cursor_belongs_to_its_database(session: WriteSession) -> None:
    first, second = await make_database(session), await make_database(session)
    await make_table_sizes(session, first, [3, 2])
    await make_table_sizes(session, second, [3, 2])
    page = await list_table_sizes(session, VERA, first.id, page=PageRequest(first=1))

    foreign = PageRequest(first=1, after=page.info.end_cursor)
    with pytest.raises(BadInput):
        await list_table_sizes(session, VERA, second.id, page=foreign)


async def test_the_tables_of_an_unknown_database_are_not_found(session: WriteSession) -> None:
    with pytest.raises(NotFound):
        await list_table_sizes(session, VERA, 2**62)
    with pytest.raises(AuthenticationRequired):
        await list_table_sizes(session, NOBODY, 2**62)


async def test_a_database_that_nobody_asked_about_has_no_snapshot(session: WriteSession) -> None:
    database = await make_database(session)

    assert await get_table_snapshot(session, VERA, database.id) is None


async def test_a_snapshot_of_no_tables_is_ready(session: WriteSession) -> None:
    database = await make_database(session)
    await make_snapshot(session, database, skipped=[{"name": "t", "reason": "LOCKED"}])

    row = await get_table_snapshot(session, VERA, database.id)

    assert row is not None
    assert (row.status, row.table_count, row.complete) == (SnapshotStatus.READY, 0, True)
    assert row.skipped == [{"name": "t", "reason": "LOCKED"}]


async def test_a_failed_attempt_keeps_the_old_snapshot_in_sight(session: WriteSession) -> None:
    database = await make_database(session)
    await make_table_sizes(session, database, [1])
    failed = {"last_error_code": "DATABASE_TIMEOUT", "last_error_message": "It took too long."}
    await session.execute(update(TableSnapshot).values(failed))

    row = await get_table_snapshot(session, VERA, database.id)

    assert row is not None
    assert (row.status, row.table_count) == (SnapshotStatus.FAILED, 1)
    assert row.last_error_code is Code.DATABASE_TIMEOUT


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "LOST"])
@pytest.mark.parametrize("seen_before", [False, True])
async def test_a_live_refresh_shows_even_when_it_is_the_first(
    session: WriteSession, status: str, seen_before: bool
) -> None:
    database = await make_database(session)
    if seen_before:
        await make_table_sizes(session, database, [1])
    await record_of(session, database.id, SyncStatus(status))

    row = await get_table_snapshot(session, VERA, database.id)

    assert row is not None
    assert row.status is SnapshotStatus.REFRESHING
    assert (row.collected_at is not None, row.complete) == (seen_before, seen_before)
    assert (row.table_count, row.skipped) == (1 if seen_before else None, [])


async def test_a_finished_refresh_no_longer_shows(session: WriteSession) -> None:
    database = await make_database(session)
    await make_table_sizes(session, database, [1])
    await record_of(session, database.id, SyncStatus.COMPLETED)
    await make_sync_record(session, database_id=database.id, status=SyncStatus.RUNNING)

    row = await get_table_snapshot(session, VERA, database.id)

    assert row is not None
    assert row.status is SnapshotStatus.READY


async def record_of(session: WriteSession, database_id: int, status: SyncStatus) -> None:
    sync = await make_sync_session(session, category=SyncCategory.TABLE_SIZES, status=status)
    await make_sync_record(session, sync, database_id=database_id, status=status)
