"""A browser in front of a running demo; what it complains of or asks elsewhere fails the test."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from tests.test_demo import Demo, start
from whalefall.embedded.launch import usable_port

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
REFUSED = "Failed to load resource: the server responded with a status of 4"  # of a test's making


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    state = tmp_path_factory.mktemp("browsed")
    running = start(state, usable_port(state / "no port yet"))
    try:
        yield running
    finally:
        running.interrupt()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visitor:
    """A browser window on the demo, and what went wrong in it."""

    page: Page
    demo: Demo
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self) -> None:
        await self.page.goto(f"{self.demo.address}/login")
        password = (self.demo.state / "demo.password").read_text()
        await self.page.locator("[name=username]").fill("admin")
        await self.page.locator("[name=password]").fill(password)
        await self.page.locator("main [type=submit]").click()
        await self.page.wait_for_url("**/databases/ledgers**")

    async def visit(self, path: str) -> None:
        await self.page.goto(self.demo.address + path)

    async def violations(self) -> list[str]:
        """What axe finds wrong with the page as it stands."""
        result = await Axe().run(self.page, options={"runOnly": RULES})
        return [] if not result.violations_count else [result.generate_report()]

    async def scrolls_sideways(self) -> bool:
        root = "document.documentElement"
        return bool(await self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


async def visitor(browser: Browser, demo: Demo, **options: Any) -> tuple[Visitor, BrowserContext]:
    """A window that notes console errors and refuses every address but the demo's."""
    usual = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}
    context = await browser.new_context(**{**usual, **options})
    seen = Visitor(await context.new_page(), demo)

    async def only_the_demo(route: Route) -> None:
        url = route.request.url
        if url.startswith((demo.address, "data:")):
            await route.continue_()
            return
        seen.complaints.append(f"asked elsewhere: {url}")
        await route.abort()

    await context.route("**/*", only_the_demo)
    seen.page.on("console", lambda message: _note(seen, message.type, message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen, context


def _note(seen: Visitor, kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not text.startswith(REFUSED):
        seen.complaints.append(text)


@pytest.fixture
async def admin(browser: Browser, demo: Demo) -> AsyncIterator[Visitor]:
    """The demo's administrator at a desk."""
    seen, context = await visitor(browser, demo, viewport={"width": 1440, "height": 900})
    await seen.sign_in()
    yield seen
    await context.close()
    assert seen.complaints == []


def shot(name: str) -> Path:
    """Where a picture of a page is kept for people to look at."""
    folder = Path(__file__).parent.parent.parent / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.png"
