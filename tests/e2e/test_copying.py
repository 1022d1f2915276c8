"""Names, addresses and ids are copied by a button that shows itself where the pointer is."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.conftest import Visitor

pytestmark = pytest.mark.timeout(120)
DONE = re.compile("button--primary")


@pytest.fixture
async def page(admin: Visitor) -> AsyncIterator[Page]:
    """An instance's page, in a browser that lets pages write to the clipboard."""
    context = admin.page.context
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await admin.visit("/instances")
    await admin.page.locator("tbody tr > th a").first.click()
    await expect(admin.page.get_by_role("region", name="Registration")).to_be_visible()
    yield admin.page
    await context.clear_permissions()


async def name_on(page: Page) -> tuple[Locator, str]:
    """The button beside the instance's name, and the name."""
    name = await page.get_by_role("heading", level=1).inner_text()
    return page.get_by_role("button", name=f"Copy {name}", exact=True), name


async def test_a_name_is_copied(page: Page) -> None:
    button, name = await name_on(page)
    await expect(button).to_have_css("opacity", "0")

    await page.get_by_role("heading", level=1).hover()
    await expect(button).to_have_css("opacity", "1")
    await button.click()

    await expect(button).to_have_class(DONE)
    assert await page.evaluate("navigator.clipboard.readText()") == name


async def test_the_button_is_seen_when_the_keys_come_to_it(page: Page) -> None:
    button, _ = await name_on(page)

    await button.focus()

    await expect(button).to_have_css("opacity", "1")


async def test_where_there_is_no_clipboard_nothing_is_said_to_be_done(page: Page) -> None:
    button, _ = await name_on(page)
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")

    await button.focus()
    await page.keyboard.press("Enter")

    await expect(button).not_to_have_class(DONE)
