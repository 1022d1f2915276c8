"""What is killed, paused, emptied or asked by too many at once leaves nothing half done."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis

from tests.chaos.pages import PATIENCE_SECONDS
from tests.chaos.world import SEED, World, world

KILLS, PER_ROUND, SHOPS = 100, 5, 12
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        yield made


async def test_workers_are_killed_a_hundred_times(here: World) -> None:
    """F42: each at another point of its work; what they had is done once, within a minute."""
    here.spawn("worker", 4)
    here.spawn("scheduler", 2)
    for _ in range(KILLS // PER_ROUND):
        sessions = await here.refresh_all()
        for _ in range(PER_ROUND):
            await asyncio.sleep(here.random.uniform(0, 0.5))
            here.kill_one("worker")
        await here.until_ended()
        await here.assert_whole(sessions)


async def test_the_database_is_killed_in_the_middle(here: World) -> None:
    """F32: snapshots are wholly old or wholly new, and all goes on by itself."""
    here.spawn("worker", 2)
    here.spawn("scheduler", 1)
    for _ in range(5):
        sessions = await here.refresh_all()
        await asyncio.sleep(here.random.uniform(0.2, 1.5))
        await here.kill_database()
        await here.until_ended()
        await here.assert_whole(sessions)


async def test_the_broker_forgets_everything(here: World) -> None:
    """F39: what was queued is sent again."""
    sessions = await here.refresh_all()

    redis.Redis.from_url(here.settings.redis_url).flushall()
    here.spawn("worker", 2)
    here.spawn("scheduler", 1)

    await here.until_ended()
    await here.assert_whole(sessions)


async def test_a_paused_worker_that_wakes_up_writes_nothing(here: World) -> None:
    """F46: another one has done its work meanwhile."""
    here.spawn("worker", 1)
    here.spawn("scheduler", 1)
    await here.until_running()
    [sleeper] = here.processes["worker"]
    session = await here.refresh(here.database_ids[0])
    await here.until("SELECT count(*) > 0 FROM sync_instance_records WHERE status = 'RUNNING'")
    sleeper.send_signal(signal.SIGSTOP)
    here.spawn("worker", 1)
    await here.until_ended()
    before = await here.one("SELECT collected_at FROM table_snapshots")

    sleeper.send_signal(signal.SIGCONT)
    other = await here.refresh(here.database_ids[1])
    await here.until_ended()

    after = await here.one(
        "SELECT collected_at FROM table_snapshots WHERE database_id = :id",
        id=here.database_ids[0],
    )
    record = await here.one(
        "SELECT attempt FROM sync_instance_records WHERE session_id = :id", id=session
    )
    assert before == after
    assert record["attempt"] == 2
    await here.assert_whole([session, other])


async def test_twenty_callers_are_one_refresh(here: World) -> None:
    """F49: fifty times, and never two sessions for one."""
    here.spawn("worker", 2)
    here.spawn("scheduler", 1)
    database_id = here.database_ids[0]
    ended = []
    for _ in range(50):
        asked = await asyncio.gather(*(here.refresh(database_id) for _ in range(20)))
        assert len(set(asked)) == 1
        ended.append(asked[0])
        await here.until_ended()
    assert len(set(ended)) == 50
    await here.assert_whole(ended)
    assert here.proxy.most_at_once <= 2  # one that reads, and one that ends it


async def test_schedulers_begin_each_time_once(here: World) -> None:
    """F51: three, one killed again and again, while every task is due every minute."""
    here.spawn("worker", 1)
    here.spawn("scheduler", 3)
    await here.run("UPDATE schedules SET cron = '* * * * *', next_run_at = NULL")
    for _ in range(12):
        await asyncio.sleep(10)
        here.kill_one("scheduler")
    await here.until_ended(PATIENCE_SECONDS)

    runs = await here.all("SELECT schedule_id, scheduled_for, session_id FROM scheduled_runs")
    assert len(runs) >= 4
    assert len({(run["schedule_id"], run["scheduled_for"]) for run in runs}) == len(runs)
    begun = await here.all("SELECT id FROM sync_sessions WHERE trigger = 'SCHEDULED'")
    assert {run["session_id"] for run in runs} - {None} == {row["id"] for row in begun}
