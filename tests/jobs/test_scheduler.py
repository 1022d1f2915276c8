"""A round of the scheduler: what goes wrong in one part keeps no other from its turn."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.factories import make_schedule
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.jobs import scheduler
from whalefall.queue import Job


@pytest.mark.parametrize("broken", [RuntimeError("no"), ServiceUnavailable("away")])
async def test_a_part_that_fails_leaves_the_others_their_turn(
    db: Database,
    sent_jobs: list[Job],
    monkeypatch: pytest.MonkeyPatch,
    broken: Exception,
) -> None:
    async def keep_partitions(db: Database, actor: Actor) -> int:
        raise broken

    monkeypatch.setattr(scheduler, "keep_partitions", keep_partitions)
    async with db.write() as session:
        await make_schedule(session, next_run_at=datetime.now(UTC) - timedelta(seconds=3))

    await scheduler.tick(db)

    assert [job.name for job in sent_jobs] == ["do_task"]
    async with db.read() as reading:
        assert (await reading.execute(text("SELECT count(*) FROM scheduled_runs"))).scalar() == 1
