"""The ledger summed up, and the states that its numbers lead to."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories import MYSQL, NOBODY, POSTGRESQL, VERA, make_database, make_instance
from whalefall.db import WriteSession
from whalefall.domain.facts import Quality, SkipReason
from whalefall.domain.states import DatabaseState, Freshness
from whalefall.errors import AuthenticationRequired
from whalefall.resolvers.databases import (
    DatabaseFilter,
    FreshnessShare,
    count_ledger,
    ledger_statistics,
)

OLD = datetime.now(UTC) - timedelta(hours=40)


async def make_ledger(session: WriteSession) -> None:
    """Five active databases, one of a paused instance, one gone, one in the recycle bin."""
    shop = await make_instance(session, name="shop", engine=MYSQL)
    crm = await make_instance(session, name="crm", engine=POSTGRESQL)
    since = {"growth_since": date(2026, 6, 1)}
    await make_database(session, shop, name="a", size_bytes=70, growth_bytes=7, **since)
    await make_database(session, shop, name="b", size_bytes=20, growth_bytes=9, **since)
    stale = {"size_reason": "PERMISSION", "size_collected_at": OLD, "growth_bytes": -1}
    await make_database(session, shop, name="c", size_bytes=30, **stale, **since)
    await make_database(session, crm, name="denied", size_reason="PERMISSION")
    await make_database(session, crm, name="waiting")
    await make_database(session, crm, name="gone", is_active=False, size_bytes=500)
    paused = await make_instance(session, name="paused", is_active=False)
    await make_database(session, paused, name="asleep", size_bytes=900)
    bin = await make_instance(session, name="bin", deleted_at=datetime.now(UTC))
    await make_database(session, bin, name="binned", size_bytes=900)


async def test_totals_are_about_what_is_there_and_known(session: WriteSession) -> None:
    await make_ledger(session)

    totals = (await ledger_statistics(session, VERA)).totals

    assert (totals.active, totals.gone, totals.unreadable, totals.not_collected) == (5, 1, 2, 1)
    assert (totals.instance_count, totals.sized) == (2, 3)
    assert (totals.total_size_bytes, totals.average_size_bytes) == (120, 40)
    assert totals.largest_size_bytes == 70


@pytest.mark.parametrize("reason", [SkipReason.NOT_COLLECTED, SkipReason.PERMISSION])
async def test_what_was_read_in_part_was_read(session: WriteSession, reason: SkipReason) -> None:
    await make_database(session, size_bytes=7, size_quality=Quality.PARTIAL, size_reason=reason)

    totals = (await ledger_statistics(session, VERA)).totals
    read = await count_ledger(session, VERA, DatabaseFilter(state=DatabaseState.READ))

    assert (totals.sized, totals.unreadable, totals.not_collected, read) == (1, 0, 0, 1)


async def test_round_sums_are_sizes_too(session: WriteSession) -> None:
    shop = await make_instance(session, name="shop", engine=MYSQL)
    await make_database(session, shop, size_bytes=18_560_000)  # as a decimal it is 1.856E+7

    summed = await ledger_statistics(session, VERA)

    assert summed.totals.total_size_bytes == summed.engines[0].size_bytes == 18_560_000


async def test_every_count_is_that_of_its_list(session: WriteSession) -> None:
    await make_ledger(session)

    found = await ledger_statistics(session, VERA)

    async def count(**filter: object) -> int:
        return await count_ledger(session, VERA, DatabaseFilter(**filter))  # type: ignore[arg-type]

    totals = found.totals
    assert totals.active == await count()
    assert totals.gone == await count(state=DatabaseState.GONE, active_only=False)
    assert totals.unreadable == await count(state=DatabaseState.UNREADABLE)
    assert totals.not_collected == await count(state=DatabaseState.NOT_COLLECTED)
    assert await count(state=DatabaseState.READ) == 2
    for engine in found.engines:
        assert engine.databases == await count(engines=[engine.engine])
    for instance in found.instances:
        assert instance.databases == await count(instance_id=instance.instance_id)
    for age in found.freshness:
        assert age.databases == await count(freshness=age.freshness)


async def test_shares_name_every_age_and_the_largest_share_first(session: WriteSession) -> None:
    await make_ledger(session)

    found = await ledger_statistics(session, VERA)

    assert [(share.engine, share.databases, share.size_bytes) for share in found.engines] == [
        (MYSQL, 3, 120),
        (POSTGRESQL, 2, None),  # no known size is not zero bytes
    ]
    assert [share.instance_name for share in found.instances] == ["shop", "crm"]
    assert found.freshness == [
        FreshnessShare(freshness=age, databases=count)
        for age, count in zip(Freshness, (2, 1, 0, 2), strict=True)
    ]


async def test_rankings_leave_out_what_has_no_place_in_them(session: WriteSession) -> None:
    await make_ledger(session)

    found = await ledger_statistics(session, VERA)

    assert [row.name for row in found.largest] == ["a", "c", "b"]
    assert [row.name for row in found.fastest_growing] == ["b", "a"]


async def test_an_empty_ledger_has_no_sizes(session: WriteSession) -> None:
    totals = (await ledger_statistics(session, VERA)).totals

    assert (totals.active, totals.total_size_bytes, totals.average_size_bytes) == (0, None, None)


async def test_nobody_sees_statistics(session: WriteSession) -> None:
    with pytest.raises(AuthenticationRequired):
        await ledger_statistics(session, NOBODY)
