"""A day of a DBA: each task once with a mouse and once by keys alone."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.conftest import colleague, register
from tests.e2e.hands import Hand, Mouse
from tests.test_demo import Demo

pytestmark = pytest.mark.timeout(120)
WAIT = 30_000  # a collection that waits behind others
UPDATE = """
mutation ($input: UpdateInstanceInput!) {
  updateInstance(input: $input) { errors { message } }
}
"""


def spelt(hand: Hand, name: str) -> str:
    """A name of this variant's own."""
    return f"{name}-{type(hand).__name__.lower()}"


def ten_rows(prefix: str) -> str:
    """A file of ten instances, the last with a port that does not exist."""
    rows = [f"{prefix}-{n:02},postgresql,crm-{n}.invalid,{5432 + n}" for n in range(1, 10)]
    return "\n".join(["name,db_type,host,port", *rows, f"{prefix}-10,mysql,crm-10.invalid,330600"])


def first_cells(page: Page) -> Locator:
    return page.locator("tbody tr > th")


async def test_ten_instances_are_added_from_a_file(hand: Hand) -> None:
    page, prefix = hand.page, spelt(hand, "crm")
    await hand.go("Instances")
    await hand.press(page.get_by_role("link", name="Import", exact=True))
    area = page.get_by_label("Or its text")

    await hand.bring(page.get_by_label("File"), area, ten_rows(prefix))
    await hand.press(page.get_by_role("button", name="Check the rows"))
    preview = page.get_by_role("region", name="What would be added")
    await expect(preview).to_contain_text("9 good")
    await expect(preview.get_by_role("row", name=f"{prefix}-10")).to_contain_text("port")

    await hand.write(area, (await area.input_value()).replace("330600", "3306"))
    await hand.press(page.get_by_role("button", name="Check again"))
    await expect(preview).to_contain_text("10 good")
    await hand.press(page.get_by_role("button", name="Add 10 instances"))

    await expect(page.get_by_text("10 instances added")).to_be_visible()
    await hand.press(page.get_by_role("link", name="Show the instances"))
    await page.wait_for_url("**/instances?order=-created_at")
    await hand.find(prefix)
    await expect(page.get_by_role("heading", name="10 instances")).to_be_visible()
    await expect(first_cells(page)).to_have_count(10)


async def test_the_database_that_grows_most_is_found(hand: Hand) -> None:
    page = hand.page
    await hand.go("Databases")
    head = page.get_by_role("columnheader", name="Growth")

    await hand.press(head.get_by_role("link"))

    await expect(head).to_have_attribute("aria-sort", "descending")
    await expect(page).to_have_url(re.compile("order=-growth"))
    grown = await page.locator("tbody tr td:nth-of-type(5) .bytes").evaluate_all(
        "cells => cells.map(cell => Number(cell.title.match(/([\\d,]+) B/)[1].replaceAll(',', '')))"
    )
    assert len(grown) > 5
    assert grown == sorted(grown, reverse=True)
    biggest = first_cells(page).first.get_by_role("link")
    name = await biggest.inner_text()
    await hand.open(biggest)
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    await expect(page.get_by_role("region", name="Growth and parts")).to_contain_text("+")


async def test_tables_are_refreshed_and_say_when(hand: Hand) -> None:
    page = hand.page
    await hand.go("Databases")
    await hand.find("telemetry")
    await expect(page.get_by_role("heading", name="1 database", exact=True)).to_be_visible()
    await hand.open(page.get_by_role("link", name="telemetry", exact=True))
    panel = page.get_by_role("region", name="Tables by size")
    read_at = panel.locator("header time")
    before = await read_at.get_attribute("datetime")

    await hand.press(panel.get_by_role("button", name="Refresh"), "r")

    await expect(panel.locator(".panel__actions").get_by_role("progressbar")).to_be_visible()
    await expect(panel.get_by_role("button", name="Refresh")).to_have_count(0)
    await expect(panel.get_by_role("button", name="Refresh")).to_be_enabled(timeout=WAIT)
    await expect(read_at).to_have_text("just now")
    assert await read_at.get_attribute("datetime") != before
    await expect(page.locator("#toasts")).to_contain_text("The tables were read")


async def test_a_colleague_sees_the_same_rows_by_the_link(
    hand: Hand, browser: Browser, demo: Demo
) -> None:
    page = hand.page
    await hand.go("Databases")
    await hand.find("e")
    await hand.choose(page.get_by_label("Engine"), "PostgreSQL")
    await expect(page).to_have_url(re.compile(r"search=e\b.*engine=POSTGRESQL"))
    await hand.press(page.get_by_role("columnheader", name="Size").get_by_role("link"))
    await expect(page).to_have_url(re.compile("order="))
    rows = page.locator("tbody tr")
    mine = await rows.locator("th, td:nth-of-type(2)").all_inner_texts()
    assert len(mine) > 4

    async with colleague(browser, demo, spelt(hand, "colleague")) as other:
        await other.page.goto(page.url)

        theirs = other.page.locator("tbody tr").locator("th, td:nth-of-type(2)")
        assert await theirs.all_inner_texts() == mine
        await expect(other.page.get_by_label("Engine")).to_have_value("POSTGRESQL")
        await expect(other.page.get_by_role("main").get_by_role("searchbox")).to_have_value("e")


async def test_a_disabled_user_is_out_at_the_next_click(
    hand: Hand, browser: Browser, demo: Demo
) -> None:
    page, name = hand.page, spelt(hand, "leaver")
    async with colleague(browser, demo, name, "OPERATOR") as leaver:
        await hand.go("Users")
        await hand.find(name)
        await expect(page.get_by_role("heading", name="1 user", exact=True)).to_be_visible()
        disable = page.get_by_role("link", name=f"Disable {name}")
        await hand.press(disable)
        dialog = page.get_by_role("dialog", name=f"Disable {name}?")
        await expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
        await expect(dialog).to_contain_text("1 ends at once")
        await hand.press(dialog.get_by_role("button", name="Disable"))

        await expect(page.get_by_role("row", name=name)).to_contain_text("Disabled")
        await expect(dialog).to_have_count(0)
        main = leaver.page.get_by_role("main")
        if isinstance(hand, Mouse):
            await leaver.page.get_by_role("link", name="Instances", exact=True).click()
        else:  # where only a part of the page would have changed
            await main.get_by_role("columnheader", name="Growth").get_by_role("link").click()
        await expect(leaver.page).to_have_url(re.compile(r"/login\?next="))


async def test_what_was_recycled_comes_back(hand: Hand, demo: Demo) -> None:
    page, name = hand.page, spelt(hand, "recycled")
    register(demo, name)
    await hand.go("Instances")
    await hand.find(name)
    await expect(first_cells(page)).to_have_count(1)

    await hand.press(page.get_by_role("button", name=f"More for {name}"))
    await hand.press(page.get_by_role("link", name="Recycle", exact=True))
    dialog = page.get_by_role("dialog", name=f"Recycle {name}?")
    await expect(dialog.get_by_role("link", name="Cancel")).to_be_focused()
    await hand.press(dialog.get_by_role("button", name="Recycle"))
    await expect(page.get_by_text("No instance fits these filters")).to_be_visible()
    await hand.press(page.get_by_role("button", name="Undo"))

    await expect(first_cells(page)).to_contain_text([name])
    await expect(page.locator("#toasts")).to_contain_text(f"{name} is back")


async def test_the_palette_leads_to_a_table(hand: Hand) -> None:
    page = hand.page

    await hand.ask("order_lines")
    hit = page.locator("#palette_results").get_by_role("link", name="order_lines").first
    await expect(hit).to_contain_text("shop")
    if isinstance(hand, Mouse):
        await hit.click()
    else:
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")

    await expect(page).to_have_url(re.compile(r"/databases/\d+\?search=order_lines"))
    await expect(page.get_by_role("table").last).to_contain_text("order_lines")


async def test_a_conflict_is_shown_and_settled(hand: Hand, demo: Demo) -> None:
    page, name = hand.page, spelt(hand, "contested")
    instance_id = register(demo, name)
    await hand.go("Instances")
    await hand.find(name)
    await expect(first_cells(page)).to_have_count(1)
    await hand.press(page.get_by_role("button", name=f"More for {name}"))
    await hand.press(page.get_by_role("link", name="Edit"))
    dialog = page.get_by_role("dialog", name=f"Edit {name}")
    await expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    demo.ask(UPDATE, input={"id": instance_id, "description": "theirs"})

    await hand.write(dialog.get_by_label("Description"), "mine")
    await hand.press(dialog.get_by_role("button", name="Save"))

    await expect(dialog).to_contain_text(f"Somebody changed {name} in the meantime")
    await expect(dialog.get_by_role("row", name="Description")).to_contain_text("theirs")
    await expect(dialog.get_by_label("Description")).to_have_value("mine")
    await page.locator("#instances_table").evaluate("table => table.classList.add('is-old')")
    await hand.press(dialog.get_by_role("button", name="Save mine over theirs"))
    await expect(page.locator("#toasts")).to_contain_text(f"{name} is saved")
    await expect(page.locator("#instances_table:not(.is-old)")).to_be_visible()
    await hand.open(page.get_by_role("link", name=name, exact=True))
    await expect(page.get_by_role("region", name="Registration")).to_contain_text("mine")
