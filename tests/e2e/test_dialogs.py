"""Dialogs, selection and keys, with a browser: what app.js does for those who have it."""

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Visitor, shot, visitor
from tests.test_demo import Demo

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
async def test_dialogs_are_accessible_in_every_state(
    browser: Browser, demo: Demo, theme: str, width: int
) -> None:
    seen, context = await visitor(
        browser, demo, color_scheme=theme, viewport={"width": width, "height": 900}
    )
    page, faults = seen.page, []
    await seen.sign_in()

    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    faults += await seen.violations()
    await seen.visit("/instances")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("sample")
    await expect(page.locator("#palette_results a").first).to_be_visible()
    faults += await seen.violations()
    await seen.visit("/tags")
    await page.locator("[hx-get='/tags/new']").first.click()
    await page.locator("#modal_root form").evaluate("form => form.noValidate = true")
    await page.locator("#modal_root form [type=submit]").click()
    await expect(page.locator("#modal_root [aria-invalid]").first).to_be_focused()
    await page.screenshot(path=shot(f"dialog-{theme}"))
    faults += await seen.violations()
    await page.keyboard.press("Escape")
    await expect(page.locator("#unsaved")).to_be_visible()
    faults += await seen.violations()

    await context.close()
    assert faults == []
    assert seen.complaints == []


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
    await admin.visit("/instances")
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
