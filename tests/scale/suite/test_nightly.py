"""The nightly reading of a thousand instances: in half an hour, and every one accounted for."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks.installation import installed, opened
from tests.scale import nightly
from tests.scale.nightly import FIRST_PORT, INSTANCES, Fate, server_at
from whalefall.settings import Settings

MOST_SECONDS = 30 * 60
WORKERS = 2
pytestmark = pytest.mark.timeout(2 * MOST_SECONDS)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with installed(tmp_path) as made:
        yield made


async def test_a_thousand_instances_in_one_night(settings: Settings, nights: list[float]) -> None:
    servers = [server_at(FIRST_PORT + place) for place in range(INSTANCES)]
    fates = Counter(server.fate for server in servers)
    assert (fates[Fate.HANGS], fates[Fate.FAILS]) == (30, 20)
    async with opened(settings) as db:
        await nightly.furnish(db)
    began = time.monotonic()
    with nightly.working(settings, WORKERS):
        await nightly.run_tonight(settings, MOST_SECONDS)
    took = time.monotonic() - began

    async with opened(settings) as db, db.read() as session:
        found = (await session.execute(text(nightly.CODES))).mappings()
        records = {(row["status"], row["error_code"]): dict(row) for row in found}

        async def one(sql: str) -> dict[str, Any]:
            return dict((await session.execute(text(sql))).mappings().one())

        ended = await one("SELECT count(*) AS sessions, min(status) AS status FROM sync_sessions")
        sized = await one(
            "SELECT count(*) AS instances, sum(database_count) AS databases,"
            " count(*) FILTER (WHERE quality = 'EXACT') AS exact FROM instance_size_stats"
        )
        held = await one("SELECT count(*) AS leases FROM target_leases")

    counts = {key: row["records"] for key, row in records.items()}
    assert counts == {
        ("COMPLETED", None): fates[Fate.ANSWERS],
        ("FAILED", "DATABASE_CONNECTION_ERROR"): fates[Fate.FAILS],
        ("FAILED", "DATABASE_TIMEOUT"): fates[Fate.HANGS],
    }
    assert sum(row["instances"] for row in records.values()) == INSTANCES
    assert {row["attempts"] for row in records.values()} == {1}
    assert ended == {"sessions": 1, "status": "COMPLETED_WITH_ERRORS"}
    answered = [server.databases for server in servers if server.fate is Fate.ANSWERS]
    assert sized == {
        "instances": len(answered),
        "databases": sum(answered),
        "exact": len(answered),
    }
    assert held == {"leases": 0}
    assert took < MOST_SECONDS
    nights.append(took)
