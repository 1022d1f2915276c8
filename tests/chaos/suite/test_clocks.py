"""F56: the clocks of workers and schedulers jump while they work."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.world import SEED, World, world

SHOPS = 6
CLOCKS = "tests.chaos.clocks"
HOUR, DAY = 3600, 86_400
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        yield made


def set_clock(clock: Path, seconds: int) -> None:
    """All at once: nobody reads half of it."""
    new = clock.with_suffix(".new")
    new.write_text(str(seconds))
    new.rename(clock)


async def test_clocks_jump(here: World, tmp_path: Path) -> None:
    """An hour back, a day on: nothing lasts less than no time, is done twice, or comes due."""
    clock = tmp_path / "clock"
    set_clock(clock, 0)
    await here.run("UPDATE schedules SET cron = '0 0 1 1 *', next_run_at = NULL")
    here.spawn("worker", 2, module=CLOCKS, clock=str(clock))
    here.spawn("scheduler", 1, module=CLOCKS, clock=str(clock))
    await here.until_running()
    for jump in (-HOUR, DAY, -DAY, 0):
        sessions = await here.refresh_all()
        await here.until("SELECT count(*) > 0 FROM sync_instance_records WHERE status = 'RUNNING'")
        set_clock(clock, jump)
        await here.until_ended()
        await here.assert_whole(sessions)
        wrong = await here.one(
            "SELECT max(abs(extract(epoch FROM collected_at - now()))) AS seconds"
            "  FROM table_snapshots"
        )
        assert (wrong["seconds"] > HOUR / 2) is (jump != 0)  # so the clock was wrong indeed

    seen = await here.one(
        "SELECT min(elapsed_ms) AS least, max(elapsed_ms) AS most, max(attempt) AS attempts,"
        "       (SELECT count(*) FROM scheduled_runs) AS runs"
        "  FROM sync_instance_records"
    )
    assert 0 < seen["least"] <= seen["most"] < 60_000
    assert (seen["attempts"], seen["runs"]) == (1, 0)
