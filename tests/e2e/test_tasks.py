"""What a DBA does on the skeleton's pages, with a browser."""

import re

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.conftest import Visitor, visitor
from tests.test_demo import Demo

pytestmark = pytest.mark.timeout(120)


async def open_database(seen: Visitor, name: str) -> None:
    await seen.visit(f"/databases/ledgers?search={name}")
    await seen.page.get_by_role("link", name=name, exact=True).first.click()


async def test_refreshing_a_database_shows_its_tables(admin: Visitor) -> None:
    await open_database(admin, "shop")

    await admin.page.get_by_role("button", name=re.compile("Refresh")).click()

    await expect(admin.page.get_by_role("button", name=re.compile("Refresh"))).to_be_enabled(
        timeout=30_000
    )
    await expect(admin.page.get_by_role("table").last).to_contain_text("orders")


async def test_a_refused_refresh_keeps_the_page_and_says_why(admin: Visitor) -> None:
    await open_database(admin, "payroll")

    await admin.page.get_by_role("button", name=re.compile("Refresh")).click()

    await expect(admin.page.get_by_text("The last refresh failed").first).to_be_visible(
        timeout=30_000
    )


async def test_searching_the_ledger_narrows_it_and_the_address_remembers(
    admin: Visitor,
) -> None:
    await admin.visit("/databases/ledgers")

    await admin.page.get_by_label("Search").fill("many_tables")

    await expect(admin.page.get_by_role("link", name="many_tables")).to_be_visible()
    await expect(admin.page.get_by_role("link", name="shop", exact=True)).to_have_count(0)
    await expect(admin.page).to_have_url(re.compile("search=many_tables"))


async def test_everything_works_without_javascript(browser: Browser, demo: Demo) -> None:
    seen, context = await visitor(browser, demo, java_script_enabled=False)
    await seen.sign_in()

    await seen.visit("/databases/ledgers")
    await seen.page.get_by_label("Search").fill("many_tables")
    await seen.page.get_by_label("Search").press("Enter")
    await seen.page.wait_for_url("**search=many_tables**")
    await seen.page.get_by_role("link", name="many_tables", exact=True).click()
    await seen.page.get_by_role("button", name=re.compile("Refresh")).click()

    await expect(seen.page.get_by_role("navigation", name="Breadcrumb")).to_contain_text(
        "many_tables"
    )
    await context.close()
    assert seen.complaints == []


async def test_signing_out_ends_the_session(admin: Visitor) -> None:
    await admin.page.get_by_role("button", name="Sign out").click()
    await admin.visit("/instances")

    await expect(admin.page).to_have_url(re.compile(r"/login\?next="))


async def test_a_wrong_password_is_refused_in_words(browser: Browser, demo: Demo) -> None:
    seen, context = await visitor(browser, demo)
    await seen.visit("/login")
    await seen.page.get_by_label("User name").fill("admin")
    await seen.page.get_by_label("Password").fill("wrong-password")

    await seen.page.get_by_role("button", name="Sign in").click()

    await expect(seen.page.get_by_role("alert")).to_be_visible()
    await context.close()


async def test_hostile_names_do_nothing(admin: Visitor) -> None:
    await admin.visit("/databases/ledgers")

    await expect(admin.page.get_by_text("<script>").first).to_be_visible()
