"""The table sizes of a database in their dialog, over the ledger."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.timeout(120)


async def test_tables_are_refreshed_in_a_dialog_over_the_ledger(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/databases/ledgers?search=shop")
    await page.get_by_role("link", name="Table sizes of shop", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Search").fill("order")

    await dialog.get_by_role("button", name="Refresh").click()

    await expect(dialog.locator(".toast")).to_contain_text("The tables were read", timeout=30_000)
    await expect(dialog.get_by_role("heading").first).to_contain_text("refreshed just now")
    await expect(dialog.get_by_role("button", name="Refresh")).to_be_enabled()
    await expect(page.locator("#tables_progress")).to_have_count(0)
    await expect(dialog.get_by_label("Search")).to_have_value("order")
    assert await admin.violations() == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert not await admin.scrolls_sideways()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page).to_have_url(re.compile(r"/databases/ledgers\?search=shop$"))
