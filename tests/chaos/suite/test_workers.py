"""Workers that are told to stop, poisoned, starved, and asked for what is being deleted."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos import poison
from tests.chaos.pages import PATIENCE_SECONDS
from tests.chaos.world import SEED, World, world
from tests.factories import ADA, OTTO, make_credential, make_database, make_instance
from tests.fake_engine import FAKE
from whalefall.domain.engines import ENGINES, EngineKind
from whalefall.domain.states import SyncTrigger
from whalefall.errors import Problem
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.instances.purging import purge_instances
from whalefall.resolvers.instances.recycling import recycle_instances
from whalefall.resolvers.sessions import start_capacity

SHOPS, ROUNDS = 6, 100
POISON = "tests.chaos.poison"
HARMFUL = (
    ("127.0.0.1:1", poison.KILLS),
    ("127.0.0.1:2", poison.EATS),
    ("127.0.0.1:3", poison.STARVES),
)
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        yield made


async def harmful(here: World, port: int) -> int:
    """A database on a server that does harm."""
    ENGINES[FAKE] = EngineKind(label="Fake", badge="FK", default_port=1, default_database="main")
    async with here.db.write() as session:
        credential = await make_credential(session, here.db.keys)
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", port=port, credential_id=credential.id
        )
        return (await make_database(session, instance, name="shop")).id


def spawn_poisoned(here: World) -> None:
    allowed = ",".join([*here.settings.targets_allow, *(address for address, _ in HARMFUL)])
    here.spawn("worker", module=POISON, targets_allow=allowed)


async def test_a_job_that_comes_again_changes_nothing(here: World) -> None:
    """F43: its worker was killed after the commit, or before; the broker sends it once more."""
    here.spawn("worker", 2)
    here.spawn("scheduler")
    await here.until_running()
    for database_id in here.database_ids:
        session = await here.refresh(database_id)
        await here.until("SELECT count(*) = 0 FROM sync_instance_records WHERE status = 'RUNNING'")
        here.kill_one("worker")
        await here.until_ended()
        before = await here.one(
            "SELECT record.id, record.attempt, head.collected_at"
            "  FROM sync_instance_records AS record"
            "  JOIN table_snapshots AS head USING (database_id)"
            " WHERE record.session_id = :id",
            id=session,
        )
        broker = make_broker(here.settings.redis_url)
        send(broker, Job("collect_table_sizes", {"record_id": before["id"]}))
        broker.close()
        other = await here.refresh(here.database_ids[0])
        await here.until_ended()
        after = await here.one(
            "SELECT id, attempt FROM sync_instance_records WHERE id = :id", id=before["id"]
        )
        assert after == {"id": before["id"], "attempt": before["attempt"]}
        await here.assert_whole([session, other])


async def test_a_job_that_kills_every_worker_is_given_up(here: World) -> None:
    """F44: after three of them; the others go on."""
    here.spawn("scheduler")
    database_id = await harmful(here, poison.KILLS)
    session = await here.refresh(database_id)
    others = await here.refresh_all()
    spawn_poisoned(here)

    async def revive() -> None:
        while True:
            for worker in [one for one in here.processes["worker"] if one.poll() is not None]:
                here.processes["worker"].remove(worker)
                spawn_poisoned(here)
            await asyncio.sleep(0.1)

    reviving = asyncio.create_task(revive())
    await here.until_ended(4 * PATIENCE_SECONDS)
    reviving.cancel()

    record = await here.one(
        "SELECT status, attempt, error_code FROM sync_instance_records WHERE session_id = :id",
        id=session,
    )
    assert record == {"status": "FAILED", "attempt": 3, "error_code": "INTERNAL_ERROR"}
    await here.assert_whole(others)


async def test_workers_are_told_to_stop(here: World) -> None:
    """F45: they finish what they do, or hand it back at once."""
    here.spawn("scheduler")
    for _ in range(5):
        here.spawn("worker", 2)
        sessions = await here.refresh_all()
        await here.until("SELECT count(*) > 0 FROM sync_instance_records WHERE status <> 'PENDING'")
        for worker in here.processes["worker"]:
            worker.send_signal(signal.SIGTERM)
        for worker in here.processes["worker"]:
            # One that was still starting has nothing to finish, and ends by the signal itself.
            assert await asyncio.to_thread(worker.wait, 30) in (0, -signal.SIGTERM)
        here.processes.pop("worker")
        left = await here.one(
            "SELECT count(*) AS count FROM sync_instance_records WHERE status = 'RUNNING'"
        )
        assert left == {"count": 0}
        here.spawn("worker")
        await here.until_ended()
        await here.assert_whole(sessions)


async def test_a_reading_that_fits_into_no_memory_fails_alone(here: World) -> None:
    """F47: with a reason, once, and its worker goes on."""
    here.spawn("scheduler")
    spawn_poisoned(here)
    [worker] = here.processes["worker"]
    session = await here.refresh(await harmful(here, poison.EATS))
    others = await here.refresh_all()
    await here.until_ended()

    record = await here.one(
        "SELECT status, attempt, error_code FROM sync_instance_records WHERE session_id = :id",
        id=session,
    )
    assert record == {"status": "FAILED", "attempt": 1, "error_code": "INTERNAL_ERROR"}
    assert worker.poll() is None
    await here.assert_whole(others)


async def test_a_starved_worker_keeps_its_lease(here: World) -> None:
    """F48: another thread of its takes all it can get, for longer than a lease."""
    here.spawn("scheduler")
    spawn_poisoned(here)
    session = await here.refresh(await harmful(here, poison.STARVES))
    await here.until_ended(2 * PATIENCE_SECONDS)

    record = await here.one(
        "SELECT status, attempt FROM sync_instance_records WHERE session_id = :id", id=session
    )
    assert record == {"status": "COMPLETED", "attempt": 1}


async def test_what_is_being_read_is_deleted(here: World) -> None:
    """F50: a refresh, a collection and the deletion at once, in any order, a hundred times."""
    here.spawn("worker", 2)
    here.spawn("scheduler")
    await here.until_running()
    async with here.db.write() as session:
        row = await here.one("SELECT * FROM instances ORDER BY id LIMIT 1")
        made = [
            await make_database(
                session,
                await make_instance(
                    session,
                    engine=row["engine"],
                    host=row["host"],
                    port=row["port"],
                    credential_id=row["credential_id"],
                ),
                name="shop_0",
            )
            for _ in range(ROUNDS)
        ]
    problems: list[tuple[str, str, str | None]] = []

    async def ask(what: str, database_id: int, instance_id: int) -> None:
        await asyncio.sleep(here.random.uniform(0, 0.05))
        try:
            async with here.db.write() as session:
                if what == "refresh":
                    await here.refresh(database_id)
                elif what == "collect":
                    await start_capacity(session, OTTO, instance_id, trigger=SyncTrigger.API)
                else:
                    await recycle_instances(session, ADA, [instance_id])
        except Problem as problem:
            problems.append((what, problem.problem_code, problem.cause))

    for one in made:
        names = ["refresh", "collect", "delete"]
        here.random.shuffle(names)
        await asyncio.gather(*(ask(name, one.id, one.instance_id) for name in names))
    assert {
        problem
        for problem in problems
        if problem[0] == "delete" or problem[1] not in ("NOT_FOUND", "CONFLICT")
    } == set()
    await here.until_ended(2 * PATIENCE_SECONDS)
    async with here.db.write() as session:
        assert await purge_instances(session, ADA, [one.instance_id for one in made]) == ROUNDS

    ids = [one.id for one in made]
    for table in ("table_snapshots", "database_table_size_stats", "database_size_stats"):
        left = await here.one(
            f"SELECT count(*) AS count FROM {table} WHERE database_id = ANY(:ids)", ids=ids
        )
        assert left == {"count": 0}
    endings = await here.all("SELECT DISTINCT status FROM sync_instance_records")
    assert {row["status"] for row in endings} <= {"COMPLETED", "CANCELLED", "FAILED"}


async def test_a_password_is_changed_in_the_middle(here: World) -> None:
    """F52: who has begun ends with the old one, who comes later has the new one."""
    here.spawn("worker")
    here.spawn("scheduler")
    await here.until_running()
    database_id = here.database_ids[0]
    running = await here.refresh(database_id)
    await here.until("SELECT count(*) > 0 FROM sync_instance_records WHERE progress > 0.2")
    await here.run("UPDATE credentials SET username = 'nobody_here'")
    await here.until_ended()
    later = await here.refresh(database_id)
    await here.until_ended()

    ended = await here.all(
        "SELECT session_id, status, error_code FROM sync_instance_records"
        " WHERE session_id = ANY(:ids) ORDER BY session_id",
        ids=[running, later],
    )
    assert [(row["status"], row["error_code"]) for row in ended] == [
        ("COMPLETED", None),
        ("FAILED", "AUTH_FAILED"),
    ]
