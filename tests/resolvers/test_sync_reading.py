"""Sync sessions and records as they are read, and the sizes of past days."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.factories import (
    NOBODY,
    VERA,
    make_database,
    make_instance,
    make_size_history,
    make_sync_record,
    make_sync_session,
    make_user,
)
from whalefall.db import WriteSession
from whalefall.domain.states import SyncCategory, SyncStatus
from whalefall.errors import AuthenticationRequired, Code, NotFound
from whalefall.resolvers.capacity import database_size_history, instance_size_history
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.sync import (
    SYNC_RECORDS,
    SyncRecordFilter,
    SyncSessionFilter,
    get_sync_session,
    list_sync_records,
    list_sync_sessions,
)

DAY = date(2026, 7, 1)


async def test_the_latest_session_comes_first(session: WriteSession) -> None:
    sessions = [await make_sync_session(session) for _ in range(3)]

    page = await list_sync_sessions(session, VERA)

    assert [row.id for row in page.rows] == [sync.id for sync in reversed(sessions)]


async def test_sessions_are_found_by_what_they_read(session: WriteSession) -> None:
    database = await make_database(session)
    capacity = await make_sync_session(session)
    tables = await make_sync_session(
        session, category=SyncCategory.TABLE_SIZES, status=SyncStatus.FAILED
    )
    for sync in (capacity, tables):
        for _ in range(2):
            await make_sync_record(session, sync, instance_id=database.instance_id)
    await make_sync_record(session, tables, database_id=database.id)

    async def ids(**given: Any) -> list[int]:
        page = await list_sync_sessions(session, VERA, SyncSessionFilter(**given))
        return [row.id for row in page.rows]

    assert await ids(categories=[SyncCategory.CAPACITY]) == [capacity.id]
    assert await ids(statuses=[SyncStatus.FAILED]) == [tables.id]
    assert await ids(instance_id=database.instance_id) == [tables.id, capacity.id]
    assert await ids(database_id=database.id) == [tables.id]
    assert await ids(database_id=database.id, categories=[SyncCategory.CAPACITY]) == []
    assert await ids(categories=[]) == []


async def test_records_name_their_target_and_their_error(session: WriteSession) -> None:
    database = await make_database(session, await make_instance(session, name="i"), name="d")
    sync = await make_sync_session(session)
    await make_sync_record(session, sync)
    await make_sync_record(
        session,
        sync,
        instance_id=database.instance_id,
        database_id=database.id,
        status=SyncStatus.FAILED,
        error_code="AUTH_FAILED",
        error_message="Wrong password.",
    )

    filter = SyncRecordFilter(statuses=[SyncStatus.FAILED], instance_id=database.instance_id)
    page = await list_sync_records(session, VERA, sync.id, filter)
    every = await list_sync_records(session, VERA, sync.id)

    (row,) = page.rows
    assert (row.instance_name, row.database_name) == ("i", "d")
    assert (row.error_code, row.status) == (Code.AUTH_FAILED, SyncStatus.FAILED)
    assert [other.instance_name for other in every.rows] == ["i", None]


async def test_a_record_leads_to_its_session(session: WriteSession) -> None:
    user = await make_user(session)
    sync = await make_sync_session(session, created_by_id=user.id, total=1)
    record = await make_sync_record(session, sync)

    relation = SYNC_RECORDS.relations["session"]
    found = await reading.related_rows(session, VERA, relation, [record.session_id])

    (row,) = found[sync.id]
    assert row == await get_sync_session(session, VERA, sync.id)
    assert (row.created_by_id, row.total) == (user.id, 1)
    with pytest.raises(NotFound):
        await get_sync_session(session, VERA, 2**62)


async def test_history_is_batched_by_id_and_oldest_first(session: WriteSession) -> None:
    first, second = await make_database(session), await make_database(session)
    await make_size_history(session, first, {DAY + timedelta(days=n): n for n in (2, 0, 1)})
    await make_size_history(session, second, {DAY: None})

    found = await database_size_history(session, VERA, [first.id, second.id, 2**62], DAY)
    totals = await instance_size_history(session, VERA, [first.instance_id], DAY)

    assert [point.size_bytes for point in found[first.id]] == [0, 1, 2]
    assert [point.database_count for point in found[first.id]] == [None] * 3
    assert [point.size_bytes for point in found[second.id]] == [None]
    assert found[2**62] == []
    assert [(p.date, p.size_bytes, p.database_count) for p in totals[first.instance_id]] == [
        (DAY, 0, 1),
        (DAY + timedelta(days=1), 1, 1),
        (DAY + timedelta(days=2), 2, 1),
    ]


async def test_history_covers_a_year_before_its_end_unless_asked(session: WriteSession) -> None:
    database = await make_database(session)
    days = [DAY - timedelta(days=n) for n in (0, 366, 367)]
    await make_size_history(session, database, dict.fromkeys(days, 1))

    async def dates(start: date | None, end: date | None) -> list[date]:
        found = await database_size_history(session, VERA, [database.id], start, end)
        return [point.date for point in found[database.id]]

    assert await dates(None, DAY) == [days[1], days[0]]
    assert await dates(days[2], DAY - timedelta(days=1)) == [days[2], days[1]]
    assert await dates(None, date.min) == []
    assert await dates(date.max, None) == []
    assert await dates(DAY, days[2]) == []


async def test_nobody_reads_no_history(session: WriteSession) -> None:
    with pytest.raises(AuthenticationRequired):
        await database_size_history(session, NOBODY, [1])
