"""F53: who reads while snapshots are swapped sees one of them, whole."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.factories import VERA, make_database
from tests.fake_engine import table
from whalefall.db import Database
from whalefall.domain.facts import Collected
from whalefall.domain.paging import PageRequest
from whalefall.resolvers.collection.snapshots import save_snapshot
from whalefall.resolvers.table_sizes import list_table_sizes

SWAPS, READS, READERS = 200, 10_000, 8
pytestmark = pytest.mark.timeout(600)


async def test_no_reading_is_empty_or_mixed(db: Database) -> None:
    """Every table of a snapshot has its number as its size; a page has but one of them."""
    async with db.write() as session:
        database_id = (await make_database(session)).id

    async def swap(number: int) -> None:
        tables = [table(f"t{each}", number + 1) for each in range(40 + number % 20)]
        collected = Collected(items=tables, complete=True, source="test")
        async with db.write() as session:
            now = datetime.now(UTC)
            await save_snapshot(session, database_id, collected, now=now, elapsed_ms=1)

    reads = 0
    done = asyncio.Event()

    async def read() -> None:
        nonlocal reads
        while not done.is_set() or reads < READS:
            async with db.read() as session:
                page = PageRequest(first=200)
                rows = (await list_table_sizes(session, VERA, database_id, page=page)).rows
            sizes = {row.size_bytes for row in rows}
            assert len(sizes) == 1, sizes
            [size] = sizes
            assert len(rows) == 40 + ((size or 0) - 1) % 20
            reads += 1

    await swap(0)
    reading = [asyncio.create_task(read()) for _ in range(READERS)]
    for number in range(1, SWAPS + 1):
        await swap(number)
    done.set()
    await asyncio.gather(*reading)
    assert reads >= READS
