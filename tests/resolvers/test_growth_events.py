"""Growth becomes an event once per database and day, by one threshold or the other."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import ADA, OTTO, VERA, make_database, make_size_stat
from whalefall.db import WriteSession
from whalefall.errors import BadInput, NotFound, PermissionRequired
from whalefall.models.capacity import GrowthRule
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.growth_events import (
    GrowthEventFilter,
    GrowthRulePatch,
    acknowledge_growth_events,
    get_growth_rule,
    list_growth_events,
    mute_growth,
    record_growth,
    update_growth_rule,
)

TODAY = date(2026, 7, 15)
GIB = 2**30


@pytest.fixture(autouse=True)
async def rule(session: WriteSession) -> None:
    await session.merge(GrowthRule(id=1, percent=30, bytes=20 * GIB, is_enabled=True))
    await session.flush()


async def grown(
    session: WriteSession, before: int, now: int, *, days: int = 1, **columns: Any
) -> InstanceDatabase:
    database = await make_database(session, size_bytes=now, **columns)
    day = TODAY - timedelta(days=days)
    await make_size_stat(session, database, day, size_bytes=before)
    await record_growth(session, database.instance_id, TODAY)
    return database


async def events(session: WriteSession, **filter: Any) -> list[Any]:
    page = await list_growth_events(session, VERA, GrowthEventFilter(**filter))
    return list(page.rows)


@pytest.mark.parametrize(
    ("before", "now", "is_event"),
    [
        (100 * GIB, 131 * GIB, True),  # both
        (10 * GIB, 14 * GIB, True),  # 40 % of little
        (900 * GIB, 921 * GIB, True),  # 21 GiB of much
        (100 * GIB, 119 * GIB, False),
        (100 * GIB, 60 * GIB, False),
        (0, 21 * GIB, True),  # from nothing there is no percentage
        (0, GIB, False),
    ],
)
async def test_growth_is_an_event_by_either_threshold(
    session: WriteSession, before: int, now: int, *, is_event: bool
) -> None:
    database = await grown(session, before, now)

    found = await events(session)

    assert [row.database_id for row in found] == ([database.id] if is_event else [])
    if is_event:
        assert (found[0].before_bytes, found[0].after_bytes) == (before, now)
        assert found[0].percent == (None if before == 0 else (now - before) * 100 / before)
        assert found[0].since == TODAY - timedelta(days=1)


async def test_a_second_reading_of_the_day_is_the_same_event(session: WriteSession) -> None:
    database = await grown(session, 10 * GIB, 14 * GIB)
    await session.execute(
        text("UPDATE instance_databases SET size_bytes = :size WHERE id = :id"),
        {"size": 15 * GIB, "id": database.id},
    )

    await record_growth(session, database.instance_id, TODAY)

    [row] = await events(session)
    assert row.after_bytes == 15 * GIB


@pytest.mark.parametrize(("days", "count"), [(3, 1), (4, 0)])
async def test_the_older_reading_is_at_most_three_days_old(
    session: WriteSession, days: int, count: int
) -> None:
    await grown(session, 10 * GIB, 14 * GIB, days=days)

    assert len(await events(session)) == count


@pytest.mark.parametrize(
    "columns",
    [
        {"size_quality": "STALE"},  # it was not read today
        {"size_quality": "PARTIAL"},  # the older reading was whole
        {"is_active": False},
        {"growth_muted_until": TODAY},
    ],
)
async def test_what_says_nothing_is_no_event(
    session: WriteSession, columns: dict[str, Any]
) -> None:
    await grown(session, 10 * GIB, 14 * GIB, **columns)

    assert await events(session) == []


async def test_each_threshold_may_be_left_out_and_all_switched_off(session: WriteSession) -> None:
    await update_growth_rule(session, ADA, GrowthRulePatch(percent=None))
    await grown(session, 10 * GIB, 14 * GIB)
    assert await events(session) == []
    await update_growth_rule(session, ADA, GrowthRulePatch(bytes=GIB))
    await grown(session, 10 * GIB, 14 * GIB)
    assert len(await events(session)) == 1
    row = await update_growth_rule(session, ADA, GrowthRulePatch(is_enabled=False))
    await grown(session, 10 * GIB, 14 * GIB)
    assert len(await events(session)) == 1
    assert (row.percent, row.bytes, row.is_enabled) == (None, GIB, False)


@pytest.mark.parametrize(
    "patch",
    [
        GrowthRulePatch(percent=0),
        GrowthRulePatch(percent=-5),
        GrowthRulePatch(bytes=0),
        GrowthRulePatch(bytes=2**63),
        GrowthRulePatch(is_enabled=None),
    ],
)
async def test_a_rule_must_make_sense(session: WriteSession, patch: GrowthRulePatch) -> None:
    with pytest.raises(BadInput):
        await update_growth_rule(session, ADA, patch)


async def test_events_are_acknowledged_once_and_written_down(session: WriteSession) -> None:
    await grown(session, 10 * GIB, 14 * GIB)
    [row] = await events(session, is_open=True)

    assert await acknowledge_growth_events(session, OTTO, [row.id]) == 1
    assert await acknowledge_growth_events(session, OTTO, [row.id]) == 0

    assert await events(session, is_open=True) == []
    [seen] = await events(session, is_open=False)
    assert seen.acknowledged_at is not None
    found = await session.execute(text("SELECT action FROM audit_entries"))
    assert list(found.scalars()) == ["growth_events.acknowledged"]


async def test_a_database_is_muted_and_heard_again(session: WriteSession) -> None:
    database = await grown(session, 10 * GIB, 10 * GIB)

    await mute_growth(session, OTTO, database.id, TODAY)
    await record_growth(session, database.instance_id, TODAY)
    assert await events(session) == []
    await mute_growth(session, OTTO, database.id, None)
    await session.execute(
        text("UPDATE instance_databases SET size_bytes = :size"), {"size": 15 * GIB}
    )
    await record_growth(session, database.instance_id, TODAY)

    assert len(await events(session)) == 1


async def test_rights_are_asked_for(session: WriteSession) -> None:
    assert (await get_growth_rule(session, VERA)).percent == 30
    with pytest.raises(PermissionRequired):
        await update_growth_rule(session, OTTO, GrowthRulePatch(percent=1))
    with pytest.raises(PermissionRequired):
        await acknowledge_growth_events(session, VERA, [1])
    with pytest.raises(PermissionRequired):
        await mute_growth(session, VERA, 1, datetime.now(UTC).date())
    with pytest.raises(NotFound):
        await mute_growth(session, OTTO, 1, None)
    with pytest.raises(BadInput):
        await acknowledge_growth_events(session, OTTO, [])
