"""The ledger and a database's page."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import (
    make_database,
    make_instance,
    make_size_history,
    make_size_stat,
    make_snapshot,
    make_tag,
)
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality, SkipReason
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.resolvers.growth import save_growth

LEDGER, TABLE = "/databases/ledgers", "ledger_table"
GIB = 2**30


@pytest.fixture
async def ledger(db: Database) -> None:
    """Four databases on two instances, one of them never collected, and one that is gone."""
    async with db.write() as session:
        tag = await make_tag(session, "prod")
        shop = await make_instance(session, name="shop-db", tags=[tag])
        crm = await make_instance(session, name="crm-db", engine=Engine("MYSQL"))
        await make_database(session, shop, name="orders", size_bytes=40 * GIB)
        await make_database(session, shop, name="carts", size_bytes=0)
        await make_database(session, crm, name="people", size_bytes=10 * GIB)
        await make_database(session, crm, name="locked", size_reason="PERMISSION")
        await make_database(session, crm, name="dropped", is_active=False)


async def names(browser: Browser, query: str) -> list[str]:
    return texts(dom(await browser.get(LEDGER + query)), "tbody th > a")


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["locked", "people", "carts", "orders"]),
        ("?search=ORD", ["orders"]),
        ("?search=%25", []),
        ("?engine=mysql", ["locked", "people"]),
        ("?engine=MYSQL&engine=POSTGRESQL&search=crm", ["locked", "people"]),
        ("?tags=prod", ["carts", "orders"]),
        ("?tags=unknown", []),
        ("?freshness=never", ["locked"]),
        ("?freshness=Fresh", ["people", "carts", "orders"]),
        ("?state=unreadable", ["locked"]),
        ("?state=GONE", ["dropped"]),
        ("?min_size=10%20GiB", ["people", "orders"]),
        ("?min_size=1&max_size=10g", ["people"]),
        ("?order=-size", ["orders", "people", "carts", "locked"]),
        ("?order=name", ["carts", "locked", "orders", "people"]),
    ],
)
async def test_the_ledger_is_searched_filtered_and_sorted(
    vera_browser: Browser, query: str, expected: list[str]
) -> None:
    assert await names(vera_browser, query) == expected


@pytest.mark.usefixtures("ledger")
async def test_unknown_is_not_zero(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?order=name"))

    sizes = texts(page, "tbody td.is-number:nth-of-type(2)")
    assert sizes[:2] == ["0B", "— No permission"]


@pytest.mark.usefixtures("ledger")
async def test_htmx_gets_the_table_alone_with_the_address_to_show(vera_browser: Browser) -> None:
    response = await vera_browser.get(f"{LEDGER}?search=or&engine=&tags=", target=TABLE)

    page = dom(response)
    assert not page.cssselect("h1")
    assert [found.get("id") for found in page.cssselect("section")] == [TABLE]
    assert response.headers["hx-push-url"] == f"{LEDGER}?search=or"


@pytest.mark.usefixtures("ledger")
async def test_an_unknown_target_gets_the_whole_page(vera_browser: Browser) -> None:
    assert dom(await vera_browser.get(LEDGER, target="no_such_block")).cssselect("h1")


@pytest.mark.usefixtures("ledger")
async def test_an_active_filter_is_a_chip_that_takes_itself_away(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?search=o&engine=mysql"))

    chips = page.cssselect(".tag--remove")
    assert [" ".join(chip.text_content().split()) for chip in chips] == [
        "Search o",
        "Engine MySQL, MariaDB",
    ]
    assert chips[0].get("href") == f"{LEDGER}?engine=MYSQL"


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    "query", ["?freshness=never&engine=mysql&state=unreadable", "?freshness=NEVER&db_type=MySQL"]
)
async def test_a_filter_in_any_case_is_chosen_in_its_field(
    vera_browser: Browser, query: str
) -> None:
    page = dom(await vera_browser.get(LEDGER + query))

    chosen = [option.get("value") for option in page.cssselect("#filters option[selected]")]
    assert chosen == (["MYSQL", "NEVER", "UNREADABLE"] if "state" in query else ["MYSQL", "NEVER"])


async def test_an_instance_is_named_in_its_chip(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="shop-db")
        await make_database(session, instance)

    page = dom(await vera_browser.get(f"{LEDGER}?instance_id={instance.id}"))

    assert texts(page, ".tag--remove") == ["Instance shop-db"]
    assert page.cssselect("#by_instance_id option[selected]")[0].get("value") == str(instance.id)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("freshness=sometimes", "freshness must be one of"),
        ("min_size=big", "min_size must be a size such as 500 MiB."),
        ("max_size=9999999999t", "max_size is too large."),
        ("state=lost", "state must be one of"),
        ("instance_id=one", "instance_id must be a whole number."),
        ("engine=dbase", "There is no such engine."),
    ],
)
async def test_a_damaged_filter_is_refused_in_words(
    vera_browser: Browser, query: str, said: str
) -> None:
    response = await vera_browser.get(f"{LEDGER}?{query}")

    assert response.status_code == 400
    assert said in response.text
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.usefixtures("ledger")
async def test_a_row_opens_its_table_sizes_in_a_dialog(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?search=orders"))

    (opener,) = page.cssselect("tbody[hx-target='#modal_root'] [hx-boost=true] a")
    assert opener.get("href").endswith("/tables")
    assert opener.get("title") == "Table sizes of orders"


@pytest.mark.usefixtures("ledger")
async def test_collecting_everything_is_confirmed_with_its_scope(otto_browser: Browser) -> None:
    opener = dom(await otto_browser.get(LEDGER)).cssselect("a[href='/databases/ledgers/sync']")
    dialog = dom(await otto_browser.get("/databases/ledgers/sync", target="modal_root"))
    page = dom(await otto_browser.get("/databases/ledgers/sync"))

    assert len(opener) == 1
    assert texts(dialog, "dialog .impact dd")[:3] == [
        "2 active instances",
        "0 paused instances",
        "4",
    ]
    assert not page.cssselect("dialog.dialog form.form")
    for shown in (dialog, page):
        (form,) = shown.cssselect("form[action='/instances/actions/sync-capacity']")
        assert form.get("method") == "post"


async def test_who_only_looks_is_not_offered_to_collect(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(LEDGER))

    assert not page.cssselect("[href*='/sync'][hx-get]")
    assert (await vera_browser.get("/databases/ledgers/sync")).status_code == 403


@pytest.mark.usefixtures("ledger")
async def test_the_numbers_of_the_statistics_lead_to_their_lists(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get("/databases/stats"))

    numbers = {link.get("href"): link.text_content() for link in page.cssselect(".strip dd a")}
    for href in (LEDGER, f"{LEDGER}?state=GONE", f"{LEDGER}?state=UNREADABLE"):
        listed = texts(dom(await vera_browser.get(href)), "#ledger_table h2")
        assert listed[0].split()[0] == numbers[href]
    assert texts(page, "#engines_title") == ["Engines"]
    assert "MySQL, MariaDB 2 10.0GiB" in texts(
        page, "section[aria-labelledby=engines_title] tbody tr"
    )
    assert texts(page, "section[aria-labelledby=largest_title] tbody th a")[0] == "orders"


@pytest.mark.usefixtures("ledger")
async def test_what_was_sorted_stays_sorted_when_the_search_changes(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?order=-size", target=TABLE))

    (kept,) = page.cssselect("input[form=filters]")
    assert (kept.get("name"), kept.get("value")) == ("order", "-size")


@pytest.mark.usefixtures("ledger")
async def test_the_export_keeps_the_filters(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?tags=prod&order=-size&size=100"))

    (export,) = page.cssselect("a[download]")
    assert export.get("href") == "/api/v1/databases/ledgers/exports?tags=prod&order=-size"


async def test_the_pager_walks_there_and_back(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        for number in range(60):
            await make_database(session, instance, name=f"db{number:02}", size_bytes=number)

    first = dom(await vera_browser.get(f"{LEDGER}?size=25"))
    (next_link,) = first.cssselect(".pager nav a")
    second = dom(await vera_browser.get(next_link.get("href")))
    back = second.cssselect(".pager nav a")[0].get("href")

    assert texts(first, ".pager > span:first-child") == ["1–25 of 60"]
    assert texts(second, ".pager > span:first-child") == ["26–50 of 60"]
    assert texts(second, "tbody th > a") == [f"db{number:02}" for number in range(25, 50)]
    assert texts(dom(await vera_browser.get(back)), "tbody th > a")[0] == "db00"


async def test_an_empty_ledger_says_how_to_fill_it(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(LEDGER))

    assert texts(page, ".empty strong") == ["No databases yet"]


@pytest.mark.usefixtures("ledger")
async def test_a_filter_that_finds_nothing_offers_to_clear_it(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get(f"{LEDGER}?search=zzz"))

    assert texts(page, ".empty strong") == ["No database fits these filters"]
    assert page.cssselect(".empty a")[0].get("href") == LEDGER


async def test_growth_stands_beside_the_line(db: Database, vera_browser: Browser) -> None:
    today = datetime.now(UTC).date()
    async with db.write() as session:
        database = await make_database(session, size_bytes=125)
        days: dict[date, int | None] = {today - timedelta(days=10): 100, today: 125}
        await make_size_history(session, database, days)
        await save_growth(session, database.instance_id)

    page = dom(await vera_browser.get(LEDGER))
    detail = dom(await vera_browser.get(f"/databases/{database.id}"))

    assert len(page.cssselect("svg.spark")) == 1
    assert "+25B +25.0 %" in texts(page, "tbody td.is-number")
    assert texts(detail, "#facts_title") == ["Growth and parts"]
    assert len(detail.cssselect("svg.chart .chart__line")) == 1
    assert len(detail.cssselect(".twin tbody tr")) == 2


async def test_growth_says_what_it_cannot_know(db: Database, vera_browser: Browser) -> None:
    growth: dict[str, Any] = {
        "growth_bytes": -(2**30),
        "growth_percent": -50.0,
        "growth_since": date(2026, 6, 1),
    }
    async with db.write() as session:
        instance = await make_instance(session)
        await make_database(session, instance, name="a", size_bytes=2**30, **growth)
        await make_database(session, instance, name="b", size_bytes=2**30)

    page = dom(await vera_browser.get(f"{LEDGER}?order=-growth"))

    assert texts(page, "tbody td.is-number:nth-of-type(5)") == [
        "−1.00GiB −50.0 %",
        "— No older size to compare with",
    ]


async def test_a_day_that_was_read_in_part_is_no_fall(db: Database, vera_browser: Browser) -> None:
    today = datetime.now(UTC).date()
    async with db.write() as session:
        database = await make_database(session, size_bytes=2)
        whole = {today - timedelta(days=ago): 100 - ago for ago in (1, 2, 3)}
        await make_size_history(session, database, whole)
        await make_size_history(session, database, {today: 2}, Quality.PARTIAL)

    line = dom(await vera_browser.get(LEDGER)).cssselect("svg.spark title")[0]
    detail = dom(await vera_browser.get(f"/databases/{database.id}"))
    instance = dom(await vera_browser.get(f"/instances/{database.instance_id}"))

    assert line.text == "from 97 B to 99 B · 3 daily readings"
    (note,) = texts(detail, "#database_history .panel__note")
    assert note == "3 of 92 days · 1 day was not read as a whole"
    assert "+2.1 % in 2 days" in " ".join(texts(instance, ".strip dd"))


async def test_a_day_without_a_reading_is_a_gap(db: Database, vera_browser: Browser) -> None:
    today = datetime.now(UTC).date()
    async with db.write() as session:
        database = await make_database(session, size_bytes=9)
        days: dict[date, int | None] = {
            today - timedelta(days=ago): 9 - ago for ago in (0, 1, 2, 6, 7, 8)
        }
        await make_size_history(session, database, days)

    row = dom(await vera_browser.get(LEDGER)).cssselect("svg.spark path")[0]
    detail = dom(await vera_browser.get(f"/databases/{database.id}?range=1m"))

    assert row.get("d").count("M") == 2
    assert detail.cssselect("svg.chart .chart__line")[0].get("d").count("M") == 2
    assert "6 of 31 days" in texts(detail, "#database_history .panel__note")


async def test_data_and_log_are_lines_of_their_own(db: Database, vera_browser: Browser) -> None:
    today = datetime.now(UTC).date()
    parts: dict[str, Any] = {"size_bytes": 10, "data_bytes": 7, "log_bytes": 3}
    async with db.write() as session:
        database = await make_database(session, **parts)
        for ago in (0, 1):
            await make_size_stat(session, database, today - timedelta(days=ago), **parts)

    page = dom(await vera_browser.get(f"/databases/{database.id}"))
    block = dom(
        await vera_browser.get(f"/databases/{database.id}?range=1y", target="database_history")
    )

    assert len(page.cssselect("svg.chart .chart__line")) == 3
    assert len(page.cssselect("svg.stacked rect")) == 2
    assert not block.cssselect("h1")
    assert texts(block, "[aria-current]") == ["1 year"]


async def test_a_late_size_shows_its_age_in_words(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        collected_at = datetime.now(UTC) - timedelta(hours=30)
        await make_database(session, size_bytes=1, size_collected_at=collected_at)

    page = dom(await vera_browser.get(LEDGER))

    assert texts(page, "time.age.is-warn") == ["Late: 30 h ago"]


@pytest.mark.parametrize("path", ["/", "/databases"])
async def test_the_ledger_is_the_first_page(vera_browser: Browser, path: str) -> None:
    response = await vera_browser.get(path)

    assert (response.status_code, response.headers["location"]) == (303, LEDGER)


async def test_the_short_address_keeps_what_was_asked_for(vera_browser: Browser) -> None:
    response = await vera_browser.get("/databases?search=a%26b&engine=MYSQL")

    assert response.headers["location"] == f"{LEDGER}?search=a%26b&engine=MYSQL"


async def test_a_database_shows_where_its_bytes_are(db: Database, vera_browser: Browser) -> None:
    parts = reconcile(
        {BucketKind.DATA: 6 * GIB, BucketKind.LOG: 3 * GIB},
        objects_bytes=6 * GIB,
        database_bytes=10 * GIB,
    )
    assert parts is not None
    async with db.write() as session:
        database = await make_database(
            session,
            size_bytes=10 * GIB,
            used_bytes=9 * GIB,
            ceiling_bytes=64 * GIB,
            reconciliation=parts.to_json(),
        )

    page = dom(await vera_browser.get(f"/databases/{database.id}"))

    assert texts(page, "#database_space tbody th") == ["Rows of tables", "Log", "Unattributed"]
    assert texts(page, "#database_space tbody td") == [
        "6.00 GiB · 60 %",
        "3.00 GiB · 30 %",
        "1.00 GiB · 10 %",
    ]
    assert texts(page, "#database_space dd") == [
        "6.0GiB",
        "10.0GiB",
        "— Not collected",
        "9.0GiB",
        "64.0GiB",
    ]
    widths = [float(str(one.get("width")).rstrip("%")) for one in page.cssselect(".stacked rect")]
    assert widths == [60, 30, 10]


async def test_parts_from_inside_the_database_go_before_those_of_its_size(
    db: Database, vera_browser: Browser
) -> None:
    inside, outside = (reconcile({}, database_bytes=size) for size in (2 * GIB, GIB))
    assert inside is not None
    assert outside is not None
    async with db.write() as session:
        database = await make_database(session, size_bytes=GIB, reconciliation=outside.to_json())
        await make_snapshot(session, database, reconciliation=inside.to_json())

    page = dom(await vera_browser.get(f"/databases/{database.id}"))

    assert texts(page, "#database_space tbody td") == ["2.00 GiB · 100 %"]


async def test_a_database_that_is_left_out_says_so(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        await make_database(session, name="tmp_1", size_reason=SkipReason.EXCLUDED)

    row = texts(dom(await vera_browser.get("/databases/ledgers")), "tbody td")

    assert "Excluded" in row
    assert "never" not in row
