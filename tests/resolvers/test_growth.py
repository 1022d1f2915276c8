"""How much databases grew: which older reading counts, and what it is compared with."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from tests.factories import NOBODY, VERA, make_database, make_size_history
from whalefall.db import WriteSession
from whalefall.domain.facts import Quality
from whalefall.errors import AuthenticationRequired, BadInput
from whalefall.models.databases import DatabaseSizeStat
from whalefall.resolvers.growth import GROWTH_DAYS, GrowthRow, database_growth, save_growth

TODAY = date(2026, 6, 30)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


async def growth(
    session: WriteSession, sizes: dict[int, int | None], days: int = GROWTH_DAYS
) -> GrowthRow | None:
    """What became of a database with these sizes so many days ago; as saved and as asked for."""
    database = await make_database(session, size_bytes=sizes[min(sizes)])
    await make_size_history(session, database, {ago(n): size for n, size in sizes.items()})
    found = (await database_growth(session, VERA, [database.id], days)).get(database.id)
    if days == GROWTH_DAYS:
        await save_growth(session, database.instance_id)
        await session.refresh(database)
        wanted = (None,) * 3 if found is None else (found.bytes, found.percent, found.since)
        saved = (database.growth_bytes, database.growth_percent, database.growth_since)
        assert saved == wanted
    return found


@pytest.mark.parametrize(
    ("sizes", "since"),
    [
        ({0: 9, 30: 1}, 30),
        ({0: 9, 1: 8, 29: 2, 30: 1, 31: 1, 60: 1}, 30),
        ({0: 9, 1: 8, 28: 2, 33: 1}, 28),
        ({0: 9, 28: 2, 32: 1}, 32),  # as near: the older
        ({0: 9, 1: 8, 2: 7}, 2),  # a young database tells of the days that it has
        ({0: 9, 1: 8, 45: 1}, 45),  # a gap is stepped over
        ({0: 9, 30: None, 31: 1}, 31),  # what could not be read counts for nothing
    ],
)
async def test_the_reading_nearest_to_the_days_asked_for_is_the_baseline(
    session: WriteSession, sizes: dict[int, int | None], since: int
) -> None:
    found = await growth(session, sizes)

    assert found is not None
    assert found.since == ago(since)
    assert found.bytes == 9 - (sizes[since] or 0)


@pytest.mark.parametrize("sizes", [{0: 9}, {0: 9, 61: 1}, {0: 9, 30: None}])
async def test_without_a_baseline_there_is_no_growth(
    session: WriteSession, sizes: dict[int, int | None]
) -> None:
    assert await growth(session, sizes) is None


@pytest.mark.parametrize(
    ("partial", "since"), [({0}, None), ({30}, 20), ({0, 30}, 30), ({0, 20, 30}, 30)]
)
async def test_what_was_read_in_part_is_compared_with_such_only(
    session: WriteSession, partial: set[int], since: int | None
) -> None:
    database = await make_database(session, size_bytes=9)
    await make_size_history(session, database, {ago(n): 9 - n // 10 for n in (0, 20, 30)})
    days = [ago(n) for n in partial]
    parts = update(DatabaseSizeStat).where(DatabaseSizeStat.stat_date.in_(days))
    await session.execute(parts.values(quality=Quality.PARTIAL))

    found = (await database_growth(session, VERA, [database.id])).get(database.id)

    assert (found and found.since) == (None if since is None else ago(since))


async def test_growth_is_about_the_latest_reading_not_about_today(session: WriteSession) -> None:
    found = await growth(session, {0: None, 10: 5, 40: 4, 41: 1})

    assert found == GrowthRow(bytes=1, percent=25.0, since=ago(40))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "bytes", "percent"),
    [(100, 125, 25, 25.0), (200, 150, -50, -25.0), (7, 7, 0, 0.0), (0, 5, 5, None)],
)
async def test_shrinking_is_negative_and_nothing_has_no_percentage(
    session: WriteSession, before: int, after: int, bytes: int, percent: float | None
) -> None:
    found = await growth(session, {30: before, 0: after})

    assert found is not None
    assert (found.bytes, found.percent) == (bytes, percent)


async def test_other_spans_have_other_baselines(session: WriteSession) -> None:
    sizes: dict[int, int | None] = {0: 100, 7: 90, 30: 50, 365: 10}

    found = {days: await growth(session, sizes, days) for days in (1, 7, 90, 365)}

    assert found[1] is None
    assert [row.bytes for row in found.values() if row] == [10, 50, 90]


@pytest.mark.parametrize("days", [0, -1, 1831])
async def test_a_span_that_makes_no_sense_is_refused(session: WriteSession, days: int) -> None:
    with pytest.raises(BadInput):
        await database_growth(session, VERA, [1], days)


async def test_nobody_reads_growth(session: WriteSession) -> None:
    with pytest.raises(AuthenticationRequired):
        await database_growth(session, NOBODY, [1])
