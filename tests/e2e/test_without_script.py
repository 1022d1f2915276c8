"""The most important forms where no script runs: links, GET and POST are enough."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import DESK, PASSWORD, Visitor, colleague_of, register, visitor
from tests.test_demo import Demo

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
async def plain(browser: Browser, demo: Demo, signed_in: Any) -> AsyncIterator[Visitor]:
    """The administrator in a browser without JavaScript."""
    seen, context = await visitor(
        browser, demo, storage_state=signed_in, java_script_enabled=False, viewport=DESK
    )
    yield seen
    await context.close()
    assert seen.complaints == []


async def test_signing_in_leads_where_one_wanted(browser: Browser, demo: Demo) -> None:
    seen, context = await visitor(browser, demo, java_script_enabled=False)
    await seen.visit("/tags")
    page = seen.page
    await expect(page).to_have_url(re.compile(r"/login\?next="))
    await page.get_by_label("User name").fill("admin")
    await page.get_by_label("Password").fill("wrong-password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_label("User name")).to_have_value("admin")

    await page.get_by_label("Password").fill((demo.state / "demo.password").read_text())
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Tags")
    await context.close()
    assert seen.complaints == []


async def test_a_list_is_narrowed_and_a_refresh_is_followed(plain: Visitor) -> None:
    page = plain.page
    await plain.visit("/databases/ledgers")
    await search(page, "many_tables")
    await page.wait_for_url("**search=many_tables**")
    await page.get_by_role("link", name="many_tables", exact=True).click()

    await page.get_by_role("button", name="Refresh").click()

    await expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("many_tables")
    await expect(page.get_by_role("region", name="Tables by size")).to_be_visible()


async def test_an_instance_is_added_after_its_errors_are_mended(plain: Visitor) -> None:
    page = plain.page
    await plain.visit("/instances")
    await page.get_by_role("link", name="Add instance").click()
    await page.get_by_label("Name", exact=True).fill("plain-instance")
    await page.get_by_label("Host", exact=True).fill("http://plain.invalid/")
    await page.get_by_label("Port").fill("99999")
    await page.get_by_role("button", name="Add instance").click()
    await expect(page.locator("main [aria-invalid]")).to_have_count(2)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("plain-instance")

    await page.get_by_label("Host", exact=True).fill("plain.invalid")
    await page.get_by_label("Port").fill("3306")
    await page.get_by_label("Collect this instance").uncheck()
    await page.get_by_role("button", name="Add instance").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("plain-instance")


async def test_an_instance_is_edited_recycled_and_restored(plain: Visitor, demo: Demo) -> None:
    page = plain.page
    register(demo, "plain-recycled")
    await plain.visit("/instances?search=plain-recycled")
    await page.get_by_role("button", name="More for plain-recycled").click()
    await page.get_by_role("link", name="Edit").click()
    await page.get_by_label("Description").fill("written without script")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("main")).to_contain_text("written without script")

    await page.get_by_role("link", name="Recycle").click()
    await page.get_by_role("button", name="Recycle").click()
    await plain.visit("/instances?deleted=only&search=plain-recycled")
    await page.get_by_role("button", name="Restore plain-recycled").click()

    await plain.visit("/instances?search=plain-recycled")
    await expect(page.get_by_role("rowheader", name="plain-recycled")).to_be_visible()


async def test_chosen_instances_are_paused_together(plain: Visitor, demo: Demo) -> None:
    page = plain.page
    for name in ("plain-pair-1", "plain-pair-2"):
        register(demo, name)
    await plain.visit("/instances?search=plain-pair")
    for name in ("plain-pair-1", "plain-pair-2"):
        await page.get_by_label(f"Select {name}").check()

    await page.get_by_role("button", name="Resume", exact=True).click()

    await plain.visit("/instances?search=plain-pair&status=ACTIVE")
    await expect(page.locator("tbody tr")).to_have_count(2)


async def test_rows_of_a_file_are_checked_then_added(plain: Visitor) -> None:
    page = plain.page
    await plain.visit("/instances/import")
    area = page.get_by_label("Or its text")
    await area.fill("name,db_type,host\nplain-1,mysql,one.invalid\nplain-2,nosql,two.invalid")
    await page.get_by_role("button", name="Check the rows").click()
    await expect(page.get_by_role("region", name="What would be added")).to_contain_text("1 good")

    await area.fill((await area.input_value()).replace("nosql", "mysql"))
    await page.get_by_role("button", name="Check again").click()
    await page.get_by_role("button", name="Add 2 instances").click()

    await expect(page.get_by_text("2 instances added")).to_be_visible()


async def test_a_user_is_added_and_disabled(plain: Visitor, demo: Demo) -> None:
    page = plain.page
    await plain.visit("/users")
    await page.get_by_role("link", name="Add user").click()
    await page.get_by_label("User name").fill("no spaces allowed")
    await page.get_by_role("button", name="Add user").click()
    await expect(page.locator("main [aria-invalid]")).to_have_value("no spaces allowed")
    await page.get_by_label("User name").fill("plain-user")
    await page.get_by_role("button", name="Add user").click()
    await expect(page.locator("#made_password")).not_to_be_empty()
    await page.get_by_role("link", name="I have it").click()

    await page.get_by_role("link", name="Disable plain-user").click()
    await page.get_by_role("button", name="Disable").click()

    await expect(page.get_by_role("row", name="plain-user")).to_contain_text("Disabled")


async def test_preferences_hold(browser: Browser, demo: Demo) -> None:
    colleague_of(demo, "plain-dark")
    seen, context = await visitor(browser, demo, java_script_enabled=False)
    page = seen.page
    await seen.sign_in("plain-dark", PASSWORD)
    await seen.visit("/me")
    await page.get_by_role("combobox", name="Appearance").select_option("dark")
    await page.get_by_label("Row height").select_option("compact")
    await page.get_by_role("button", name="Save").click()

    await seen.visit("/instances")

    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("html")).to_have_attribute("data-density", "compact")
    await context.close()
    assert seen.complaints == []


async def search(page: Page, text: str) -> None:
    field = page.get_by_role("main").get_by_role("searchbox")
    await field.fill(text)
    await field.press("Enter")
