"""The palette, by keys alone."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.timeout(120)


async def test_a_name_is_found_and_opened_by_keys(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/instances")

    await page.keyboard.press("Control+k")
    found = page.locator("#palette_results")
    await expect(found.get_by_role("link", name="Credentials", exact=True)).to_be_visible()
    await page.keyboard.type("many_tab")
    await expect(found.locator("mark").first).to_have_text("many_tab")
    assert await admin.violations() == []
    await page.keyboard.press("ArrowDown")
    await expect(found.locator("a").first).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="many_tables", exact=True)).to_be_visible()


async def test_a_typo_still_leads_there_and_escape_leaves(admin: Visitor) -> None:
    page = admin.page
    await admin.visit("/instances")

    await page.keyboard.press("Control+k")
    await page.keyboard.type("mnay_tables")
    await expect(page.locator("#palette_results a").first).to_contain_text("many_tables")
    await expect(page.locator("#palette_results a").first).to_contain_text("similar")
    await page.keyboard.press("Escape")

    await expect(page.locator("#palette")).to_be_hidden()
    await expect(page.get_by_role("heading", name="Instances").first).to_be_visible()
