"""The palette: as a page, as what the dialog swaps in, and safe with hostile names."""

import pytest

from tests.factories import VERA, make_database, make_instance, make_named_tables
from tests.web.conftest import Browser, dom, texts
from whalefall.auth import PERMISSIONS, Actor, Role
from whalefall.db import Database
from whalefall.web.palette import PLACES, mark, places, similar_places

RESULTS = "palette_results"


async def test_the_page_finds_without_script(vera_browser: Browser, db: Database) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="shop-1", host="db1.example.com")
        database = await make_database(session, instance, name="shop")
        await make_named_tables(session, database, "shop_items", schema_name="sales")

    page = dom(await vera_browser.get("/palette?q=SHOP"))

    assert page.cssselect("main form[action='/palette'] input[name=q]")[0].get("value") == "SHOP"
    assert texts(page, "main .found h2") == ["Instances", "Databases", "Tables"]
    links = [link.get("href") for link in page.cssselect("main .found a")]
    assert links == [
        f"/instances/{instance.id}",
        f"/databases/{database.id}",
        f"/databases/{database.id}?search=shop_items&schema=sales",
    ]
    assert texts(page, "main .found mark") == ["shop", "shop", "shop"]


async def test_the_dialog_gets_only_what_was_found(vera_browser: Browser, db: Database) -> None:
    async with db.write() as session:
        for number in range(7):
            await make_instance(session, name=f"shop-{number}")

    page = dom(await vera_browser.get("/palette?q=shop", target=RESULTS))

    assert [each.get("id") for each in page.cssselect("body > *")] == [RESULTS]
    assert texts(page, ".found__name")[-2:] == ["shop-4", "All that match"]
    assert page.cssselect("a")[-1].get("href") == "/instances?search=shop"


async def test_nothing_asked_for_shows_pages_and_keys(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get("/palette?q=", target=RESULTS))
    around = dom(await vera_browser.get("/me"))

    assert texts(page, "h2") == ["Pages and actions"]
    assert "/instances" in [link.get("href") for link in page.cssselect("a")]
    assert "Esc" in texts(around, "#palette .found__keys kbd")


async def test_pages_answer_to_both_languages(vera_browser: Browser) -> None:
    for wanted in ("crede", "凭据"):
        page = dom(await vera_browser.get(f"/palette?q={wanted}", target=RESULTS))

        assert [link.get("href") for link in page.cssselect("a")] == ["/credentials"]


async def test_what_only_resembles_says_so(vera_browser: Browser, db: Database) -> None:
    async with db.write() as session:
        await make_instance(session, name="prod-ticket")

    page = dom(await vera_browser.get("/palette?q=tickte", target=RESULTS))

    assert texts(page, "li .tag") == ["≈ similar"]


async def test_nothing_found_is_said(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get("/palette?q=zzzzzz", target=RESULTS))

    assert texts(page, ".empty strong") == ["Nothing has this in its name"]
    assert texts(page, "[role=status]") == ["0 hits"]


@pytest.mark.parametrize("wanted", ["x" * 300, "%00", "%0A%09a", "<script>", "%25_", "("])
async def test_odd_texts_do_no_harm(vera_browser: Browser, wanted: str) -> None:
    page = dom(await vera_browser.get(f"/palette?q={wanted}", target=RESULTS))

    assert page.cssselect("script") == []


async def test_hostile_names_are_shown_as_text(vera_browser: Browser, db: Database) -> None:
    async with db.write() as session:
        await make_instance(session, name="<img src=x>&amp;")

    page = dom(await vera_browser.get("/palette?q=<img", target=RESULTS))

    assert texts(page, ".found__name") == ["<img src=x>&amp;"]
    assert texts(page, "mark") == ["<img"]


@pytest.mark.parametrize(
    ("wanted", "text", "marked"),
    [
        ("a", "Abba", "<mark>A</mark>bb<mark>a</mark>"),
        ("", "a<b", "a&lt;b"),
        ("&", "a&b", "a<mark>&amp;</mark>b"),
        ("amp", "&", "&amp;"),
        (".", "a.b", "a<mark>.</mark>b"),
        ("ab", "x", "x"),
    ],
)
def test_a_mark_surrounds_what_was_asked_for(wanted: str, text: str, marked: str) -> None:
    assert str(mark(wanted, text)) == marked


def test_nobody_is_shown_a_page_that_refuses_them() -> None:
    for role in Role:
        actor = Actor(name="x", permissions=PERMISSIONS[role])
        assert all(actor.may(place.needs) for place in places(actor, ""))
    assert "/instances/new" not in {place.path for place in places(VERA, "")}


async def test_a_slip_finds_a_page_when_nothing_else_is_found(
    vera_browser: Browser, db: Database
) -> None:
    alone = dom(await vera_browser.get("/palette?q=instancs"))
    async with db.write() as session:
        await make_instance(session, name="instancs-1")
    beside = dom(await vera_browser.get("/palette?q=instancs"))

    assert [link.get("href") for link in alone.cssselect("main .found a")] == ["/instances"]
    assert texts(alone, "main .found .tag") == ["≈ similar"]
    assert texts(beside, "main .found h2") == ["Instances"]
    assert list(similar_places(VERA, "Add user")) == []


async def test_every_page_is_there(ada_browser: Browser) -> None:
    for place in PLACES:
        assert (await ada_browser.get(place.path)).status_code == 200, place.path
