"""The life of a record: claimed once, kept by a lease, fenced, cancelled, lost and found again."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import make_credential, make_database, make_instance
from tests.fake_engine import FAKE, FakeServer, registered, table
from tests.waiting import until_waiting
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import SyncStatus, SyncTrigger
from whalefall.errors import ClosedDatabase, Code, Conflict, PermissionRequired, TargetProblem
from whalefall.queue import Job
from whalefall.resolvers.collection import collect_capacity, collect_table_sizes
from whalefall.resolvers.collection.claims import (
    GIVEN_UP,
    LeaseLost,
    Outcome,
    TargetBusy,
    claim_record,
    fence,
    finish,
    has_lost_a_worker,
    reap,
    renew,
    resend,
)
from whalefall.resolvers.instances import InstanceFilter
from whalefall.resolvers.sessions import (
    cancel_sync_session,
    start_capacity,
    start_capacity_of_many,
    start_table_sizes,
    wait_for_session,
)

WORKER = Actor.system("worker")


@pytest.fixture
async def server(db: Database) -> AsyncIterator[FakeServer]:
    with registered(FakeServer(tables=[table("a", 10), table("b", 20)])) as server:
        yield server


@pytest.fixture
async def database_id(db: Database, server: FakeServer) -> int:
    """A database on an instance of the scripted engine."""
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
        )
        return (await make_database(session, instance, name="shop")).id


async def start(db: Database, actor: Actor, database_id: int) -> int:
    async with db.write() as session:
        return await start_table_sizes(session, actor, database_id, trigger=SyncTrigger.API)


async def one(db: Database, sql: str) -> dict[str, Any]:
    async with db.read() as session:
        return dict((await session.execute(text(sql))).mappings().one())


async def run(db: Database, sql: str) -> None:
    async with db.write() as session:
        await session.execute(text(sql))


async def record(db: Database) -> dict[str, Any]:
    return await one(db, "SELECT * FROM sync_instance_records ORDER BY id DESC LIMIT 1")


async def session_row(db: Database) -> dict[str, Any]:
    return await one(db, "SELECT * FROM sync_sessions ORDER BY id DESC LIMIT 1")


async def test_a_refresh_teaches_search_the_names_of_its_tables(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs[0].ids["record_id"])

    found = await one(db, "SELECT array_agg(name ORDER BY name) AS names FROM table_names")
    assert found["names"] == ["a", "b"]


async def test_a_refresh_saves_the_snapshot_and_closes_its_session(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    session_id = await start(db, otto, database_id)
    (job,) = sent_jobs

    await collect_table_sizes(db, WORKER, job.ids["record_id"])

    assert await wait_for_session(db, session_id, 0)
    row, head = await record(db), await one(db, "SELECT * FROM table_snapshots")
    assert (row["status"], row["items_seen"], row["items_created"]) == ("COMPLETED", 2, 2)
    assert (await session_row(db))["status"] == "COMPLETED"
    assert (head["table_count"], head["complete"]) == (2, True)


async def test_databases_that_are_left_out_are_listed_and_not_measured(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    server.databases = {"shop": 1000, "tmp_1": 30, "tmpl": 4}
    await run(db, r"UPDATE instances SET exclude_databases = '{tmp\\_%}'")
    instance_id = (await one(db, "SELECT id FROM instances"))["id"]
    async with db.write() as session:
        await start_capacity(session, otto, instance_id, trigger=SyncTrigger.API)

    await collect_capacity(db, WORKER, sent_jobs[0].ids["record_id"])

    assert server.excluded == {"tmp_1"}
    assert (await record(db))["status"] == "COMPLETED"
    left = await one(db, "SELECT * FROM instance_databases WHERE name = 'tmp_1'")
    assert (left["is_active"], left["size_bytes"]) == (True, None)
    assert left["size_reason"] == "EXCLUDED"
    total = await one(db, "SELECT total_size_bytes, size_quality FROM instances")
    assert total == {"total_size_bytes": 1004, "size_quality": "EXACT"}


async def test_a_viewer_cannot_start_one(db: Database, vera: Actor, database_id: int) -> None:
    with pytest.raises(PermissionRequired):
        await start(db, vera, database_id)


async def test_a_second_caller_joins_the_running_refresh(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    started = await asyncio.gather(*(start(db, otto, database_id) for _ in range(5)))

    assert len(set(started)) == 1
    assert len(sent_jobs) == 1


async def test_a_job_delivered_twice_runs_once(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    record_id = sent_jobs[0].ids["record_id"]

    await asyncio.gather(*(collect_table_sizes(db, WORKER, record_id) for _ in range(3)))
    await collect_table_sizes(db, WORKER, record_id)

    assert server.connected == 1


async def test_a_failure_keeps_the_old_snapshot_and_says_why(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs.pop().ids["record_id"])
    server.problem = TargetProblem("Wrong password.", code=Code.AUTH_FAILED)

    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs.pop().ids["record_id"])

    row, head = await record(db), await one(db, "SELECT * FROM table_snapshots")
    assert (row["status"], row["error_code"], row["items_seen"]) == ("FAILED", "AUTH_FAILED", None)
    assert (head["table_count"], head["last_error_code"]) == (2, "AUTH_FAILED")
    assert (await one(db, "SELECT count(*) FROM database_table_size_stats"))["count"] == 2
    assert (await one(db, "SELECT last_error_code FROM instances"))["last_error_code"]


@pytest.mark.parametrize(
    "problem",
    [
        TargetProblem("No such database.", code=Code.DATABASE_NOT_FOUND),
        ClosedDatabase("It lets nobody in."),
    ],
)
async def test_what_is_wrong_with_one_database_is_no_failure_of_its_instance(
    db: Database,
    otto: Actor,
    database_id: int,
    server: FakeServer,
    sent_jobs: list[Job],
    problem: TargetProblem,
) -> None:
    server.problem = problem

    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs.pop().ids["record_id"])

    health = await one(db, "SELECT last_failure_at, last_error_code FROM instances")
    assert (await record(db))["error_code"] == problem.problem_code
    assert (health["last_failure_at"], health["last_error_code"]) == (None, None)


async def test_an_unexpected_error_fails_the_record_without_its_text(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    server.crash = RuntimeError("password=hunter2")

    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs[0].ids["record_id"])

    row = await record(db)
    assert (row["status"], row["error_code"]) == ("FAILED", "INTERNAL_ERROR")
    assert "hunter2" not in row["error_message"]


async def test_an_incomplete_reading_ends_with_errors_and_names_the_grants(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    server.complete, server.missing_grants = False, ["PROCESS"]

    await start(db, otto, database_id)
    await collect_table_sizes(db, WORKER, sent_jobs[0].ids["record_id"])

    row = await record(db)
    assert row["status"] == "COMPLETED_WITH_ERRORS"
    assert row["error_code"] == "TARGET_PERMISSION_DENIED"
    assert "PROCESS" in row["error_message"]
    assert (await session_row(db))["status"] == "COMPLETED_WITH_ERRORS"


async def test_cancelling_stops_the_reading_and_stays_cancelled(
    db: Database,
    ada: Actor,
    database_id: int,
    server: FakeServer,
    sent_jobs: list[Job],
) -> None:
    server.gate = asyncio.Event()
    session_id = await start(db, ada, database_id)
    working = asyncio.create_task(collect_table_sizes(db, WORKER, sent_jobs[0].ids["record_id"]))
    await server.reached.wait()

    async with db.write() as session:
        await cancel_sync_session(session, ada, session_id)
    await asyncio.wait_for(working, 5)

    assert server.cancelled == 1
    assert (await record(db))["status"] == "CANCELLED"
    assert (await session_row(db))["status"] == "CANCELLED"
    with pytest.raises(Conflict):
        async with db.write() as session:
            await cancel_sync_session(session, ada, session_id)


async def test_cancelling_what_waits_needs_no_worker(
    db: Database, ada: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    session_id = await start(db, ada, database_id)

    async with db.write() as session:
        await cancel_sync_session(session, ada, session_id)
    await collect_table_sizes(db, WORKER, sent_jobs[0].ids["record_id"])

    assert (await session_row(db))["status"] == "CANCELLED"
    assert server.connected == 0


async def test_cancelling_in_the_middle_keeps_what_is_done_and_begins_nothing_more(
    db: Database, ada: Actor, server: FakeServer, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        for _ in range(10):
            await make_instance(session, engine=FAKE, host="127.0.0.1", credential_id=credential.id)
        session_id = await start_capacity_of_many(
            session, ada, InstanceFilter(), trigger=SyncTrigger.API
        )
    ids = [job.ids["record_id"] for job in sent_jobs]
    for record_id in ids[:2]:
        await collect_capacity(db, WORKER, record_id)
    server.reached.clear()
    server.gate = asyncio.Event()
    third = asyncio.create_task(collect_capacity(db, WORKER, ids[2]))
    await server.reached.wait()

    async with db.write() as session:
        await cancel_sync_session(session, ada, session_id)
    await asyncio.wait_for(third, 5)
    for record_id in ids[3:]:
        await collect_capacity(db, WORKER, record_id)

    ended = await one(
        db,
        "SELECT count(*) FILTER (WHERE status = 'COMPLETED') AS completed,"
        " count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled FROM sync_instance_records",
    )
    assert (len(ids), ended) == (10, {"completed": 2, "cancelled": 8})
    assert (await session_row(db))["status"] == "CANCELLED"
    assert server.connected == 3


async def test_an_operator_cannot_cancel(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    session_id = await start(db, otto, database_id)

    with pytest.raises(PermissionRequired):
        async with db.write() as session:
            await cancel_sync_session(session, otto, session_id)


async def test_one_target_is_read_by_one_job_at_a_time(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    """The second job is turned away and sent again when the first has finished."""
    instance_id = (await one(db, "SELECT id FROM instances"))["id"]
    server.gate = asyncio.Event()
    await start(db, otto, database_id)
    async with db.write() as session:
        await start_capacity(session, otto, instance_id, trigger=SyncTrigger.API)
    tables, capacity = sent_jobs
    sent_jobs.clear()
    reading = asyncio.create_task(collect_table_sizes(db, WORKER, tables.ids["record_id"]))
    await server.reached.wait()

    await collect_capacity(db, WORKER, capacity.ids["record_id"])
    server.gate.set()
    await reading

    assert sent_jobs == [capacity]
    await collect_capacity(db, WORKER, capacity.ids["record_id"])
    assert server.most_at_once == 1
    assert (await record(db))["status"] == "COMPLETED"


async def test_a_silent_workers_record_is_lost_then_sent_again_and_done_once(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    record_id = sent_jobs.pop().ids["record_id"]
    async with db.write() as session:
        dead = await claim_record(session, record_id)
    assert dead is not None
    await run(
        db,
        "UPDATE sync_instance_records SET lease_expires_at = now() - interval '1 s',"
        " sent_at = now() - interval '31 s'",
    )
    await run(db, "UPDATE target_leases SET expires_at = now() - interval '1 s'")

    async with db.write() as session:
        await reap(session)
    lost = await record(db)
    async with db.write() as session:
        await resend(session)
    await collect_table_sizes(db, WORKER, sent_jobs.pop().ids["record_id"])

    row = await record(db)
    assert lost["status"] == "LOST"
    assert (row["status"], row["attempt"]) == ("COMPLETED", 2)
    with pytest.raises(LeaseLost):
        async with db.write() as session:
            await fence(session, dead)
    with pytest.raises(LeaseLost):
        async with db.write() as session:
            await renew(session, dead)


@pytest.mark.parametrize(
    ("status", "lease", "attempt", "has_lost"),
    [
        ("PENDING", None, 0, False),
        ("PENDING", None, 1, False),  # handed back by a worker that was told to stop
        ("RUNNING", "30 s", 1, False),
        ("RUNNING", "-1 s", 1, True),
        ("LOST", None, 1, True),
        ("COMPLETED", None, 2, False),
    ],
)
async def test_only_what_has_lost_its_worker_works_alone(
    db: Database,
    otto: Actor,
    database_id: int,
    sent_jobs: list[Job],
    status: str,
    lease: str | None,
    attempt: int,
    has_lost: bool,
) -> None:
    """Copies of a job that runs, or is done, come all the time: they may hold nobody up."""
    await start(db, otto, database_id)
    record_id = sent_jobs.pop().ids["record_id"]
    expires = "NULL" if lease is None else f"now() + interval '{lease}'"
    await run(
        db,
        f"UPDATE sync_instance_records SET status = '{status}', attempt = {attempt},"
        f" lease_expires_at = {expires}",
    )

    async with db.read() as session:
        assert await has_lost_a_worker(session, record_id) is has_lost


async def test_a_heartbeat_behind_its_own_commit_finds_nothing_lost(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    async with db.write() as session:
        claim = await claim_record(session, sent_jobs[0].ids["record_id"])
    assert claim is not None
    async with db.write() as session:
        await finish(session, claim, Outcome(status=SyncStatus.COMPLETED, elapsed_ms=1))

    async with db.write() as session:
        is_asked_to_stop = await renew(session, claim)

    row = await record(db)
    assert not is_asked_to_stop
    assert (row["status"], row["lease_expires_at"]) == ("COMPLETED", None)


async def test_a_record_that_lost_three_workers_is_given_up(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    await run(
        db,
        "UPDATE sync_instance_records SET status = 'RUNNING', attempt = 3,"
        " lease_expires_at = now() - interval '1 s'",
    )

    async with db.write() as session:
        await reap(session)

    row = await record(db)
    assert (row["status"], row["error_code"]) == ("FAILED", "INTERNAL_ERROR")
    assert row["error_message"] == GIVEN_UP
    assert (await session_row(db))["status"] == "FAILED"


async def test_a_job_that_never_arrived_is_sent_again(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    (job,) = sent_jobs
    await run(db, "UPDATE sync_instance_records SET sent_at = now() - interval '1 minute'")

    async with db.write() as session:
        await resend(session)
        again = await resend(session)

    assert sent_jobs == [job, job]
    assert again == 0


async def test_a_busy_target_turns_a_claim_away_without_counting_it(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    await run(
        db,
        "INSERT INTO target_leases SELECT id, 999, 1, now() + interval '1 minute' FROM instances",
    )

    with pytest.raises(TargetBusy):
        async with db.write() as session:
            await claim_record(session, sent_jobs[0].ids["record_id"])

    row = await record(db)
    assert (row["status"], row["attempt"]) == ("PENDING", 0)


async def test_a_worker_told_to_stop_hands_its_record_back(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    server.gate = asyncio.Event()
    await start(db, otto, database_id)
    record_id = sent_jobs[0].ids["record_id"]
    working = asyncio.create_task(collect_table_sizes(db, WORKER, record_id))
    await server.reached.wait()

    working.cancel()
    await asyncio.wait({working})

    assert (await record(db))["status"] == "LOST"
    assert (await one(db, "SELECT count(*) FROM target_leases"))["count"] == 0


@pytest.fixture
async def slow_commits(db: Database) -> AsyncIterator[None]:
    """Commits of claims wait for whoever holds advisory lock 1."""
    await run(
        db,
        "CREATE FUNCTION commit_slowly() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'",
    )
    await run(
        db,
        "CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON target_leases"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_slowly()",
    )
    yield
    await run(db, "DROP FUNCTION commit_slowly CASCADE")


@pytest.mark.usefixtures("slow_commits")
async def test_a_worker_told_to_stop_while_it_claims_hands_the_record_back(
    db: Database, otto: Actor, database_id: int, sent_jobs: list[Job]
) -> None:
    await start(db, otto, database_id)
    async with db.write() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        record_id = sent_jobs[0].ids["record_id"]
        working = asyncio.create_task(collect_table_sizes(db, WORKER, record_id))
        await until_waiting(db)
        working.cancel()
    await asyncio.wait({working})

    assert working.cancelled()
    assert (await record(db))["status"] == "LOST"
    assert (await one(db, "SELECT count(*) FROM target_leases"))["count"] == 0


async def test_capacity_writes_inventory_sizes_and_health(
    db: Database, otto: Actor, database_id: int, server: FakeServer, sent_jobs: list[Job]
) -> None:
    instance_id = (await one(db, "SELECT id FROM instances"))["id"]
    server.databases = {"shop": 1000, "crm": 500, "closed": None}

    async with db.write() as session:
        await start_capacity(session, otto, instance_id, trigger=SyncTrigger.API)
    await collect_capacity(db, WORKER, sent_jobs[0].ids["record_id"])

    row, instance = await record(db), await one(db, "SELECT * FROM instances")
    assert (row["status"], row["items_seen"], row["items_created"]) == ("COMPLETED", 2, 2)
    assert (instance["total_size_bytes"], instance["size_quality"]) == (1500, "PARTIAL")
    assert instance["version"] == "Fake 1.2"
    assert instance["last_success_at"] is not None
