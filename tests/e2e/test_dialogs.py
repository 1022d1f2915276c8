"""Dialogs, selection and keys, with a browser: what app.js does for those who have it."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.e2e.conftest import SIZES, Visitor, close, colleague_of, register, shot, two
from tests.test_demo import Demo

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Opened:
    """A dialog: the page and the link that open it, and whether what is sent empty is refused."""

    path: str
    href: str
    is_refused: bool = False


DIALOGS = {
    "add-instance": Opened("/instances", "/instances/new", True),
    "add-credential": Opened("/credentials", "/credentials/new", True),
    "add-tag": Opened("/tags", "/tags/new", True),
    "add-user": Opened("/users", "/users/new", True),
    "add-token": Opened("/me", "/me/api-tokens/new", True),
    "delete-user": Opened("/users?search=never-deleted", "/delete", True),
    "purge": Opened("/instances?deleted=only", "/actions/purge?ids=", True),
    "disable-user": Opened("/users?search=never-deleted", "/disable"),
    "reset-password": Opened("/users?search=never-deleted", "/reset-password"),
    "edit-instance": Opened("/instances?search=sample-postgresql", "/edit"),
    "recycle": Opened("/instances?search=sample-postgresql", "/actions/recycle?ids="),
    "collect-all": Opened("/databases/ledgers", "/databases/ledgers/sync"),
    "tables": Opened("/databases/ledgers?search=shop", "/tables"),
    "keys": Opened("/credentials", "/credentials/keys"),
    "audit": Opened("/audit", "/audit/"),
    "save-view": Opened("/users?role=ADMIN", "/views", True),
}
LOOKS: list[tuple[Literal["light", "dark"], str]] = [("light", "wide"), ("dark", "narrow")]
RECYCLE = """
mutation ($ids: [ID!]!) { recycleInstances(input: {ids: $ids}) { errors { message } } }
"""


async def open_dialog(seen: Visitor, opened: Opened) -> Locator:
    """What opens is the top layer; an empty form that is sent comes back with its first error."""
    await seen.page.set_viewport_size(SIZES["wide"])
    await seen.visit(opened.path)
    links = ("[hx-target='#modal_root'][hx-get", "[hx-target='#modal_root'] [hx-boost=true] [href")
    opener = seen.page.locator(", ".join(f".page {it}*='{opened.href}']" for it in links)).first
    menu = opener.locator("xpath=ancestor::*[@popover]/preceding-sibling::button[1]")
    if await menu.count():
        await menu.click()
    await opener.click()
    dialog = seen.page.locator("#modal_root dialog:modal")
    await expect(dialog).to_be_visible()
    if opened.is_refused:
        await dialog.locator("form").evaluate("form => form.noValidate = true")
        await dialog.locator("form [type=submit]:not([name])").click()
        await expect(dialog.locator("[aria-invalid]").first).to_be_focused()
    return dialog


async def in_two_looks(seen: Visitor, name: str) -> list[str]:
    faults = []
    for theme, width in LOOKS:
        await seen.page.emulate_media(color_scheme=theme)
        await seen.page.set_viewport_size(SIZES[width])
        faults += [f"{name} {theme} {width} {fault}" for fault in await seen.violations()]
        faults += [f"{name} scrolls sideways, {width}"] * await seen.scrolls_sideways()
        await seen.page.screenshot(path=shot(f"dialog-{name}-{theme}-{width}"))
    return faults


async def test_dialogs_are_accessible_also_with_errors(
    browser: Browser, demo: Demo, signed_in: Any
) -> None:
    windows = await two(browser, demo, storage_state=signed_in)
    colleague_of(demo, "never-deleted")
    recycled = demo.ask(RECYCLE, ids=[register(demo, "never-purged")])["recycleInstances"]
    assert recycled["errors"] == []
    left, faults = iter(DIALOGS.items()), list[str]()

    async def open_some(seen: Visitor) -> None:
        for name, opened in left:
            await open_dialog(seen, opened)
            faults.extend(await in_two_looks(seen, name))

    await asyncio.gather(*map(open_some, windows))

    assert not faults, "\n".join(faults)
    await close(windows)


async def test_what_the_frame_opens_is_accessible(admin: Visitor) -> None:
    page, faults = admin.page, []
    await admin.visit("/tags")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    faults += await in_two_looks(admin, "help")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("sample")
    await expect(page.locator("#palette_results mark").first).to_be_visible()
    faults += await in_two_looks(admin, "palette")
    await page.keyboard.press("Escape")
    await admin.visit("/users")
    await page.get_by_role("button", name="More for").first.click()
    await expect(page.locator(".menu:popover-open > *")).to_have_count(2)
    faults += await in_two_looks(admin, "row-menu")
    await open_dialog(admin, DIALOGS["add-tag"])
    await page.keyboard.press("Escape")
    await expect(page.locator("#unsaved")).to_be_visible()
    faults += await in_two_looks(admin, "unsaved")

    assert not faults, "\n".join(faults)


async def test_a_dialog_keeps_what_was_typed_until_it_is_saved_or_discarded(
    admin: Visitor,
) -> None:
    page = admin.page
    await admin.visit("/tags")
    opener = page.locator("[hx-get='/tags/new']").first
    await opener.click()
    name = page.locator("#modal_root [name=name]")
    await expect(name).to_be_focused()

    await name.fill("from-a-dialog")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Keep editing").click()
    await expect(name).to_have_value("from-a-dialog")
    for other in ("display_name", "category"):
        await page.locator(f"#modal_root [name={other}]").fill("written")
    await page.locator("#modal_root form [type=submit]").click()

    await expect(page.locator("#toasts .toast")).to_contain_text("from-a-dialog")
    await expect(page.locator("#modal_root dialog")).to_have_count(0)
    await expect(page.locator("tbody")).to_contain_text("from-a-dialog")
    await opener.click()
    await name.fill("never saved")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Discard").click()
    await expect(opener).to_be_focused()
    assert page.url.endswith("/tags")


async def test_rows_are_walked_and_selected_by_keys(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/instances?search=sample-")
    bar = page.locator("#bulk")
    await expect(bar).to_be_hidden()

    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Shift+X")

    await expect(bar.locator("output")).to_have_text("2 selected")
    await expect(page.locator("[data-all]")).to_be_checked()
    await page.locator("[data-all]").uncheck()
    await expect(bar).to_be_hidden()
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await page.wait_for_url("**/sync-sessions")


async def test_letters_are_no_keys_for_who_switched_them_off(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/instances")
    await page.locator("body").evaluate("body => body.dataset.keys = 'off'")

    await page.keyboard.press("?")
    await page.keyboard.press("Control+k")

    await expect(page.locator("#palette")).to_be_visible()
    await expect(page.locator("#keys")).to_be_hidden()


async def test_twenty_rows_fit_on_a_desk(admin: Visitor) -> None:
    await admin.visit("/databases/ledgers")

    fitting = await admin.page.locator("tbody tr").evaluate_all(
        """rows => {
            const end = rows[0].closest(".scroll").getBoundingClientRect().bottom + 1;
            return rows.filter(row => row.getBoundingClientRect().bottom <= end).length;
        }"""
    )

    assert fitting >= 20


async def test_the_rail_stays_as_narrow_as_it_was_made(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/instances")

    async with page.expect_response("**/preferences"):
        await page.get_by_role("button", name="Collapse the menu").click()
    await page.reload()

    box = await page.locator("#rail").bounding_box()
    assert box is not None
    assert box["width"] == 52
    assert await admin.violations() == []


async def test_the_pointer_reads_a_chart(admin: Visitor) -> None:
    await admin.visit("/databases/ledgers?search=shop")
    await admin.page.get_by_role("link", name="shop", exact=True).first.click()

    await admin.page.locator("svg.chart").first.hover()

    await expect(admin.page.locator(".chart__label").first).to_contain_text("MiB")
