"""Saving a snapshot of 50,000 tables, against COPY of the same rows into an empty table."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import text

from benchmarks.measuring import medians, say
from whalefall.db import Database, copy_rows
from whalefall.domain.facts import Collected, TableFact
from whalefall.domain.sizes import Bytes, Count
from whalefall.resolvers.collection.snapshots import KEYS, VALUES, save_snapshot

TABLES = 50_000
TARGET = text("CREATE TABLE bench_copy (LIKE database_table_size_stats)")
EMPTY = text("TRUNCATE bench_copy")
DROP = text("DROP TABLE bench_copy")
DATABASE = text("SELECT min(id) FROM instance_databases")
ROW = ["database_id", "id", *KEYS, *VALUES]


async def bench_snapshots(db: Database) -> None:
    """Prints the ratios."""
    saver = Saver(db, await _first_database(db))
    measures = {"copy": saver.copy, "same": saver.save_same, "changed": saver.save_changed}
    seconds = await medians(measures)
    async with db.write() as session:
        await session.execute(DROP)
    print("Saving a snapshot of 50,000 tables")
    say("COPY of the rows, no index, no comparison", seconds["copy"], seconds["copy"], "it")
    say("nothing changed", seconds["same"], seconds["copy"], "COPY")
    say("10 % changed", seconds["changed"], seconds["copy"], "COPY")


class Saver:
    """The rows of one database, and three ways to save them."""

    def __init__(self, db: Database, database_id: int) -> None:
        self._db, self._database_id = db, database_id
        self._facts = [_fact(number) for number in range(TABLES)]
        self._turns = count(1)

    async def copy(self) -> None:
        rows = (_row(self._database_id, number, fact) for number, fact in enumerate(self._facts))
        async with self._db.write() as session:
            await session.execute(EMPTY)
            await copy_rows(session, "bench_copy", ROW, rows)

    async def save_same(self) -> None:
        await self._save(self._facts)

    async def save_changed(self) -> None:
        """Every tenth table has grown; the next time, and in `save_same`, that is the past."""
        turn = next(self._turns)
        self._facts = [
            replace(fact, size_bytes=Bytes((fact.size_bytes or 0) + 8192))
            if (number + turn) % 10 == 0
            else fact
            for number, fact in enumerate(self._facts)
        ]
        await self._save(self._facts)

    async def _save(self, facts: list[TableFact]) -> None:
        collected = Collected(items=facts, complete=True, source="bench")
        async with self._db.write() as session:
            now = datetime.now(UTC)
            await save_snapshot(session, self._database_id, collected, now=now, elapsed_ms=1)


async def _first_database(db: Database) -> int:
    async with db.write() as session:
        await session.execute(TARGET)
        return int((await session.execute(DATABASE)).scalar_one())


def _fact(number: int) -> TableFact:
    return TableFact(
        schema_name=f"schema_{number % 50}",
        table_name=f"table_with_a_usual_name_{number}",
        size_bytes=Bytes(number * 8192),
        data_bytes=Bytes(number * 4096),
        index_bytes=Bytes(number * 4096),
        lob_bytes=Bytes(0),
        row_count=Count(number * 10),
    )


def _row(database_id: int, number: int, fact: TableFact) -> tuple[object, ...]:
    values = vars(fact) | {"size_reason": fact.reason}
    return (database_id, number, *(values[name] for name in (*KEYS, *VALUES)))
