"""What comes due runs once, whoever looks; what was missed becomes one run; people may step in."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tests.factories import (
    ADA,
    OTTO,
    VERA,
    make_database,
    make_instance,
    make_schedule,
    make_sync_record,
    make_sync_session,
)
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import ScheduleTask, SyncCategory, SyncStatus, SyncTrigger
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired
from whalefall.queue import Job
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.repeating import accept_inventory, retry_failed_records
from whalefall.resolvers.schedules import (
    SchedulePatch,
    ScheduleRow,
    get_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
    run_due_schedules,
    run_schedule,
    upcoming,
    update_schedule,
)
from whalefall.resolvers.upkeep import do_task

SCHEDULER, WORKER = Actor.system("scheduler"), Actor.system("worker")
ZONE = ZoneInfo("Asia/Shanghai")


async def rows(db: Database, sql: str, **values: Any) -> list[dict[str, Any]]:
    async with db.read() as session:
        return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]


async def runs(db: Database) -> list[dict[str, Any]]:
    return await rows(db, "SELECT * FROM scheduled_runs ORDER BY id")


async def planned(db: Database, *, ago: timedelta | None = None, **columns: Any) -> int:
    """A schedule whose time came so long ago."""
    async with db.write() as session:
        due = None if ago is None else datetime.now(UTC).replace(microsecond=0) - ago
        return (await make_schedule(session, next_run_at=due, **columns)).id


async def schedule(db: Database, schedule_id: int) -> ScheduleRow:
    async with db.read() as session:
        return await get_schedule(session, ADA, schedule_id)


async def run_now(db: Database, schedule_id: int, actor: Actor = ADA) -> int:
    async with db.write() as session:
        return await run_schedule(session, actor, schedule_id, trigger=SyncTrigger.MANUAL)


async def work(db: Database, jobs: list[Job]) -> None:
    """Do what was sent, as a worker would."""
    while jobs:
        job = jobs.pop()
        assert job.name == "do_task"
        await do_task(db, WORKER, **job.ids)


async def test_a_new_schedule_first_learns_when_it_is_due(db: Database) -> None:
    schedule_id = await planned(db)

    await run_due_schedules(db, SCHEDULER)

    row = await schedule(db, schedule_id)
    assert await runs(db) == []
    assert row.next_run_at is not None
    local = row.next_run_at.astimezone(ZONE)
    assert (local.hour, local.minute) == (3, 0)
    assert timedelta() < row.next_run_at - datetime.now(UTC) <= timedelta(days=1)


async def test_what_is_due_begins_once_and_names_its_session(
    db: Database, sent_jobs: list[Job]
) -> None:
    yearly = "0 0 1 1 *"  # so rare that none of its times lies within these three seconds
    schedule_id = await planned(db, ago=timedelta(seconds=3), cron=yearly)

    assert await run_due_schedules(db, SCHEDULER) == 1
    assert await run_due_schedules(db, SCHEDULER) == 0

    [run] = await runs(db)
    [session] = await rows(db, "SELECT * FROM sync_sessions")
    assert (run["schedule_id"], run["session_id"]) == (schedule_id, session["id"])
    assert run["missed"] == 0
    assert (session["category"], session["trigger"]) == ("MAINTENANCE", "SCHEDULED")
    assert [job.name for job in sent_jobs] == ["do_task"]
    await work(db, sent_jobs)
    [session] = await rows(db, "SELECT * FROM sync_sessions")
    assert session["status"] == "COMPLETED"
    row = await schedule(db, schedule_id)
    assert row.last_session_id == session["id"]
    assert row.next_run_at is not None
    assert row.next_run_at > datetime.now(UTC)


async def test_times_that_nobody_was_there_for_become_one_run(
    db: Database, sent_jobs: list[Job]
) -> None:
    """A scheduler that slept over three times and more (F57)."""
    started = datetime.now(UTC)
    await planned(db, ago=timedelta(minutes=17), cron="*/5 * * * *")

    await run_due_schedules(db, SCHEDULER)

    [run] = await runs(db)
    assert run["missed"] in (3, 4)  # the first time need not be one of the five minutes
    assert run["scheduled_for"] <= started < run["scheduled_for"] + timedelta(minutes=5)
    assert len(sent_jobs) == 1


async def test_any_number_of_schedulers_begin_each_time_once(
    db: Database, sent_jobs: list[Job]
) -> None:
    for task in ScheduleTask:
        if task is not ScheduleTask.CAPACITY:
            await planned(db, ago=timedelta(seconds=3), task=task)

    await asyncio.gather(*(run_due_schedules(db, SCHEDULER) for _ in range(8)))

    assert len(await runs(db)) == len(sent_jobs) == len(ScheduleTask) - 1


async def test_a_time_that_has_a_run_gets_no_second_one(db: Database, sent_jobs: list[Job]) -> None:
    """As when a scheduler died between its commit and the next look, and clocks went back."""
    schedule_id = await planned(db, ago=timedelta(seconds=3))
    await run_due_schedules(db, SCHEDULER)
    [run] = await runs(db)
    async with db.write() as session:
        again = text("UPDATE schedules SET next_run_at = :due WHERE id = :id")
        await session.execute(again, {"due": run["scheduled_for"], "id": schedule_id})

    await run_due_schedules(db, SCHEDULER)

    assert len(await runs(db)) == 1
    assert len(sent_jobs) == 1


@pytest.mark.usefixtures("sent_jobs")
async def test_a_schedule_that_cannot_be_answered_holds_no_other_up(
    db: Database, sent_jobs: list[Job]
) -> None:
    bad = await planned(db, ago=timedelta(hours=2), time_zone="Mars/Olympus")
    good = await planned(db, ago=timedelta(hours=1), task=ScheduleTask.PARTITIONS)

    await run_due_schedules(db, SCHEDULER)

    assert [run["schedule_id"] for run in await runs(db)] == [good]
    assert bad != good


async def test_a_run_is_skipped_while_the_one_before_it_runs(db: Database) -> None:
    schedule_id = await planned(db, ago=timedelta(seconds=3))
    first = await run_now(db, schedule_id)

    await run_due_schedules(db, SCHEDULER)

    manual, skipped = await runs(db)
    assert manual["session_id"] == first
    assert (skipped["session_id"], skipped["skipped_because"]) == (
        None,
        "The run before it was still running.",
    )


async def test_nothing_to_do_is_said_and_the_next_time_comes(db: Database) -> None:
    schedule_id = await planned(db, ago=timedelta(seconds=3), task=ScheduleTask.CAPACITY)

    await run_due_schedules(db, SCHEDULER)

    [run] = await runs(db)
    assert run["session_id"] is None
    assert "nothing to start" in run["skipped_because"]
    assert await rows(db, "SELECT * FROM sync_sessions") == []
    assert (await schedule(db, schedule_id)).next_run_at is not None


async def test_the_nightly_reading_takes_every_active_instance(
    db: Database, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        await make_instance(session)
        await make_instance(session)
        await make_instance(session, is_active=False)
        await make_instance(session, deleted_at=datetime.now(UTC))
    await planned(db, ago=timedelta(seconds=3), task=ScheduleTask.CAPACITY)

    await run_due_schedules(db, SCHEDULER)

    assert [job.name for job in sent_jobs] == ["collect_capacity"] * 2
    [begun] = await rows(db, "SELECT total, category FROM sync_sessions")
    assert begun == {"total": 2, "category": "CAPACITY"}


@pytest.mark.usefixtures("sent_jobs")
async def test_running_twice_is_refused_with_the_session_that_runs(db: Database) -> None:
    schedule_id = await planned(db)
    running = await run_now(db, schedule_id)

    with pytest.raises(Conflict, match=f"as session {running}"):
        await run_now(db, schedule_id)
    assert len(await runs(db)) == 1


@pytest.mark.usefixtures("sent_jobs")
async def test_of_many_who_run_it_at_once_one_begins(db: Database) -> None:
    schedule_id = await planned(db)

    ended = await asyncio.gather(
        *(run_now(db, schedule_id) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, int) for one in ended) == 1
    assert sum(isinstance(one, Conflict) for one in ended) == 7


@pytest.mark.usefixtures("sent_jobs")
async def test_paused_it_does_not_run_by_itself_but_by_hand(db: Database) -> None:
    schedule_id = await planned(db, ago=timedelta(seconds=3))
    async with db.write() as session:
        paused = await pause_schedule(session, ADA, schedule_id)

    await run_due_schedules(db, SCHEDULER)
    assert (paused.is_enabled, paused.next_run_at, await runs(db)) == (False, None, [])
    await run_now(db, schedule_id)
    assert len(await runs(db)) == 1

    async with db.write() as session:
        changed = SchedulePatch(cron="0 4 * * *", time_zone="UTC")
        edited = await update_schedule(session, ADA, schedule_id, changed, business_zone=ZONE)
    assert (edited.is_enabled, edited.next_run_at) == (False, None)
    async with db.write() as session:
        resumed = await resume_schedule(session, ADA, schedule_id, business_zone=ZONE)
    assert resumed.next_run_at is not None
    assert resumed.next_run_at.hour == 4


async def test_an_edit_moves_the_next_time_and_is_written_down(db: Database) -> None:
    schedule_id = await planned(db, ago=timedelta(days=-1))

    async with db.write() as session:
        patch = SchedulePatch(cron=" 0  3 * * 1 ")
        row = await update_schedule(session, ADA, schedule_id, patch, business_zone=ZONE)

    times = [time.astimezone(ZONE) for time in upcoming(row, ZONE, datetime.now(UTC))]
    assert row.cron == "0 3 * * 1"
    assert row.next_run_at == times[0]
    assert {f"{time:%A %H:%M}" for time in times} == {"Monday 03:00"}
    assert len(times) == 5
    [entry] = await rows(db, "SELECT action, before, after FROM audit_entries")
    assert entry == {
        "action": "schedule.updated",
        "before": {"cron": "0 3 * * *"},
        "after": {"cron": "0 3 * * 1"},
    }


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        (SchedulePatch(cron="0 3 * *"), "cron"),
        (SchedulePatch(cron=None), "cron"),
        (SchedulePatch(time_zone="Mars/Olympus"), "time_zone"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(
    db: Database, patch: SchedulePatch, field: str
) -> None:
    schedule_id = await planned(db)

    with pytest.raises(BadInput) as caught:
        async with db.write() as session:
            await update_schedule(session, ADA, schedule_id, patch, business_zone=ZONE)
    assert caught.value.field == (field,)


async def test_an_edit_of_an_older_view_is_refused(db: Database) -> None:
    schedule_id = await planned(db)
    seen = (await schedule(db, schedule_id)).updated_at
    async with db.write() as session:
        await pause_schedule(session, ADA, schedule_id)

    with pytest.raises(Conflict) as caught:
        async with db.write() as session:
            await update_schedule(
                session,
                ADA,
                schedule_id,
                SchedulePatch(cron="0 4 * * *"),
                business_zone=ZONE,
                expected_updated_at=seen,
            )
    assert caught.value.problem_code is Code.STALE_OBJECT


@pytest.mark.parametrize("actor", [OTTO, VERA])
async def test_schedules_are_everybodys_to_see_and_administrators_to_change(
    db: Database, actor: Actor
) -> None:
    schedule_id = await planned(db)

    async with db.read() as session:
        assert len((await list_schedules(session, actor)).rows) == 1
    with pytest.raises(PermissionRequired):
        await run_now(db, schedule_id, actor)
    async with db.write() as session:
        with pytest.raises(PermissionRequired):
            await pause_schedule(session, actor, schedule_id)
        with pytest.raises(PermissionRequired):
            await resume_schedule(session, actor, schedule_id, business_zone=ZONE)
        with pytest.raises(PermissionRequired):
            patch = SchedulePatch()
            await update_schedule(session, actor, schedule_id, patch, business_zone=ZONE)


async def test_an_unknown_schedule_is_not_found(db: Database) -> None:
    async with db.write() as session:
        with pytest.raises(NotFound):
            await pause_schedule(session, ADA, 1)
        with pytest.raises(NotFound):
            await run_schedule(session, ADA, 1, trigger=SyncTrigger.API)


async def test_a_size_is_as_fresh_as_its_schedule_lets_it_be(db: Database) -> None:
    async with db.write() as session:
        collected = datetime.now(UTC) - timedelta(hours=100)
        row = await make_database(session, size_bytes=1, size_collected_at=collected)

    async def freshness() -> str:
        async with db.read() as session:
            return (await get_database(session, VERA, row.id)).freshness

    assert await freshness() == "OVERDUE"
    await planned(db, task=ScheduleTask.CAPACITY, longest_pause_seconds=60 * 3600)
    assert await freshness() == "LATE"
    async with db.write() as session:
        await session.execute(text("UPDATE schedules SET longest_pause_seconds = 604800"))
    assert await freshness() == "FRESH"


async def test_only_what_failed_or_was_cancelled_is_repeated(
    db: Database, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        ended = await make_sync_session(session, status=SyncStatus.COMPLETED_WITH_ERRORS)
        wanted = []
        for status in SyncStatus:
            instance = await make_instance(session)
            await make_sync_record(session, ended, instance_id=instance.id, status=status)
            if status in (SyncStatus.FAILED, SyncStatus.CANCELLED):
                wanted.append(instance.id)
        gone = await make_instance(session, deleted_at=datetime.now(UTC))
        await make_sync_record(session, ended, instance_id=gone.id, status=SyncStatus.FAILED)

    async with db.write() as session:
        again = await retry_failed_records(session, OTTO, ended.id, trigger=SyncTrigger.API)

    repeated = await rows(
        db, "SELECT instance_id FROM sync_instance_records WHERE session_id = :id", id=again
    )
    assert sorted(row["instance_id"] for row in repeated) == sorted(wanted)
    assert len(sent_jobs) == 2


async def test_only_who_may_begin_a_task_repeats_it(db: Database, sent_jobs: list[Job]) -> None:
    async with db.write() as session:
        ended = await make_sync_session(
            session, category=SyncCategory.MAINTENANCE, status=SyncStatus.CANCELLED
        )
        await make_sync_record(
            session,
            ended,
            category=SyncCategory.MAINTENANCE,
            instance_id=None,
            task=ScheduleTask.PARTITIONS,
            status=SyncStatus.CANCELLED,
        )

    async with db.write() as session:
        with pytest.raises(PermissionRequired):
            await retry_failed_records(session, OTTO, ended.id, trigger=SyncTrigger.API)
    assert sent_jobs == []
    async with db.write() as session:
        await retry_failed_records(session, ADA, ended.id, trigger=SyncTrigger.API)
    assert len(sent_jobs) == 1


@pytest.mark.parametrize(
    ("session_status", "record_status"),
    [(SyncStatus.RUNNING, SyncStatus.FAILED), (SyncStatus.COMPLETED, SyncStatus.COMPLETED)],
)
async def test_there_must_be_an_end_and_a_failure_to_repeat(
    db: Database, session_status: SyncStatus, record_status: SyncStatus
) -> None:
    async with db.write() as session:
        ended = await make_sync_session(session, status=session_status)
        instance = await make_instance(session)
        await make_sync_record(session, ended, instance_id=instance.id, status=record_status)

    async with db.write() as session:
        with pytest.raises(Conflict):
            await retry_failed_records(session, OTTO, ended.id, trigger=SyncTrigger.API)
        with pytest.raises(NotFound):
            await retry_failed_records(session, OTTO, 1, trigger=SyncTrigger.API)
        with pytest.raises(PermissionRequired):
            await retry_failed_records(session, VERA, ended.id, trigger=SyncTrigger.API)


async def test_a_doubted_inventory_is_read_again_when_it_is_accepted(
    db: Database, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, inventory_doubted_at=datetime.now(UTC))
        record = await make_sync_record(
            session,
            instance_id=instance.id,
            status=SyncStatus.COMPLETED_WITH_ERRORS,
            error_code=Code.SUSPICIOUS_EMPTY,
        )

    async with db.write() as session:
        started = await accept_inventory(session, OTTO, record.id, trigger=SyncTrigger.API)

    [row] = await rows(db, "SELECT category FROM sync_sessions WHERE id = :id", id=started)
    assert row["category"] == SyncCategory.CAPACITY
    assert len(sent_jobs) == 1
    async with db.write() as session:
        await session.execute(text("UPDATE instances SET inventory_doubted_at = NULL"))
        with pytest.raises(Conflict):
            await accept_inventory(session, OTTO, record.id, trigger=SyncTrigger.API)
        with pytest.raises(NotFound):
            await accept_inventory(session, OTTO, 1, trigger=SyncTrigger.API)


async def test_retention_takes_what_is_old_and_leaves_the_rest(
    db: Database, sent_jobs: list[Job]
) -> None:
    old = datetime.now(UTC) - timedelta(days=400)
    async with db.write() as session:
        for at in (old, datetime.now(UTC)):
            await session.execute(
                text(
                    "INSERT INTO unified_logs (logged_at, level, module, event, fields)"
                    " VALUES (:at, 'info', 'm', 'e', '{}')"
                ),
                {"at": at},
            )
        gone = await make_sync_session(session, created_at=old, finished_at=old)
        open_one = await make_sync_session(session, created_at=old, status=SyncStatus.RUNNING)
        await make_sync_record(session, gone)
    rare = await planned(db, task=ScheduleTask.PARTITIONS)
    schedule_id = await planned(db)
    for days in (400, 300):
        async with db.write() as session:
            await session.execute(
                text(
                    "INSERT INTO scheduled_runs (schedule_id, scheduled_for, missed, created_at)"
                    " VALUES (:id, :at, 0, :at)"
                ),
                {"id": rare, "at": datetime.now(UTC) - timedelta(days=days)},
            )

    session_id = await run_now(db, schedule_id)
    await work(db, sent_jobs)

    left = {row["id"] for row in await rows(db, "SELECT id FROM sync_sessions")}
    [record] = await rows(
        db, "SELECT * FROM sync_instance_records WHERE session_id = :id", id=session_id
    )
    assert left == {open_one.id, session_id}
    assert len(await rows(db, "SELECT 1 FROM unified_logs")) == 1
    assert (record["status"], record["task"], record["items_removed"]) == (
        "COMPLETED",
        "RETENTION",
        3,
    )
    assert len(await rows(db, "SELECT 1 FROM scheduled_runs WHERE schedule_id = :id", id=rare)) == 1
