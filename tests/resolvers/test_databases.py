"""The ledger: what it holds, and how it is narrowed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import (
    MYSQL,
    POSTGRESQL,
    VERA,
    make_database,
    make_instance,
    make_tag,
)
from whalefall.db import WriteSession
from whalefall.domain.paging import Direction, OrderBy, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import Freshness
from whalefall.errors import NotFound
from whalefall.resolvers.databases import (
    DATABASES,
    DatabaseFilter,
    DatabaseOrderField,
    count_ledger,
    get_database,
    list_ledger,
    stream_ledger,
)
from whalefall.resolvers.nouns.noun import DIALECT
from whalefall.resolvers.nouns.paging import keyset
from whalefall.resolvers.nouns.queries import matching, page_of, window

MANY_INSTANCES = """
    INSERT INTO instances (name, engine, host, port)
    SELECT 'i' || n, 'MYSQL', 'h' || n, 3306
      FROM generate_series(1, 200) AS n
"""
MANY_DATABASES = """
    INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on, size_bytes,
                                    size_collected_at)
    SELECT id, 'd' || n, '2026-01-01', '2026-01-01', n, now()
      FROM instances, generate_series(1, 50) AS n
"""


async def names(session: Any, filter: DatabaseFilter | None = None) -> list[str]:
    page = await list_ledger(session, VERA, filter)
    assert await count_ledger(session, VERA, filter) == len(page.rows)
    return [row.name for row in page.rows]


async def test_the_ledger_is_ordered_by_instance_then_name(session: WriteSession) -> None:
    second = await make_instance(session, name="b")
    first = await make_instance(session, name="a")
    for instance, name in [(second, "m"), (first, "z"), (second, "k"), (first, "x")]:
        await make_database(session, instance, name=name)

    assert await names(session) == ["x", "z", "k", "m"]
    assert [row.name async for row in stream_ledger(session, VERA)] == ["x", "z", "k", "m"]


async def test_search_takes_database_instance_and_host_in_any_case(session: WriteSession) -> None:
    instance = await make_instance(session, name="Orders-01", host="pg.shop.example.com")
    await make_database(session, instance, name="Billing")
    await make_database(session, name="other")

    for search in ("bILL", "orders", "SHOP"):
        assert await names(session, DatabaseFilter(search=search)) == ["Billing"]


@pytest.mark.parametrize("search", ["%", "_", "\\", "a%", "100%"])
async def test_wildcards_in_a_search_mean_themselves(session: WriteSession, search: str) -> None:
    instance = await make_instance(session, name="plain", host="host")
    await make_database(session, instance, name="abc")
    await make_database(session, instance, name=f"x{search}y")

    assert await names(session, DatabaseFilter(search=search)) == [f"x{search}y"]


@pytest.mark.parametrize("search", ["a\x00b", "\ud800"])
async def test_a_search_for_what_no_text_can_hold_finds_nothing(
    session: WriteSession, search: str
) -> None:
    await make_database(session)

    assert await names(session, DatabaseFilter(search=search, tags=[search])) == []


async def test_tags_match_any_active_tag_by_name(session: WriteSession) -> None:
    prod, crm = await make_tag(session, "prod"), await make_tag(session, "crm")
    old = await make_tag(session, "old", is_active=False)
    await make_database(session, await make_instance(session, tags=[prod, crm]), name="both")
    await make_database(session, await make_instance(session, tags=[crm]), name="one")
    await make_database(session, await make_instance(session, tags=[old]), name="retired")
    await make_database(session, name="bare")

    assert await names(session, DatabaseFilter(tags=["prod", "crm"])) == ["both", "one"]
    assert await names(session, DatabaseFilter(tags=["prod", "unknown"])) == ["both"]
    assert await names(session, DatabaseFilter(tags=["PROD"])) == []
    assert await names(session, DatabaseFilter(tags=["old"])) == []
    assert await names(session, DatabaseFilter(tags=["unknown"])) == []
    assert await names(session, DatabaseFilter(tags=[])) == []
    assert len(await names(session, DatabaseFilter(tags=None))) == 4


async def test_no_filter_shows_only_what_is_active(session: WriteSession) -> None:
    await make_database(session, name="here")
    gone = await make_database(session, name="gone", is_active=False)
    await make_database(session, await make_instance(session, is_active=False), name="paused")

    assert await names(session) == ["here"]
    assert await names(session, DatabaseFilter()) == ["here"]
    assert len(await names(session, DatabaseFilter(active_only=False))) == 3
    assert (await get_database(session, VERA, gone.id)).name == "gone"


async def test_databases_go_to_the_recycle_bin_with_their_instance(session: WriteSession) -> None:
    instance = await make_instance(session, deleted_at=datetime.now(UTC))
    database = await make_database(session, instance)

    assert await names(session, DatabaseFilter(active_only=False)) == []
    with pytest.raises(NotFound):
        await get_database(session, VERA, database.id)


async def test_the_other_filters_narrow_together(session: WriteSession) -> None:
    mysql = await make_instance(session, engine=MYSQL, name="m")
    postgresql = await make_instance(session, engine=POSTGRESQL, name="p")
    for size in (1, 10, 100):
        await make_database(session, mysql, name=f"m{size}", size_bytes=size)
        await make_database(session, postgresql, name=f"p{size:03}", size_bytes=size)
    await make_database(session, mysql, name="unknown")

    assert await names(session, DatabaseFilter(engines=[MYSQL], max_size_bytes=Bytes(10))) == [
        "m1",
        "m10",
    ]
    assert await names(session, DatabaseFilter(engines=[])) == []
    filter = DatabaseFilter(instance_id=postgresql.id, min_size_bytes=Bytes(10))
    assert await names(session, filter) == ["p010", "p100"]


@pytest.mark.parametrize(
    ("hours", "freshness"),
    [
        (0, Freshness.FRESH),
        (12, Freshness.FRESH),
        (25.9, Freshness.FRESH),
        (26.1, Freshness.LATE),
        (49.9, Freshness.LATE),
        (50.1, Freshness.OVERDUE),
        (None, Freshness.NEVER),
    ],
)
async def test_freshness_is_the_age_of_the_size(
    session: WriteSession, hours: float | None, freshness: Freshness
) -> None:
    collected_at = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
    database = await make_database(session, size_collected_at=collected_at)

    assert (await get_database(session, VERA, database.id)).freshness is freshness
    for asked in Freshness:
        found = await names(session, DatabaseFilter(freshness=asked))
        assert found == ([database.name] if asked is freshness else [])


@pytest.mark.parametrize("field", DatabaseOrderField)
async def test_a_page_of_the_ledger_does_not_sort_the_whole(
    session: WriteSession, field: DatabaseOrderField
) -> None:
    await session.execute(text(MANY_INSTANCES))
    await session.execute(text(MANY_DATABASES))
    await session.execute(text("ANALYZE instances, instance_databases"))
    view = DATABASES.alias()
    direction = Direction.DESC if field is DatabaseOrderField.SIZE else Direction.ASC
    order = keyset(DATABASES, view, OrderBy(field, direction))
    asked = window(DATABASES, order, PageRequest(first=50))
    conditions = matching(DATABASES, view, VERA, None)
    statement = page_of(order, asked, conditions, [view.c.name, view.c.tag_names, order.cursor])
    literal: Any = statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})

    plan = (await session.execute(text(f"EXPLAIN (COSTS OFF) {literal}"))).scalars()

    assert not re.search(r"->  Sort\s+Sort Key: instance", "\n".join(plan))
