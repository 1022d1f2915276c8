"""The ledger and a database's page."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories import make_database, make_instance, make_size_history, make_tag
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.domain.engines import Engine

LEDGER, TABLE = "/databases/ledgers", "ledger_table"
GIB = 2**30


@pytest.fixture
async def ledger(db: Database) -> None:
    """Four databases on two instances, one of them never collected."""
    async with db.write() as session:
        tag = await make_tag(session, "prod")
        shop = await make_instance(session, name="shop-db", tags=[tag])
        crm = await make_instance(session, name="crm-db", engine=Engine("MYSQL"))
        await make_database(session, shop, name="orders", size_bytes=40 * GIB)
        await make_database(session, shop, name="carts", size_bytes=0)
        await make_database(session, crm, name="people", size_bytes=10 * GIB)
        await make_database(session, crm, name="locked", size_reason="PERMISSION")


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
        ("?min_size=10%20GiB", ["people", "orders"]),
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

    sizes = texts(page, "tbody td.is-number:nth-of-type(3)")
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
        "Engine MySQL",
    ]
    assert chips[0].get("href") == f"{LEDGER}?engine=mysql"


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

    page = dom(await vera_browser.get(LEDGER))
    detail = dom(await vera_browser.get(f"/databases/{database.id}"))

    assert len(page.cssselect("svg.spark")) == 1
    assert "+25.0 %" in texts(page, "tbody td.is-number")
    assert len(detail.cssselect("svg.chart .chart__point")) == 2
    assert len(detail.cssselect(".twin tbody tr")) == 2


async def test_a_late_size_shows_its_age_in_words(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        collected_at = datetime.now(UTC) - timedelta(hours=30)
        await make_database(session, size_bytes=1, size_collected_at=collected_at)

    page = dom(await vera_browser.get(LEDGER))

    assert texts(page, "time.age--late") == ["Late: 30 h ago"]


@pytest.mark.parametrize("path", ["/", "/databases"])
async def test_the_ledger_is_the_first_page(vera_browser: Browser, path: str) -> None:
    response = await vera_browser.get(path)

    assert (response.status_code, response.headers["location"]) == (303, LEDGER)
