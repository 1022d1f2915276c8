"""The instances in numbers: each leads to its list."""

from tests.factories import make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database


async def test_each_number_leads_to_the_list_that_it_counts(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        await make_instance(session, main_version="18", port=5433)
        await make_instance(session, is_active=False)

    page = dom(await vera_browser.get("/instances/stats"))

    links = page.cssselect(".strip a, .table a")
    assert len(links) >= 12
    for link in links:
        path = link.get("href")
        listed = dom(await vera_browser.get(path, target="instances_table"))
        rows = len(listed.cssselect("tbody tr"))
        assert rows == int(link.text_content()), path


async def test_an_empty_installation_says_so(vera_browser: Browser) -> None:
    page = dom(await vera_browser.get("/instances/stats"))

    assert "No instances yet" in texts(page, ".empty strong")
