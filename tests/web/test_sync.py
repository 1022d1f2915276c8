"""Sync sessions on pages."""

from datetime import UTC, datetime

import pytest

from tests.factories import make_instance, make_sync_record, make_sync_session
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.domain.states import SyncCategory, SyncStatus
from whalefall.errors import Code


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("?status=failed", 1), ("?category=table_sizes", 1), ("?status=cancelled", 0)],
)
async def test_sessions_are_filtered(
    db: Database, vera_browser: Browser, query: str, count: int
) -> None:
    async with db.write() as session:
        await make_sync_session(session, status=SyncStatus.FAILED)
        await make_sync_session(session, category=SyncCategory.TABLE_SIZES)
        await make_sync_session(session)

    page = dom(await vera_browser.get(f"/sync-sessions{query}"))

    assert len(page.cssselect("tbody tr")) == count


async def test_the_list_moves_while_something_runs(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.RUNNING, total=4, succeeded=1)

    running = dom(await vera_browser.get("/sync-sessions"))
    async with db.write() as session:
        found = await session.get_one(type(sync), sync.id)
        found.status = SyncStatus.COMPLETED
    finished = dom(await vera_browser.get("/sync-sessions", target="sessions_table"))

    assert running.cssselect("#sessions_table")[0].get("hx-trigger") == "every 2s"
    assert running.cssselect("progress")[0].get("value") == "1"
    assert finished.cssselect("#sessions_table")[0].get("hx-trigger") is None


async def test_a_session_shows_what_became_of_each_target(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.COMPLETED_WITH_ERRORS, total=2)
        good = await make_instance(session, name="good")
        bad = await make_instance(session, name="bad")
        await make_sync_record(session, sync, instance_id=good.id, items_seen=12, elapsed_ms=840)
        await make_sync_record(
            session,
            sync,
            instance_id=bad.id,
            status=SyncStatus.FAILED,
            error_code=Code.AUTH_FAILED,
            error_message="Refused for <i>whale</i>.",
        )

    page = dom(await vera_browser.get(f"/sync-sessions/{sync.id}"))

    assert texts(page, "tbody th") == ["bad", "good"]
    assert texts(page, "tbody .is-text") == [
        "The server refused the credential AUTH_FAILEDRefused for <i>whale</i>.",
        "—",
    ]
    assert texts(page, "tbody tr:last-child td:last-child") == ["840 ms"]


async def test_failed_records_can_be_seen_alone(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, total=2, failed=1, succeeded=1)
        await make_sync_record(session, sync)
        await make_sync_record(session, sync, status=SyncStatus.FAILED)

    page = dom(await vera_browser.get(f"/sync-sessions/{sync.id}?status=failed"))

    assert len(page.cssselect("tbody tr")) == 1


async def test_a_running_session_asks_again_and_a_finished_one_does_not(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        running = await make_sync_session(session, status=SyncStatus.RUNNING, total=1)
        done = await make_sync_session(session, finished_at=datetime.now(UTC))

    moving = dom(await vera_browser.get(f"/sync-sessions/{running.id}"))
    still = dom(await vera_browser.get(f"/sync-sessions/{done.id}", target="session_panel"))

    assert moving.cssselect("#session_panel")[0].get("hx-trigger") == "every 1s"
    assert still.cssselect("#session_panel")[0].get("hx-trigger") is None


async def test_an_administrator_cancels_a_session(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.PENDING, total=1)
        await make_sync_record(session, sync, status=SyncStatus.PENDING)

    response = await ada_browser.post(f"/sync-sessions/{sync.id}/actions/cancel")

    page = dom(await ada_browser.get(response.headers["location"]))
    assert texts(page, ".strip .chip") == ["Cancelled"]


async def test_a_finished_session_cannot_be_cancelled(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session)

    response = await ada_browser.post(f"/sync-sessions/{sync.id}/actions/cancel")

    assert response.status_code == 409
    assert "finished already" in response.text
