"""Views of lists: under names of one's own, and nobody else's."""

import pytest

from tests.factories import make_database, make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.web.columns import COLUMNS

FILTERED = "/instances?engine=ORACLE&order=-size"


async def names(browser: Browser, of: str = "/instances") -> list[str]:
    page = dom(await browser.get(f"/views?of={of}"))
    return [f"{link.text}: {link.get('href')}" for link in page.cssselect("main .rows a")]


async def test_a_list_is_saved_and_found_again(vera_browser: Browser) -> None:
    here = dom(await vera_browser.get(f"{FILTERED}&at=51"))
    (link,) = [one for one in here.cssselect("a") if "Save view" in one.text_content()]
    form = dom(await vera_browser.get(link.get("href")))
    of = form.cssselect("main [name=of]")[0].get("value")

    saved = await vera_browser.post("/views", {"of": of, "name": " Oracle, large "})

    assert (saved.status_code, saved.headers["location"]) == (303, of)
    assert await names(vera_browser) == [f"Oracle, large: {FILTERED}"]
    whole = dom(await vera_browser.get("/instances"))
    assert texts(whole, ".panel__head > a.button--quiet") == ["Views and columns"]


async def test_saving_under_a_known_name_changes_it(vera_browser: Browser) -> None:
    for address in (FILTERED, "/instances?status=active"):
        await vera_browser.post("/views", {"of": address, "name": "mine"})

    assert await names(vera_browser) == ["mine: /instances?status=active"]


async def test_views_are_one_s_own(vera_browser: Browser, otto_browser: Browser) -> None:
    await vera_browser.post("/views", {"of": FILTERED, "name": "mine"})
    page = dom(await vera_browser.get("/views?of=/instances"))
    delete = page.cssselect("main .rows form")[0].get("action")

    assert await names(otto_browser) == []
    assert (await otto_browser.post(delete)).status_code == 404
    assert (await vera_browser.post(delete)).status_code == 303
    assert await names(vera_browser) == []


@pytest.mark.parametrize("of", ["https://evil.example/instances?a=b", "//evil.example", "/me", ""])
async def test_only_lists_have_views(vera_browser: Browser, of: str) -> None:
    assert (await vera_browser.post("/views", {"of": of, "name": "a"})).status_code == 400
    assert (await vera_browser.get(f"/views?of={of}")).status_code == 400


@pytest.mark.parametrize(
    ("of", "name", "said"),
    [
        (FILTERED, " ", "Enter 1 to 60 characters."),
        ("/instances?after=abc", "a", "Filter or sort the list first"),
        (f"/instances?search={'x' * 2_000}", "a", "The filters are too long to be saved."),
    ],
)
async def test_what_cannot_be_saved_is_said(
    vera_browser: Browser, of: str, name: str, said: str
) -> None:
    answer = await vera_browser.post("/views", {"of": of, "name": name})

    assert answer.status_code == 422
    assert said in answer.text


async def test_a_list_has_so_many_views_and_no_more(
    db: Database, vera_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whalefall.resolvers.users.saved_views.MOST_VIEWS", 1)
    await vera_browser.post("/views", {"of": FILTERED, "name": "first"})

    second = await vera_browser.post("/views", {"of": FILTERED, "name": "second"})
    again = await vera_browser.post("/views", {"of": FILTERED, "name": "first"})

    assert second.status_code == 422
    assert "A list has at most 1 views" in second.text
    assert again.status_code == 303


@pytest.mark.parametrize(
    ("path", "heads"),
    [
        ("/instances", ["Instance", "Connection", "Size", "Version"]),
        ("/databases/ledgers", ["Database", "Instance", "Size", "Growth", "Actions"]),
    ],
)
async def test_columns_are_left_out_and_stay_out(
    db: Database, vera_browser: Browser, path: str, heads: list[str]
) -> None:
    async with db.write() as session:
        await make_database(session, await make_instance(session, name="orders"))
    form = dom(await vera_browser.get(f"/views?of={path}%3Forder=-size"))
    boxes = form.cssselect("main [name=columns][checked]")
    kept = [box.get("value") for box in boxes if box.get("value") in ("version", "growth")]

    page = dom(await vera_browser.get(f"{path}?order=-size&columns={kept[0]}"))

    assert len(boxes) == len(COLUMNS[path])
    assert [head.text_content() for head in page.cssselect("thead th")] == heads
    assert {len(row) for row in page.cssselect("table tr")} == {len(heads)}
    sort = page.cssselect("thead a")[0].get("href")
    assert f"columns={kept[0]}" in sort
