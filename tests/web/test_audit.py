"""The audit on pages: who did what in words, what differs, and further back without end."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from tests.factories import make_credential, make_instance, make_tag, make_user
from tests.web.conftest import Browser, dom, texts
from whalefall.auth import Actor
from whalefall.db import Database, WriteSession
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.audit import audit
from whalefall.web.audit_words import ACTIONS, OBJECTS, action_text, object_path
from whalefall.web.differences import Difference, differences

PACKAGE = Path(__file__).parents[2] / "whalefall"
CALL = re.compile(r'audit(?:_many)?\(\s*\w+,\s*\w+,\s*"([a-z_]+\.[a-z_]+)",\s*"(\w+)"')


async def note(session: WriteSession, name: str, action: str, **columns: Any) -> AuditEntry:
    defaults = {"object_type": "Tag", "object_id": 7, "made_at": datetime.now(UTC)}
    entry = AuditEntry(actor_name=name, action=action, **{**defaults, **columns})
    session.add(entry)
    await session.flush()
    return entry


def fragment(text: str) -> lxml.html.HtmlElement:
    """Parts of a table, in one."""
    return lxml.html.fragment_fromstring(f"<table>{text}</table>")


async def test_a_row_says_who_did_what_to_what_and_how(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        otto = await make_user(session, username="otto")
        actor = Actor(name="otto", user_id=otto.id)
        before, after = {"name": "prod", "is_active": True}, {"name": "live", "is_active": True}
        await audit(session, actor, "tag.updated", "Tag", 7, before, after)

    page = dom(await ada_browser.get("/audit?object_type=Tag"))

    (row,) = page.cssselect("tbody tr")
    assert texts(row, "td") == ["otto", "Changed a tag", "Tag live", "Name prod → live"]
    assert [link.get("href") for link in row.cssselect("td a")] == ["/tags/7/edit"]
    assert texts(page, ".tag--remove") == ["Object Tag"]


async def test_what_an_entry_does_not_name_has_its_name_of_now_beside_its_number(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        tag = await make_tag(session, "live")
        entry = await note(session, "otto", "tag.updated", object_id=tag.id, after={"x": 1})
        await note(session, "otto", "tag.updated", object_id=tag.id + 1, after={"x": 1})

    rows = dom(await ada_browser.get("/audit?object_type=Tag")).cssselect("tbody tr")
    detail = dom(await ada_browser.get(f"/audit/{entry.id}"))

    assert [texts(row, "td")[2] for row in rows] == [f"Tag #{tag.id + 1}", f"Tag live #{tag.id}"]
    assert f"Tag live #{tag.id}" in texts(detail, ".facts dd")[2]


async def test_a_credential_is_not_called_as_the_account_that_it_opens(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        told = {"object_type": "Credential", "object_id": credential.id}
        await note(session, "otto", "credential.updated", after={"username": "sa"}, **told)

    (row,) = dom(await ada_browser.get("/audit?object_type=Credential")).cssselect("tbody tr")

    assert texts(row, "td")[2] == f"Credential reader #{credential.id}"


async def test_what_is_new_is_summed_up_without_its_empty_fields(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        new = {"category": None, "description": "", "name": "prod"}
        await note(session, "otto", "tag.created", after=new)

    (row,) = dom(await ada_browser.get("/audit?object_type=Tag")).cssselect("tbody tr")

    assert texts(row, "td")[-1] == "Name prod"


async def test_filters_narrow_by_person_action_object_and_time(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        otto = await make_user(session, username="otto")
        await note(session, "otto", "tag.created", actor_id=otto.id)
        await note(session, "vera", "tag.deleted", object_id=8)
        old = datetime.now(UTC) - timedelta(days=3)
        await note(session, "zoe", "tag.updated", made_at=old, after={"name": "Ledger"})

    async def found(**query: object) -> list[str]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = await ada_browser.get(f"/audit?{asked}", target="audit_table")
        return texts(lxml.html.fragment_fromstring(answer.text), "tbody td:nth-child(2)")

    assert await found(object_type="Tag") == ["vera", "otto", "zoe"]
    assert await found(user_id=otto.id) == ["otto"]
    assert await found(action="tag.deleted") == ["vera"]
    assert await found(object_type="Tag", object_id=8) == ["vera"]
    assert await found(object_type="Tag", days=1) == ["vera", "otto"]
    assert await found(search="ledger") == ["zoe"]
    assert await found(search="nothing of it") == []


async def test_a_filter_stays_chosen_even_on_what_is_not_offered(ada_browser: Browser) -> None:
    page = dom(await ada_browser.get("/audit?user_id=999&action=robot.100%25&days=7"))

    chosen = ["#999", "Robot 100%", "The last 7 days"]
    assert texts(page, "option[selected]") == chosen
    assert texts(page, ".tag--remove b") == chosen


@pytest.mark.parametrize("query", ["days=2", "days=x", "user_id=otto", "after=rubbish"])
async def test_a_filter_that_makes_no_sense_is_refused(ada_browser: Browser, query: str) -> None:
    assert (await ada_browser.get(f"/audit?{query}")).status_code == 400


async def test_older_entries_follow_until_there_are_none(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        for number in range(60):
            await note(session, f"user-{number:02}", "tag.created")
    first = dom(await ada_browser.get("/audit?object_type=Tag"))
    (more,) = first.cssselect("#older a")
    seen = texts(first, "tbody td:nth-child(2)")

    answer = await ada_browser.get(more.get("hx-get"), target="older")
    plain = dom(await ada_browser.get(more.get("href")))

    rows = fragment(answer.text)
    assert "hx-push-url" not in answer.headers
    assert len(seen) == 50
    assert not rows.cssselect("#older")
    everybody = {f"user-{number:02}" for number in range(60)}
    assert {*seen, *texts(rows, "tbody td:nth-child(2)")} == everybody
    assert texts(plain, "tbody td:nth-child(2)") == texts(rows, "tbody td:nth-child(2)")
    assert texts(plain, ".panel__actions a") == ["Back to the latest"]


async def test_the_drawer_shows_each_field_before_and_after(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        entry = await note(
            session,
            "system:scheduler",
            "tag.updated",
            before={"name": "<b>", "gone": 1, "same": None},
            after={"name": "b", "tags": ["x"], "same": None},
            request_id="req_1",
        )

    page = dom(await ada_browser.get(f"/audit/{entry.id}"))
    drawer = await ada_browser.get(f"/audit/{entry.id}", target="modal_root")

    rows = [texts(row, "th, td") for row in page.cssselect(".diff tbody tr")]
    assert rows == [
        ["±", "Name", "<b>", "b"],
        ["−", "gone", "1", "—"],
        ["+", "tags", "—", "x"],
        ["", "same", "—", "—"],
    ]
    assert "req_1" in texts(page, ".facts code")
    assert lxml.html.fragment_fromstring(drawer.text).tag == "dialog"


async def test_the_words_are_there_in_chinese_too(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        await note(session, "otto", "tag.deleted")

    page = dom(
        await ada_browser.get("/audit?object_type=Tag", headers={"Accept-Language": "zh-CN"})
    )

    assert texts(page, "tbody td:nth-child(3)") == ["删除了标签"]
    assert texts(page, ".tag--remove") == ["对象 标签"]


async def test_an_entry_that_does_not_exist_is_not_found(ada_browser: Browser) -> None:
    answer = await ada_browser.get("/audit/999999999")

    assert answer.status_code == 404
    assert "There is no such audit entry." in answer.text


def test_what_changed_comes_before_what_did_not() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3}) == [
        Difference("±", "b", "2", "3"),
        Difference("", "a", "1", "1"),
    ]
    assert differences(None, None) == []


def test_fields_are_told_in_words_and_in_the_order_of_forms() -> None:
    told = {
        "credential_id": 3,
        "role": "ADMIN",
        "is_active": True,
        "limit_bytes": 200 * 1024**3,
        "engine": "ORACLE",
        "instance_id": 9,
    }

    found = differences(None, told, "User", {("Credential", 3): "reader"})

    assert [(each.label, each.after) for each in found] == [
        ("Role", "Administrator"),
        ("Engine", "Oracle"),
        ("Credential", "reader"),
        ("Active", "Yes"),
        ("Instance", "#9"),
        ("Limit", "200 GiB"),
    ]


async def test_what_a_change_refers_to_is_called_by_its_name(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="orders-db")
        told = {"category": "CAPACITY", "instance_id": instance.id, "records": 1}
        start = "sync_session.started"
        await note(session, "otto", start, object_type="SyncSession", object_id=1, after=told)

    (row,) = dom(await ada_browser.get("/audit?object_type=SyncSession")).cssselect("tbody tr")

    assert texts(row, "td")[-1] == "Category Capacity, Instance orders-db, Records 1"


def test_nothing_leads_to_what_is_gone() -> None:
    assert object_path("Tag", 7, "tag.updated") == "/tags/7/edit"
    assert object_path("Tag", 7, "tag.deleted") == ""
    assert object_path("Tag", None, "tag.updated") == ""
    assert object_path("UserSession", 7, "access_token.refreshed") == ""


def test_every_action_and_kind_has_words() -> None:
    written = list(_written())

    assert len(written) > 20
    assert {action for action, _ in written} - ACTIONS.keys() == set()
    assert {kind for _, kind in written} - OBJECTS.keys() == set()
    assert action_text("robot.set_free") == "Robot set free"


def _written() -> Iterator[tuple[str, str]]:
    """The action and the kind of object of each call of audit."""
    for path in PACKAGE.rglob("*.py"):
        for call in CALL.finditer(path.read_text()):
            yield call[1], call[2]
