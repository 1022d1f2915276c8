"""Every page, light and dark, wide and narrow: accessible, quiet, within its window.

Two windows share the pages; each page is loaded once, and its looks are changed around it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.e2e.conftest import COLOURS, RULES, SIZES, Visitor, close, colleague, shot, two, visitor
from tests.test_demo import Demo

LINKED = {  # page -> where a link to one of its kind stands
    "instance": ("/instances?search=sample-postgresql", r"/instances/\d+$"),
    "database": ("/databases/ledgers?search=many_tables", r"/databases/\d+$"),
    "database-old": ("/databases/ledgers?search=shop", r"/databases/\d+$"),
    "sync-session": ("/sync-sessions", r"/sync-sessions/\d+$"),
    "credential": ("/credentials", r"/credentials/\d+$"),
    "user-edit": ("/users", r"/users/\d+/edit$"),
    "tag-edit": ("/tags", r"/tags/\d+/edit$"),
    "audit-entry": ("/audit", r"/audit/\d+$"),
    "job-edit": ("/jobs", r"/jobs/\d+/edit$"),
}
PAGES = {
    "ledger": "/databases/ledgers",
    "ledger-filtered": "/databases/ledgers?search=shop&engine=POSTGRESQL&order=-growth",
    "ledger-nothing": "/databases/ledgers?search=no-such-thing",
    "ledger-statistics": "/databases/stats",
    "ledger-sync": "/databases/ledgers/sync",
    "instances": "/instances",
    "instances-bin": "/instances?deleted=only",
    "instance-new": "/instances/new",
    "instance-import": "/instances/import",
    "instance-stats": "/instances/stats",
    "sync-sessions": "/sync-sessions",
    "jobs": "/jobs",
    "capacity": "/capacity",
    "capacity-bars": "/capacity?level=instances&period=monthly&look=bar",
    "partitions": "/partitions",
    "credentials": "/credentials",
    "credential-new": "/credentials/new",
    "credential-keys": "/credentials/keys",
    "tags": "/tags",
    "tag-new": "/tags/new",
    "tags-assign": "/tags/assign",
    "users": "/users",
    "user-new": "/users/new",
    "audit": "/audit",
    "me": "/me",
    "token-new": "/me/api-tokens/new",
    "palette": "/palette?q=sample",
    "views": "/views?of=/instances%3Fengine%3DMYSQL",
    "missing": "/instances/999999",
}
BELOW = {  # page -> the page that it hangs on, and where
    "instance-sessions": ("instance", "?tab=sessions"),
    "instance-changes": ("instance", "?tab=changes"),
    "instance-edit": ("instance", "/edit"),
    "instance-privileges": ("instance", "/privileges"),
    "instance-recycle": ("instance", "/../actions/recycle?ids="),
    "tables": ("database", "/tables"),
    "database-limit": ("database", "/limit"),
    "tables-found": ("database", "/tables?search=entity_001"),
}
LONGER = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, text = node.data.trim();
    if (!text || node.parentElement.closest("script, style, template, code, .mono")) continue;
    const more = text.slice(0, Math.ceil(text.length * 0.4));
    node.data = node.data.replace(text, () => `${text} ${more}`);
  }
}"""

pytestmark = pytest.mark.timeout(300)
Look = Callable[[Visitor, str], Awaitable[list[str]]]


async def addresses(seen: Visitor) -> dict[str, str]:
    """All pages, those of single things found by following links as a person would."""
    found = dict(PAGES)
    for name, (list_path, pattern) in LINKED.items():
        await seen.visit(list_path)
        hrefs = await seen.page.locator("main a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        )
        found[name] = next(href for href in hrefs if href and re.search(pattern, href))
    for name, (parent, rest) in BELOW.items():
        found[name] = found[parent] + rest
    number = found["instance"].rsplit("/", 1)[-1]
    found["instance-recycle"] = f"/instances/actions/recycle?ids={number}"
    return found


async def look_at(pages: Mapping[str, str], windows: list[Visitor], look: Look) -> list[str]:
    """What is wrong with the pages, which the windows share among them."""
    left, faults = iter(pages.items()), list[str]()

    async def visit_some(seen: Visitor) -> None:
        for name, path in left:
            await seen.visit(path)
            faults.extend(f"{name}: {fault}" for fault in await look(seen, name))

    await asyncio.gather(*map(visit_some, windows))
    return faults


async def in_every_look(seen: Visitor, name: str) -> list[str]:
    """Light and dark, wide and narrow; then with compact rows, and with words 40 % longer."""
    page, faults = seen.page, []
    for width, size in SIZES.items():
        await page.set_viewport_size(size)
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme)
            # By night the page is the same but for its colours.
            rules = RULES if theme == "light" else COLOURS
            faults += [f"{theme} {width} {fault}" for fault in await seen.violations(rules)]
            await page.screenshot(path=shot(f"{name}-{theme}-{width}"), full_page=True)
        faults += await sideways(seen, width)
    await page.evaluate("document.documentElement.dataset.density = 'compact'")
    faults += await sideways(seen, "compact narrow")
    await page.evaluate(LONGER)
    faults += await sideways(seen, "longer narrow")
    await page.set_viewport_size(SIZES["wide"])
    faults += await sideways(seen, "longer wide")
    await page.screenshot(path=shot(f"{name}-longer"), full_page=True)
    return faults


async def in_both_widths(seen: Visitor, name: str) -> list[str]:
    faults = []
    for width, size in SIZES.items():
        await seen.page.set_viewport_size(size)
        faults += await sideways(seen, width)
        await seen.page.screenshot(path=shot(f"{name}-chinese-{width}"), full_page=True)
    return faults


async def sideways(seen: Visitor, how: str) -> list[str]:
    return [f"scrolls sideways, {how}"] if await seen.scrolls_sideways() else []


async def test_every_page_is_accessible_and_quiet(
    browser: Browser, demo: Demo, signed_in: Any
) -> None:
    windows = await two(browser, demo, storage_state=signed_in)

    faults = await look_at(await addresses(windows[0]), windows, in_every_look)

    assert not faults, "\n".join(faults)
    await close(windows)


async def test_pages_for_few_are_accessible_and_quiet(browser: Browser, demo: Demo) -> None:
    seen, context = await visitor(browser, demo)
    await seen.visit("/login")
    faults = await in_every_look(seen, "login")
    async with colleague(browser, demo, "pages-viewer") as viewer:
        seen.page.on("close", lambda _: None)
        pages = {"viewer-instances": "/instances", "viewer-users": "/users", "viewer-me": "/me"}
        faults += await look_at(pages, [viewer], in_every_look)

    assert not faults, "\n".join(faults)
    await context.close()
    assert seen.complaints == []


async def test_compact_rows_are_accessible(browser: Browser, demo: Demo, signed_in: Any) -> None:
    [seen, other] = await two(browser, demo, storage_state=signed_in)
    cookie = {"name": "density", "value": "compact", "url": demo.address}
    await seen.page.context.add_cookies([cookie])  # type: ignore[list-item]

    await seen.visit("/instances")

    assert await seen.page.locator("html").get_attribute("data-density") == "compact"
    assert await seen.violations() == []
    await seen.page.screenshot(path=shot("instances-compact"))
    await close([seen, other])


async def test_the_pages_speak_chinese(browser: Browser, demo: Demo, signed_in: Any) -> None:
    windows = await two(browser, demo, storage_state=signed_in, locale="zh-CN")
    pages = await addresses(windows[0])
    assert await windows[0].page.locator("html").get_attribute("lang") == "zh-CN"
    assert "审计" in await windows[0].page.inner_text("body")
    assert await windows[0].violations() == []

    faults = await look_at(pages, windows, in_both_widths)

    assert not faults, "\n".join(faults)
    await close(windows)
