"""Tags on pages: the list, its dialogs, and the page that puts them on many instances."""

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import lxml.html
import pytest

from tests.factories import MYSQL, VERA, make_instance, make_tag
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.resolvers.instances import get_instance

ENTERED = {"name": "prod", "display_name": "Production", "category": "Env", "is_active": "1"}


def fragment(response: httpx2.Response) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(f"<div>{response.text}</div>")


async def test_tags_are_listed_by_category_with_the_instances_that_carry_them(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        prod, _ = await make_tag(session, "prod"), await make_tag(session, "crm", category="app")
        old = await make_tag(session, "old", is_active=False)
        await make_instance(session, tags=[prod, old])
        await make_instance(session, tags=[prod], deleted_at=datetime.now(UTC))

    page = dom(await vera_browser.get("/tags"))

    assert texts(page, "tbody th") == ["crm", "old", "prod"]
    assert texts(page, "tbody .is-number") == ["0", "1", "1"]
    links = [link.get("href") for link in page.cssselect("tbody .is-number a")]
    assert links == ["/instances?tags=prod"]  # filters do not know inactive tags
    assert not page.cssselect("td.is-deeds, .page__actions a")
    for query, names in [
        ("category=app", ["crm"]),
        ("status=inactive", ["old"]),
        ("search=PRO", ["prod"]),
    ]:
        table = fragment(await vera_browser.get(f"/tags?{query}", target="tags_table"))
        assert texts(table, "tbody th") == names


async def test_a_tag_is_added_in_a_dialog_which_closes_and_lets_the_list_follow(
    ada_browser: Browser,
) -> None:
    opened = fragment(await ada_browser.get("/tags/new", target="modal_root"))
    response = await ada_browser.post("/tags/new", ENTERED, target="modal_root")

    assert opened.cssselect("dialog form[hx-post='/tags/new'] input[name=category]")
    assert response.headers["hx-trigger"] == '{"modal:close": true, "tags:changed": true}'
    assert "Added prod" in response.text
    assert texts(dom(await ada_browser.get("/tags")), "tbody td")[1] == "env"


async def test_a_refused_tag_keeps_what_was_typed_and_names_every_field(
    ada_browser: Browser,
) -> None:
    wrong = {**ENTERED, "name": "a b", "display_name": " "}
    response = await ada_browser.post("/tags/new", wrong, target="modal_root")

    assert response.status_code == 422
    form = fragment(response)
    assert {each.get("id") for each in form.cssselect(".field__error")} == {
        "name_error",
        "display_name_error",
    }
    assert form.cssselect("#name")[0].get("value") == "a b"


async def test_a_tag_is_edited_by_who_may_and_without_script(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        tag = await make_tag(session, "prod")

    page = dom(await otto_browser.get(f"/tags/{tag.id}/edit"))
    response = await otto_browser.post(f"/tags/{tag.id}/edit", {**ENTERED, "name": "live"})

    assert page.cssselect("#name")[0].get("value") == "prod"
    assert (response.status_code, response.headers["location"]) == (303, "/tags")
    assert texts(dom(await otto_browser.get("/tags")), "tbody th") == ["live"]


async def test_of_two_windows_that_edit_a_tag_the_later_one_is_told(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        tag = await make_tag(session, "prod")
    path = f"/tags/{tag.id}/edit"
    opened = fragment(await ada_browser.get(path, target="modal_root"))
    [seen] = [each.get("value") for each in opened.cssselect("[name=expected_updated_at]")]
    entered = {**ENTERED, "expected_updated_at": seen}

    first = await ada_browser.post(path, entered, target="modal_root")
    later = await ada_browser.post(path, {**entered, "category": "team"}, target="modal_root")

    assert (first.status_code, later.status_code) == (200, 422)
    assert "Somebody changed this tag in the meantime." in later.text
    assert 'value="team"' in later.text


async def test_a_tag_in_use_leads_to_taking_it_off_and_a_free_one_goes(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        used, free = await make_tag(session), await make_tag(session)
        binned = await make_tag(session)
        instance = await make_instance(session, tags=[used])
        await make_instance(session, tags=[binned], deleted_at=datetime.now(UTC))

    question = dom(await ada_browser.get(f"/tags/{used.id}/delete"))
    refused = await ada_browser.post(f"/tags/{binned.id}/delete")
    deleted = await ada_browser.post(f"/tags/{free.id}/delete")

    assert not question.cssselect("main button[type=submit]")
    (link,) = question.cssselect(".form__actions a[href*='/tags/assign']")
    taking = dom(await ada_browser.get(link.get("href")))
    assert checked(taking, "ids") == [str(instance.id)]
    assert refused.status_code == 422
    assert "1 of them in the recycle bin" in refused.text
    assert deleted.headers["location"] == "/tags"


@dataclass
class Estate:
    one: int
    two: int
    prod: int
    crm: int


@pytest.fixture
async def estate(db: Database) -> Estate:
    """Two instances of different engines, the first tagged prod."""
    async with db.write() as session:
        prod, crm = await make_tag(session, "prod"), await make_tag(session, "crm", category="app")
        one = await make_instance(session, name="one", tags=[prod])
        two = await make_instance(session, name="two", engine=MYSQL)
        return Estate(one.id, two.id, prod.id, crm.id)


def checked(page: lxml.html.HtmlElement, name: str) -> list[str]:
    return [box.get("value", "") for box in page.cssselect(f"input[name={name}][checked]")]


async def test_the_page_shows_instances_by_engine_tags_by_category_and_what_changes(
    otto_browser: Browser, estate: Estate
) -> None:
    address = f"/tags/assign?ids={estate.one}&ids={estate.two}&tag_ids={estate.prod}"
    page = dom(await otto_browser.get(address))

    assert texts(page, ".picker__list legend") == [
        "MY MySQL, MariaDB",
        "PG PostgreSQL",
        "app",
        "environment",
    ]
    assert checked(page, "ids") == [str(estate.two), str(estate.one)]
    assert checked(page, "tag_ids") == [str(estate.prod)]
    assert "1 of 2 pairs change; instances concerned: 1." in texts(page, "#assign_summary p")[0]


async def test_the_summary_follows_the_choice_and_filtering_keeps_it(
    otto_browser: Browser, estate: Estate
) -> None:
    chosen = {"mode": "remove", "ids": str(estate.one), "tag_ids": str(estate.prod)}

    summary = fragment(await otto_browser.post("/tags/assign", chosen, target="assign_summary"))
    found = {**chosen, "find": "two"}
    shown = fragment(await otto_browser.post("/tags/assign", found, target="assign_list"))

    assert "1 of 1 pairs change" in texts(summary, "p")[0]
    assert texts(summary, "button[type=submit]") == ["Take tags off"]
    assert not summary.cssselect("#assign_list")
    assert checked(shown, "ids") == [str(estate.one)]
    assert texts(shown, ".picker__row > span:nth-child(2)") == ["two", "one"]


async def test_all_that_is_shown_or_matches_can_be_chosen_at_once(
    otto_browser: Browser, estate: Estate
) -> None:
    shown = dom(await otto_browser.post("/tags/assign", {"pick": "shown", "find_engine": "MYSQL"}))
    matching = dom(await otto_browser.post("/tags/assign", {"all": "1", "tags": "prod"}))
    dialog = await otto_browser.post("/tags/assign", {"ids": str(estate.two)}, target="modal_root")

    assert checked(shown, "ids") == [str(estate.two)]
    assert checked(matching, "ids") == [str(estate.one)]
    assert fragment(dialog).cssselect("dialog input[name=in_dialog]")
    assert checked(fragment(dialog), "ids") == [str(estate.two)]


async def test_tags_are_put_on_instances_with_and_without_script(
    db: Database, otto_browser: Browser, estate: Estate
) -> None:
    pair = {"ids": f"{estate.one},{estate.two}", "tag_ids": str(estate.crm)}

    plain = await otto_browser.post("/tags/assign/commit", pair)
    removed = await otto_browser.post(
        "/tags/assign/commit", {**pair, "mode": "remove", "ids": str(estate.one)}, target="assign"
    )

    assert (plain.status_code, plain.headers["location"]) == (303, "/instances?tags=crm")
    assert "Tags removed: 1, from instances: 1" in removed.text
    async with db.read() as session:
        names = [
            (await get_instance(session, VERA, each)).tag_names
            for each in vars(estate).values()
            if each in (estate.one, estate.two)
        ]
    assert names == [["prod"], ["crm"]]


async def test_what_cannot_be_done_is_said_and_what_is_gone_left_out(
    otto_browser: Browser, estate: Estate
) -> None:
    gone = {"ids": f"{estate.one},{2**40}", "tag_ids": str(estate.crm)}

    response = await otto_browser.post("/tags/assign/commit", gone, target="assign")

    assert response.status_code == 422
    page = fragment(response)
    assert "There is no such instance" in texts(page, ".banner.is-bad")[0]
    assert "1 chosen instance is gone" in texts(page, ".banner.is-warn")[0]
    assert checked(page, "ids") == [str(estate.one)]


async def test_a_thousand_instances_fit_into_the_form(
    otto_browser: Browser, estate: Estate
) -> None:
    body = "&".join(f"ids={number}" for number in range(10**6, 10**6 + 1_001))
    headers = {
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    sent = f"csrf_token={otto_browser.csrf_token}&tag_ids={estate.crm}&{body}"

    response = await otto_browser.http.post("/tags/assign/commit", content=sent, headers=headers)

    assert response.status_code == 422
    assert "Choose at most 1,000 instances" in response.text
