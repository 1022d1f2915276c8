"""One instance: its health, its tabs, the recycle bin, what whom is offered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import lxml.html
import pytest

from tests.factories import (
    ADA,
    make_credential,
    make_database,
    make_instance,
    make_size_history,
    make_sync_record,
    make_sync_session,
)
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.domain.states import SyncStatus
from whalefall.errors import Code
from whalefall.resolvers.instances import InstancePatch, update_instance

NOW = datetime.now(UTC)
TODAY = NOW.date()


def health_of(page: lxml.html.HtmlElement) -> dict[str, str]:
    """The band of the connection, by its labels."""
    """Each figure by its label, with the note below it."""
    return {
        texts(part, "dt")[0]: " ".join(texts(part, "dd"))
        for part in page.cssselect("#health .strip > div")
    }


async def test_a_failed_connection_is_told_above_the_old_numbers(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        instance = await make_instance(
            session,
            credential_id=credential.id,
            last_success_at=NOW - timedelta(hours=3),
            last_failure_at=NOW - timedelta(hours=1),
            last_error_code=Code.AUTH_FAILED,
            latency_ms=12,
            total_size_bytes=2**30,
        )

    page = dom(await vera_browser.get(f"/instances/{instance.id}"))

    assert "The server refused the credential" in texts(page, "main [role=alert]")[0]
    assert health_of(page)["Connection"] == "Failed 1 h ago · answered last 3 h ago"
    assert health_of(page)["Total size"] == "1.00GiB"
    assert "Check the user name and the password" in texts(page, "#health [role=alert] p")[0]


@pytest.mark.parametrize(
    ("columns", "state", "step"),
    [
        ({}, "Not tried", "Test the connection."),
        ({"last_success_at": NOW, "last_failure_at": NOW - timedelta(1)}, "Reachable", ""),
        ({"last_success_at": NOW - timedelta(days=3)}, "Stale", "Test the connection: the last"),
        ({"credential_id": None}, "Not tried", "Choose a credential"),
    ],
)
async def test_the_next_step_follows_from_the_state(
    db: Database, otto_browser: Browser, columns: dict[str, Any], state: str, step: str
) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        instance = await make_instance(session, **{"credential_id": credential.id, **columns})

    page = dom(await otto_browser.get(f"/instances/{instance.id}"))

    assert health_of(page)["Connection"].startswith(state)
    assert "".join(texts(page, "#health .banner strong")).startswith(step)
    assert bool(page.cssselect("#health .banner")) == bool(step)


async def test_who_cannot_choose_a_credential_is_only_told_that_it_has_none(
    db: Database, vera_browser: Browser, otto_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, credential_id=None)
    path = f"/instances/{instance.id}"

    told, asked = dom(await vera_browser.get(path)), dom(await otto_browser.get(path))

    assert texts(told, "#health .banner") == ["It has no credential, so it cannot be read."]
    assert [a.get("href") for a in asked.cssselect("#health .banner a")] == [f"{path}/edit"]


async def test_what_was_never_read_is_not_said_to_be_none(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)

    page = dom(await vera_browser.get(f"/instances/{instance.id}"))

    assert texts(page, "#databases_title") == ["Databases"]
    assert not page.cssselect("#filters, #history_title + .panel__note")


async def test_databases_are_the_first_tab_and_are_searched(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        orders = await make_database(session, instance, name="orders", size_bytes=2)
        await make_database(session, instance, name="crm", size_bytes=1)
        await make_size_history(session, orders, {TODAY - timedelta(1): 1, TODAY: 2})
    path = f"/instances/{instance.id}"

    page = dom(await vera_browser.get(path))
    found = dom(await vera_browser.get(f"{path}?search=crm", target="databases_table"))

    assert texts(page, "[role=tab][aria-selected=true]") == ["Databases"]
    assert texts(page, "#databases_table tbody th > a") == ["orders", "crm"]
    assert len(page.cssselect("#databases_table .spark")) == 1
    assert page.cssselect("tbody .is-deeds a")[0].get("href") == (f"/databases/{orders.id}/tables")
    assert texts(found, "tbody th > a") == ["crm"]
    assert not found.cssselect("#health")


async def test_databases_that_are_gone_are_shown_when_asked_for(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        await make_database(session, instance, name="here", size_bytes=2)
        await make_database(session, instance, name="gone", size_bytes=1, is_active=False)
    path = f"/instances/{instance.id}"

    usual = dom(await vera_browser.get(path))
    asked = dom(await vera_browser.get(f"{path}?gone=1", target="databases_table"))

    assert texts(usual, "#databases_table tbody th > a") == ["here"]
    assert texts(asked, "#databases_table tbody th > a") == ["here", "gone"]


async def test_a_paused_instance_still_shows_its_databases(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, is_active=False)
        await make_database(session, instance, name="kept", size_bytes=2)

    page = dom(await vera_browser.get(f"/instances/{instance.id}"))

    assert texts(page, "#databases_table tbody th > a") == ["kept"]


async def test_the_sessions_tab_tells_what_became_of_this_instance(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance, other = await make_instance(session), await make_instance(session)
        sync = await make_sync_session(session, status=SyncStatus.COMPLETED_WITH_ERRORS)
        failed: dict[str, Any] = {"status": SyncStatus.FAILED, "error_code": Code.DATABASE_TIMEOUT}
        await make_sync_record(session, sync, instance_id=instance.id, **failed)
        await make_sync_record(session, sync, instance_id=other.id)

    page = dom(await vera_browser.get(f"/instances/{instance.id}?tab=sessions", target="tab"))

    assert texts(page, "[aria-selected=true]") == ["Sync sessions"]
    assert page.cssselect("tbody th a")[0].get("href") == f"/sync-sessions/{sync.id}"
    assert texts(page, "tbody td")[:2] == ["Failed", "The server took too long DATABASE_TIMEOUT"]
    assert not page.cssselect("[hx-trigger='every 2s']")


async def test_sessions_that_run_are_asked_for_again(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        running: dict[str, Any] = {"status": SyncStatus.RUNNING, "stage": "sizes"}
        await make_sync_record(session, instance_id=instance.id, **running)
    path = f"/instances/{instance.id}?tab=sessions"

    page = dom(await vera_browser.get(path, target="sessions_table"))

    assert page.cssselect("#sessions_table")[0].get("hx-get") == path
    assert "Reading the sizes" in texts(page, "tbody td")


async def test_the_changes_tab_says_who_changed_what(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="old")
        await make_instance(session)
        await update_instance(session, ADA, instance.id, InstancePatch(name="new"))

    page = dom(await ada_browser.get(f"/instances/{instance.id}?tab=changes"))

    assert texts(page, "#changes_table tbody td") == [
        "ada",
        "Changed an instance",
        "Name old → new",
    ]


async def test_who_may_not_read_the_audit_has_no_such_tab(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
    path = f"/instances/{instance.id}"

    page = dom(await otto_browser.get(path))

    assert texts(page, "[role=tab]") == ["Databases", "Sync sessions"]
    assert (await otto_browser.get(f"{path}?tab=changes")).status_code == 403


async def test_a_viewer_is_offered_nothing_to_do(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session)

    page = dom(await vera_browser.get(f"/instances/{instance.id}"))

    assert not page.cssselect(".page__actions :is(a, button)")


async def test_in_the_recycle_bin_only_the_ways_out_are_offered(
    db: Database, ada_browser: Browser, vera_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, is_active=False, deleted_at=NOW)
    path = f"/instances/{instance.id}"

    page, viewed = dom(await ada_browser.get(path)), dom(await vera_browser.get(path))
    await ada_browser.post("/instances/actions/restore", {"ids": str(instance.id)})
    restored = dom(await ada_browser.get(path))

    assert "In the recycle bin" in texts(page, ".banner strong")
    assert texts(page, ".banner :is(button, a)") == ["Restore", "Delete for good"]
    assert not page.cssselect(".page__actions :is(a, button)")
    assert not viewed.cssselect(".banner :is(button, a)")
    assert "In the recycle bin" not in texts(restored, ".banner strong")


async def test_a_connection_test_answers_htmx_with_its_result(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
        instance = await make_instance(session, host="169.254.1.1", credential_id=credential.id)
    action = f"/instances/{instance.id}/actions/test"

    page = dom(await otto_browser.post(action, target="health"))
    without_script = await otto_browser.post(action)

    assert "This address is not allowed" in texts(page, "#health [role=alert]")[0]
    assert health_of(page)["Connection"] == "Failed just now"
    assert without_script.headers["location"] == f"/instances/{instance.id}"


async def test_there_is_no_page_about_nothing(vera_browser: Browser) -> None:
    assert (await vera_browser.get("/instances/4711")).status_code == 404
