"""Jobs on pages: the list, the dialog with its preview, and the deeds on a row."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import (
    make_instance,
    make_schedule,
    make_sync_record,
    make_sync_session,
)
from tests.web.conftest import Browser, dom, texts
from tests.web.test_tags import fragment
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import ScheduleTask, SyncStatus
from whalefall.errors import Code
from whalefall.models.schedules import ScheduledRun
from whalefall.resolvers.schedules import get_schedule, run_due_schedules

SCHEDULER = Actor.system("scheduler")


async def planned(db: Database, **columns: object) -> int:
    async with db.write() as session:
        return (await make_schedule(session, **columns)).id


@pytest.mark.usefixtures("sent_jobs")
async def test_jobs_say_when_they_run_and_how_it_went(db: Database, vera_browser: Browser) -> None:
    due = datetime.now(UTC) - timedelta(minutes=17)
    await planned(db, cron="*/5 * * * *", next_run_at=due)
    await planned(db, task=ScheduleTask.PARTITIONS, is_enabled=False, time_zone="UTC")
    await planned(db, task=ScheduleTask.CAPACITY, next_run_at=due)
    await run_due_schedules(db, SCHEDULER)

    page = dom(await vera_browser.get("/jobs"))

    table = " ".join(texts(page, "tbody"))
    assert "Every 5 minutes" in table
    assert "Forget what is old" in table
    assert "Waiting" in table
    assert "missed runs" in table
    assert "Skipped" in table
    assert "nothing to start" in table
    assert "Paused" in table
    assert not page.cssselect("td.is-deeds")
    assert "every 3s" in page.cssselect("#jobs_table")[0].get("hx-trigger")


async def test_the_last_ten_runs_are_ticks_that_lead_to_their_sessions(
    db: Database, vera_browser: Browser
) -> None:
    schedule_id = await planned(db)
    async with db.write() as session:
        for number in range(12):
            status = SyncStatus.FAILED if number == 11 else SyncStatus.COMPLETED
            sync = await make_sync_session(session, status=status)
            at = datetime.now(UTC) - timedelta(days=12 - number)
            run = {"schedule_id": schedule_id, "scheduled_for": at, "session_id": sync.id}
            session.add(ScheduledRun(**run))
            await session.flush()

    page = dom(await vera_browser.get("/jobs"))

    (strip,) = page.cssselect("svg.stacked")
    tones = [tick.get("class") for tick in strip.cssselect("rect")]
    assert tones == ["meter--ok"] * 9 + ["meter--bad"]
    assert strip.cssselect("a")[-1].get("href") == f"/sync-sessions/{sync.id}"
    assert texts(strip, "title")[-1].startswith("Failed · ")


async def test_jobs_are_told_in_chinese(db: Database, vera_browser: Browser) -> None:
    await planned(db, cron="0 3 * * 1")
    await vera_browser.post("/preferences", {"lang": "zh-CN", "next": "/jobs"})

    page = dom(await vera_browser.get("/jobs"))

    assert "每逢 星期一 的 03:00" in " ".join(texts(page, "tbody"))


async def test_the_next_times_are_shown_while_they_are_entered(
    db: Database, ada_browser: Browser
) -> None:
    schedule_id = await planned(db)
    path = f"/jobs/{schedule_id}"

    opened = fragment(await ada_browser.get(f"{path}/edit", target="modal_root"))
    entered = {"cron": "30 8 * * 2", "time_zone": "Europe/London"}
    looked = await ada_browser.post(f"{path}/preview", entered, target="job_times")
    wrong = await ada_browser.post(f"{path}/preview", {"cron": "0 3 30 2 *"}, target="job_times")
    elsewhere = await ada_browser.post(
        f"{path}/preview", {"cron": "0 3 * * *", "time_zone": "Mars"}, target="job_times"
    )

    assert len(opened.cssselect("#job_times li")) == 5
    assert texts(fragment(looked), "#job_times strong") == ["Every Tuesday at 08:30"]
    assert all("08:30" in line for line in texts(fragment(looked), "#job_times li"))
    assert "never comes" not in looked.text
    assert "This is no time that ever comes." in wrong.text
    assert "There is no such time zone." in elsewhere.text


async def test_a_changed_time_is_saved_and_a_wrong_one_comes_back(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    schedule_id = await planned(db)
    path = f"/jobs/{schedule_id}/edit"

    wrong = await ada_browser.post(path, {"cron": "0 3 * *", "time_zone": "UTC"})
    saved = await ada_browser.post(path, {"cron": "0 4 * * *"}, target="modal_root")

    assert wrong.status_code == 422
    assert 'id="cron_error"' in wrong.text
    assert fragment(wrong).cssselect("#cron")[0].get("value") == "0 3 * *"
    assert saved.headers["hx-trigger"] == '{"modal:close": true, "jobs:changed": true}'
    async with db.read() as session:
        row = await get_schedule(session, ada, schedule_id)
    assert (row.cron, row.time_zone) == ("0 4 * * *", None)


@pytest.mark.usefixtures("sent_jobs")
async def test_a_job_is_paused_resumed_and_run_by_hand(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    schedule_id = await planned(db)
    path = f"/jobs/{schedule_id}/actions"

    async def is_enabled() -> bool:
        async with db.read() as session:
            return (await get_schedule(session, ada, schedule_id)).is_enabled

    assert (await ada_browser.post(f"{path}/pause")).status_code == 303
    assert not await is_enabled()
    assert (await ada_browser.post(f"{path}/resume")).status_code == 303
    assert await is_enabled()
    begun = await ada_browser.post(f"{path}/run")
    refused = await ada_browser.post(f"{path}/run")
    assert begun.headers["location"].startswith("/sync-sessions/")
    assert refused.status_code == 409
    assert "running already" in refused.text
    page = dom(await ada_browser.get(begun.headers["location"]))
    assert texts(page, "tbody th") == ["Forget what is old"]


@pytest.mark.usefixtures("sent_jobs")
async def test_what_failed_is_repeated_and_a_doubted_inventory_accepted(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        ended = await make_sync_session(
            session, status=SyncStatus.COMPLETED_WITH_ERRORS, total=2, failed=1, succeeded=1
        )
        first = await make_instance(session)
        await make_sync_record(session, ended, instance_id=first.id, status=SyncStatus.FAILED)
        second = await make_instance(session, inventory_doubted_at=datetime.now(UTC))
        record = await make_sync_record(
            session,
            ended,
            instance_id=second.id,
            status=SyncStatus.COMPLETED_WITH_ERRORS,
            error_code=Code.SUSPICIOUS_EMPTY,
        )

    page = dom(await otto_browser.get(f"/sync-sessions/{ended.id}"))
    actions = {form.get("action") for form in page.cssselect("form")}
    retry, accept = (
        f"/sync-sessions/{ended.id}/actions/retry",
        f"/sync-records/{record.id}/actions/accept",
    )
    assert {retry, accept} <= actions
    for action in (retry, accept):
        answer = await otto_browser.post(action)
        assert answer.status_code == 303
        assert answer.headers["location"] != f"/sync-sessions/{ended.id}"
