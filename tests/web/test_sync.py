"""Sync sessions on pages."""

from datetime import UTC, datetime, timedelta

import lxml.html
import pytest

from tests.factories import make_instance, make_sync_record, make_sync_session, make_user
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.domain.states import SyncCategory, SyncStatus, SyncTrigger
from whalefall.errors import Code


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("?status=failed", 1),
        ("?category=table_sizes", 1),
        ("?trigger=scheduled", 1),
        ("?status=cancelled", 0),
    ],
)
async def test_sessions_are_filtered(
    db: Database, vera_browser: Browser, query: str, count: int
) -> None:
    async with db.write() as session:
        await make_sync_session(session, status=SyncStatus.FAILED)
        await make_sync_session(session, category=SyncCategory.TABLE_SIZES)
        await make_sync_session(session, trigger=SyncTrigger.SCHEDULED)

    page = dom(await vera_browser.get(f"/sync-sessions{query}"))

    assert len(page.cssselect("tbody tr")) == count


async def test_the_list_says_what_each_session_is_about_and_who_asked(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        user = await make_user(session, username="olga")
        many = await make_sync_session(session, total=3)
        instance = await make_instance(session, name="shop-db")
        one = await make_sync_session(session, total=1, failed=1, created_by_id=user.id)
        await make_sync_record(session, one, instance_id=instance.id, status=SyncStatus.FAILED)

    page = dom(await vera_browser.get("/sync-sessions"))
    row = dom(await vera_browser.get(f"/sync-sessions/{one.id}/row", target=f"session_{one.id}"))
    detail = dom(await vera_browser.get(f"/sync-sessions/{one.id}"))

    assert texts(page, f"#session_{one.id} .is-wide") == ["shop-db"]
    assert texts(page, f"#session_{many.id} .is-wide") == ["3 targets"]
    assert texts(page, "td .table__sub") == ["olga"]
    assert texts(row, ".is-wide a") == ["shop-db"]
    assert page.cssselect(f"[href='/sync-sessions/{one.id}?status=failed']")
    assert "olga" in texts(detail, ".page__note")[0]


async def test_a_running_row_asks_for_itself_until_it_is_finished(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.RUNNING, total=4, succeeded=1)
    path = f"/sync-sessions/{sync.id}/row"

    page = dom(await vera_browser.get("/sync-sessions"))
    running = dom(await vera_browser.get(path, target=f"session_{sync.id}"))
    async with db.write() as session:
        found = await session.get_one(type(sync), sync.id)
        found.status, found.finished_at = SyncStatus.COMPLETED, datetime.now(UTC)
    finished = dom(await vera_browser.get(path, target=f"session_{sync.id}"))

    assert page.cssselect("tbody tr")[0].get("hx-get") == path
    assert page.cssselect("tbody tr")[0].get("hx-trigger") == "every 2s"
    assert running.cssselect("progress")[0].get("value") == "1"
    assert "every 2s" not in lxml.html.tostring(finished).decode()


async def test_a_row_without_htmx_is_the_page_of_its_session(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session)

    response = await vera_browser.get(f"/sync-sessions/{sync.id}/row")

    assert response.headers["location"] == f"/sync-sessions/{sync.id}"


async def test_a_session_shows_what_became_of_each_target(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.COMPLETED_WITH_ERRORS, total=2)
        good = await make_instance(session, name="good")
        bad = await make_instance(session, name="bad")
        ended = datetime.now(UTC)
        await make_sync_record(
            session,
            sync,
            instance_id=good.id,
            items_seen=12,
            started_at=ended - timedelta(milliseconds=840),
            finished_at=ended,
        )
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

    panel = moving.cssselect("#session_panel")[0]
    assert panel.get("hx-trigger") == "sse:changed, sse:done, every 5s"
    assert panel.getparent().get("sse-connect") == f"/sync-sessions/{running.id}/events"
    assert moving.cssselect("script[src$='sse.js']")
    assert still.cssselect("#session_panel")[0].get("hx-trigger") is None


async def test_the_events_of_a_session_end_with_it(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        sync = await make_sync_session(session, status=SyncStatus.CANCELLED)

    response = await vera_browser.get(f"/sync-sessions/{sync.id}/events")

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "private, no-store"
    assert response.text.split("\n\n")[:-1] == ["event: changed\ndata:", "event: done\ndata:"]


async def test_there_are_no_events_of_what_is_not_there(vera_browser: Browser) -> None:
    assert (await vera_browser.get("/sync-sessions/404/events")).status_code == 404


async def test_the_events_of_a_session_are_for_who_is_signed_in(nobody: Browser) -> None:
    response = await nobody.get("/sync-sessions/1/events")

    assert response.headers["location"].startswith("/login")


async def test_records_stand_on_a_common_time_axis(db: Database, vera_browser: Browser) -> None:
    start = datetime(2026, 7, 1, 12, tzinfo=UTC)
    async with db.write() as session:
        sync = await make_sync_session(session, total=2)
        await make_sync_record(
            session, sync, started_at=start, finished_at=start + timedelta(seconds=60)
        )
        await make_sync_record(
            session,
            sync,
            status=SyncStatus.FAILED,
            started_at=start + timedelta(seconds=60),
            finished_at=start + timedelta(seconds=120),
        )

    page = dom(await vera_browser.get(f"/sync-sessions/{sync.id}"))

    bars = page.cssselect("svg.span rect[class^=meter]")
    assert [(bar.get("x"), bar.get("width")) for bar in bars] == [("60.0", "60.0"), ("0.0", "60.0")]
    assert len(page.cssselect("svg.span .bar__mark")) == 1  # the failed one is hatched


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
