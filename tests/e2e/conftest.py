"""A browser in front of a running demo; what it complains of or asks elsewhere fails the test."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    ViewportSize,
    async_playwright,
)

from tests.e2e.hands import Hand, Keyboard, Mouse
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
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {**RULES, "runOnly": ["color-contrast", "link-in-text-block"]}
PASSWORD = "a-colleague's-password"
NO_MOUSE = """
for (const kind of ["mousedown", "touchstart", "pointerdown"]) {
    addEventListener(kind, () => console.error(`${kind} where only keys are allowed`), true);
}
"""
CREATE_USER = """
mutation ($input: CreateUserInput!) {
  createUser(input: $input) { user { id } errors { message } }
}
"""
REGISTER = """
mutation ($input: CreateInstanceInput!) {
  createInstance(input: $input) { instance { id } errors { message } }
}
"""
REFUSED = (  # of a test's making: the browser says it, and htmx again
    "Failed to load resource: the server responded with a status of 4",
    "Response Status Error Code 4",
    "htmx:afterRequest",  # followed by one of the next, or by an error that is none of these
    "htmx:sendAbort",
)


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


AXE = Axe()
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1440, "height": 900},
    "narrow": {"width": 390, "height": 844},
}
DESK = SIZES["wide"]


@dataclass
class Visitor:
    """A browser window on the demo, and what went wrong in it."""

    page: Page
    demo: Demo
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, username: str = "admin", password: str = "") -> None:
        await self.page.goto(f"{self.demo.address}/login")
        password = password or (self.demo.state / "demo.password").read_text()
        await self.page.locator("[name=username]").fill(username)
        await self.page.locator("[name=password]").fill(password)
        await self.page.locator("main [type=submit]").click()
        await self.page.wait_for_url("**/databases/ledgers**")

    async def visit(self, path: str) -> None:
        await self.page.goto(self.demo.address + path)

    async def violations(self, rules: Mapping[str, object] = RULES) -> list[str]:
        """What axe finds wrong with the page as it stands."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.axe_script)
        found = await self.page.evaluate("rules => axe.run(rules).then(r => r.violations)", rules)
        return [_told(violation) for violation in found]

    async def scrolls_sideways(self) -> bool:
        root = "document.documentElement"
        return bool(await self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


async def visitor(browser: Browser, demo: Demo, **options: Any) -> tuple[Visitor, BrowserContext]:
    """A window that notes console errors, and who asks for another address than the demo's."""
    usual = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "UTC"}
    context = await browser.new_context(**{**usual, **options})
    seen = Visitor(await context.new_page(), demo)

    def only_the_demo(request: Request) -> None:
        if not request.url.startswith((demo.address, "data:")):
            seen.complaints.append(f"asked elsewhere: {request.url}")

    context.on("request", only_the_demo)
    seen.page.on("console", lambda message: _note(seen, message.type, message.text))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    return seen, context


def _note(seen: Visitor, kind: str, text: str) -> None:
    if kind in {"error", "warning"} and not text.startswith(REFUSED):
        seen.complaints.append(text)


def _told(violation: dict[str, Any]) -> str:
    where = [node["target"] for node in violation["nodes"][:5]]
    return f"{violation['id']}: {violation['help']} at {where}"


@pytest.fixture(scope="session")
async def signed_in(browser: Browser, demo: Demo) -> Any:
    """What a browser keeps of the administrator's one sign-in, for windows that begin with it."""
    seen, context = await visitor(browser, demo)
    await seen.sign_in()
    kept = await context.storage_state()
    await context.close()
    return kept


@pytest.fixture(scope="session")
async def desk(browser: Browser, demo: Demo) -> Visitor:
    """One window for all who sit at a desk: to open one costs more than most tests."""
    return (await visitor(browser, demo, viewport=DESK))[0]


@pytest.fixture(scope="session")
async def desk_without_mouse(browser: Browser, demo: Demo) -> Visitor:
    """Another, where to press something with a pointer is an error."""
    seen = (await visitor(browser, demo, viewport=DESK))[0]
    await seen.page.add_init_script(NO_MOUSE)
    return seen


@asynccontextmanager
async def seated(seen: Visitor, signed_in: Any) -> AsyncIterator[Visitor]:
    """The window as new, with the administrator signed in."""
    await seen.page.goto("about:blank")
    await seen.page.emulate_media(color_scheme="light")
    await seen.page.set_viewport_size(DESK)
    await seen.page.context.clear_cookies()
    await seen.page.context.add_cookies(signed_in["cookies"])
    seen.complaints.clear()
    yield seen
    assert seen.complaints == []


@pytest.fixture
async def admin(desk: Visitor, signed_in: Any) -> AsyncIterator[Visitor]:
    """The demo's administrator at a desk."""
    async with seated(desk, signed_in) as seen:
        yield seen


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
async def hand(
    request: pytest.FixtureRequest, desk: Visitor, desk_without_mouse: Visitor, signed_in: Any
) -> AsyncIterator[Hand]:
    """The administrator, once with a mouse and once with keys alone, where most tasks begin."""
    window = desk if request.param is Mouse else desk_without_mouse
    async with seated(window, signed_in) as seen:
        await seen.visit("/databases/ledgers")
        yield request.param(seen.page)


def colleague_of(demo: Demo, username: str, role: str = "VIEWER") -> None:
    """Add a user whose password is PASSWORD."""
    given = {"username": username, "password": PASSWORD, "role": role, "mustChangePassword": False}
    answer = demo.ask(CREATE_USER, input=given)["createUser"]
    assert answer["errors"] == []


@asynccontextmanager
async def colleague(
    browser: Browser, demo: Demo, username: str, role: str = "VIEWER"
) -> AsyncIterator[Visitor]:
    """Another person, added for this, in a window of their own."""
    colleague_of(demo, username, role)
    seen, context = await visitor(browser, demo, viewport=DESK)
    await seen.sign_in(username, PASSWORD)
    yield seen
    await context.close()
    assert seen.complaints == []


def register(demo: Demo, name: str) -> str:
    """A paused instance of which nothing is ever read."""
    given = {"name": name, "engine": "MYSQL", "host": f"{name}.invalid", "isActive": False}
    answer = demo.ask(REGISTER, input=given)["createInstance"]
    assert answer["errors"] == []
    return str(answer["instance"]["id"])


async def two(browser: Browser, demo: Demo, **options: Any) -> list[Visitor]:
    """Windows that share the work, as two cores do."""
    return [(await visitor(browser, demo, **options))[0] for _ in range(2)]


async def close(windows: list[Visitor]) -> None:
    for seen in windows:
        await seen.page.context.close()
    assert [complaint for seen in windows for complaint in seen.complaints] == []


def shot(name: str) -> Path:
    """Where a picture of a page is kept for people to look at."""
    folder = Path(__file__).parent.parent.parent / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder / f"{name}.png"
