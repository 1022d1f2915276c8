"""Search: what is found, in which order, and what is left out."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from tests.factories import (
    NOBODY,
    VERA,
    make_database,
    make_instance,
    make_named_tables,
)
from whalefall.db import WriteSession
from whalefall.errors import AuthenticationRequired, BadInput
from whalefall.resolvers.search import MORE, search


async def tables_found(session: WriteSession, wanted: str, first: int = 20) -> list[str]:
    return [hit.table_name for hit in (await search(session, VERA, wanted, first)).tables]


async def test_each_kind_is_found_by_a_part_of_its_name(session: WriteSession) -> None:
    instance = await make_instance(session, name="prod-billing", host="db7.example.com")
    database = await make_database(session, instance, name="billing_eu")
    await make_named_tables(session, database, "old_billing", "users", schema_name="sales")

    hits = await search(session, VERA, "BILLING")

    assert [(hit.name, hit.host) for hit in hits.instances] == [("prod-billing", "db7.example.com")]
    assert [(hit.name, hit.instance_name) for hit in hits.databases] == [
        ("billing_eu", "prod-billing")
    ]
    (found,) = hits.tables
    assert (found.schema_name, found.table_name) == ("sales", "old_billing")
    assert (found.database_name, found.instance_name) == ("billing_eu", "prod-billing")
    assert found.database_id == database.id
    assert not hits.instances[0].is_fuzzy
    assert not hits.databases[0].is_fuzzy
    assert not found.is_fuzzy


async def test_an_instance_is_found_by_its_host_too(session: WriteSession) -> None:
    await make_instance(session, name="prod", host="db7.example.com")
    await make_instance(session, name="db7-replica", host="10.0.0.1")

    hits = await search(session, VERA, "db7")

    assert [hit.name for hit in hits.instances] == ["db7-replica", "prod"]


async def test_the_same_name_comes_first_then_what_begins_so_then_shorter_ones(
    session: WriteSession,
) -> None:
    names = ["a_orders", "orders_of_last_year", "x_orders_archive", "orders_a", "Orders"]
    database = await make_database(session)
    await make_named_tables(session, database, *names)
    for name in names:
        await make_database(session, name=name)

    hits = await search(session, VERA, "orders")

    wanted = ["Orders", "orders_a", "orders_of_last_year", "a_orders", "x_orders_archive"]
    assert [hit.table_name for hit in hits.tables] == wanted
    assert [hit.name for hit in hits.databases] == wanted


async def test_wildcards_mean_themselves(session: WriteSession) -> None:
    await make_named_tables(session, await make_database(session), "a_b", "axb", "100%", "c\\d")

    assert await tables_found(session, "a_b") == ["a_b"]
    assert await tables_found(session, "%") == ["100%"]
    assert await tables_found(session, "\\") == ["c\\d"]


@pytest.mark.parametrize("wanted", ["or", "订单", "r"])
async def test_a_text_too_short_for_trigrams_is_found_nevertheless(
    session: WriteSession, wanted: str
) -> None:
    names = ("fact_or", "订单明细", "xyz")
    await make_named_tables(session, await make_database(session), *names)

    assert await tables_found(session, wanted) == [name for name in names if wanted in name]


async def test_a_typo_finds_what_resembles_it(session: WriteSession) -> None:
    await make_instance(session, name="prod-identity")
    database = await make_database(session, name="core_invoices_1")
    await make_named_tables(session, database, "fact_ticket_day", "mail")

    (instance,) = (await search(session, VERA, "idnetity")).instances
    (invoices,) = (await search(session, VERA, "invioces")).databases
    (table,) = (await search(session, VERA, "tickte")).tables

    assert (instance.name, instance.is_fuzzy) == ("prod-identity", True)
    assert (invoices.name, invoices.is_fuzzy) == ("core_invoices_1", True)
    assert (table.table_name, table.is_fuzzy) == ("fact_ticket_day", True)


async def test_little_is_completed_by_what_resembles_it(session: WriteSession) -> None:
    database = await make_database(session)
    await make_named_tables(session, database, "x_tickte", "ticket")

    hits = await search(session, VERA, "tickte")

    assert [(hit.table_name, hit.is_fuzzy) for hit in hits.tables] == [
        ("x_tickte", False),
        ("ticket", True),
    ]


async def test_who_has_begun_a_name_is_not_told_of_similar_ones(session: WriteSession) -> None:
    await make_named_tables(session, await make_database(session), "tickets_open", "tickte")

    assert await tables_found(session, "ticket") == ["tickets_open"]


async def test_what_is_inactive_or_recycled_stays_away(session: WriteSession) -> None:
    paused = await make_instance(session, name="shop-paused", is_active=False)
    gone = await make_instance(session, name="shop-gone", deleted_at=datetime.now(UTC))
    live = await make_instance(session, name="live")
    for instance, is_active in ((paused, True), (gone, True), (live, False)):
        database = await make_database(session, instance, name="shop", is_active=is_active)
        await make_named_tables(session, database, "shop_items")

    hits = await search(session, VERA, "shop")

    assert (hits.instances, hits.databases, hits.tables) == ([], [], [])


@pytest.mark.parametrize("hidden_names", [1, 5, 5 * MORE + 1, 15 * MORE])
async def test_hidden_names_do_not_crowd_out_what_may_be_shown(
    session: WriteSession, hidden_names: int
) -> None:
    hidden = await make_database(session, is_active=False)
    await make_named_tables(session, hidden, *(f"log_{n:04}" for n in range(hidden_names)))
    names = ["log_of_the_longest_name", "the_longest_name_with_log"]
    await make_named_tables(session, await make_database(session), *names)

    assert await tables_found(session, "log", 5) == names


async def test_of_each_kind_no_more_than_asked_for(session: WriteSession) -> None:
    for number in range(3):
        instance = await make_instance(session, name=f"shop-{number}")
        database = await make_database(session, instance, name=f"shop_{number}")
        await make_named_tables(session, database, "shops")

    hits = await search(session, VERA, "shop", 2)

    assert [len(hits.instances), len(hits.databases), len(hits.tables)] == [2, 2, 2]


async def test_one_name_in_many_databases_is_a_hit_in_each(session: WriteSession) -> None:
    databases = [await make_database(session) for _ in range(3)]
    for database in databases:
        await make_named_tables(session, database, "orders")

    hits = await search(session, VERA, "orders")

    assert [hit.database_id for hit in hits.tables] == [database.id for database in databases]


@pytest.mark.parametrize("wanted", ["", "  ", "x" * 101, "a\x00", "\ud800", "a\nb"])
async def test_a_text_of_no_or_too_many_or_odd_characters_is_refused(
    session: WriteSession, wanted: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await search(session, VERA, wanted)

    assert caught.value.field == ("text",)


@pytest.mark.parametrize("first", [0, -1, 51])
async def test_more_than_the_most_or_less_than_one_is_refused(
    session: WriteSession, first: int
) -> None:
    with pytest.raises(BadInput):
        await search(session, VERA, "a", first)


async def test_nobody_searches(session: WriteSession) -> None:
    with pytest.raises(AuthenticationRequired):
        await search(session, NOBODY, "a")


async def test_what_is_set_for_a_search_ends_with_its_transaction(session: WriteSession) -> None:
    """Statements with texts are planned for their text; the settings are the transaction's own."""
    await search(session, VERA, "resembles nothing")
    shown = text(
        "SELECT setting, (SELECT reset_val FROM pg_settings WHERE name = 'plan_cache_mode')"
        " FROM pg_settings WHERE name = 'plan_cache_mode'"
    )

    assert (await session.execute(shown)).one() == ("force_custom_plan", "auto")
