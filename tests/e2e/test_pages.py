"""Every page, light and dark, wide and narrow: accessible, quiet, within its window."""

import re

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import Visitor, shot, visitor
from tests.test_demo import Demo

WIDTHS = {"wide": 1440, "narrow": 390}
LINKED = {  # page -> where a link to one of its kind stands
    "instance": ("/instances", r"/instances/\d+$"),
    "database": ("/databases/ledgers?search=many_tables", r"/databases/\d+$"),
    "sync-session": ("/sync-sessions", r"/sync-sessions/\d+$"),
}
PAGES = {
    "ledger": "/databases/ledgers",
    "ledger-filtered": "/databases/ledgers?search=shop&engine=POSTGRESQL",
    "ledger-nothing": "/databases/ledgers?search=no-such-thing",
    "instances": "/instances",
    "instance-new": "/instances/new",
    "sync-sessions": "/sync-sessions",
    "credentials": "/credentials",
    "missing": "/instances/999999",
}

pytestmark = pytest.mark.timeout(300)


async def addresses(seen: Visitor) -> dict[str, str]:
    """All pages, those of single things found by following links as a person would."""
    found = dict(PAGES)
    for name, (list_path, pattern) in LINKED.items():
        await seen.visit(list_path)
        hrefs = await seen.page.locator("main a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        found[name] = next(href for href in hrefs if href and re.search(pattern, href))
    found["tables"] = found["database"] + "/tables"
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_page_is_accessible_and_quiet(
    browser: Browser, demo: Demo, theme: str, width: str
) -> None:
    seen, context = await visitor(
        browser, demo, color_scheme=theme, viewport={"width": WIDTHS[width], "height": 900}
    )
    await seen.visit("/login")
    faults = await seen.violations()
    await seen.page.screenshot(path=shot(f"login-{theme}-{width}"), full_page=True)
    await seen.sign_in()

    for name, path in (await addresses(seen)).items():
        await seen.visit(path)
        await seen.page.screenshot(path=shot(f"{name}-{theme}-{width}"), full_page=True)
        faults += [f"{name}: {fault}" for fault in await seen.violations()]
        if await seen.scrolls_sideways():
            faults.append(f"{name} scrolls sideways")

    await context.close()
    assert faults == []
    assert seen.complaints == []


async def test_the_pages_speak_chinese(browser: Browser, demo: Demo) -> None:
    seen, context = await visitor(browser, demo, locale="zh-CN")

    await seen.sign_in()
    await seen.page.screenshot(path=shot("ledger-chinese"), full_page=True)

    assert await seen.page.locator("html").get_attribute("lang") == "zh-CN"
    assert "数据库" in await seen.page.inner_text("main")
    assert await seen.violations() == []
    await context.close()
