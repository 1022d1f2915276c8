"""Q7: saving a snapshot of 50,000 tables, against COPY into a bare table and against upserts."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import asyncpg
from sqlalchemy import text

from benchmarks.measuring import medians
from benchmarks.reporting import Report
from whalefall.db import Database, copy_rows, plain_url
from whalefall.domain.facts import Collected, TableFact
from whalefall.domain.sizes import Bytes, Count
from whalefall.resolvers.collection.snapshots import KEYS, VALUES, save_snapshot

TITLE = "Q7, saving a snapshot of 50,000 tables"
TABLES = 50_000
COLUMNS = ("database_id", *KEYS, *VALUES)
DATABASE = text("""
    WITH instance AS (
        INSERT INTO instances (name, engine, host, port)
        VALUES ('snapshots', 'POSTGRESQL', 'db.example.com', 5432) RETURNING id)
    INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on)
    SELECT id, 'fifty_thousand', CURRENT_DATE, CURRENT_DATE FROM instance RETURNING id
""")
TARGETS = (
    text("CREATE TABLE bench_copy (LIKE database_table_size_stats)"),
    text(
        "CREATE TABLE bench_upsert (LIKE database_table_size_stats INCLUDING ALL)"
        " WITH (fillfactor = 85)"
    ),
)
EMPTY = text("TRUNCATE bench_copy")
DROP = text("DROP TABLE bench_copy, bench_upsert")
VACUUM = "VACUUM database_table_size_stats, bench_upsert"
WAL_BYTES = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
UPSERT = f"""
    INSERT INTO bench_upsert ({", ".join(COLUMNS)})
    VALUES ({", ".join(f"${number + 1}" for number in range(len(COLUMNS)))})
    ON CONFLICT (database_id, schema_name, table_name) DO UPDATE
       SET {", ".join(f"{name} = excluded.{name}" for name in VALUES)}
"""


async def bench_snapshots(db: Database) -> None:
    """Print and keep ratios of time, and the write-ahead log that each way takes."""
    async with db.write() as session:
        database_id = int((await session.execute(DATABASE)).scalar_one())
        for target in TARGETS:
            await session.execute(target)
    raw = await asyncpg.connect(plain_url(db.settings.database_url))
    saver = Saver(db, raw, database_id)
    measures = {
        "copy": saver.copy,
        "same": saver.save_same,
        "changed": saver.save_changed,
        "upsert same": saver.upsert_same,
        "upsert changed": saver.upsert_changed,
    }
    seconds = await medians(measures)
    written = {name: await saver.wal_bytes(measures[name]) for name in list(measures)[1:]}
    await raw.close()
    async with db.write() as session:
        await session.execute(DROP)
    Report("snapshots").table(TITLE, list(_table(seconds, written)))


def _table(seconds: Mapping[str, float], written: Mapping[str, int]) -> Iterator[list[str]]:
    yield ["way", "ms", "x COPY", "x executemany", "write-ahead log MB"]
    copy = seconds["copy"]
    yield ["COPY of the rows, no index, no comparison", f"{copy * 1000:.0f}", "1.00", "", ""]
    for name, title in (("same", "nothing changed"), ("changed", "10 % changed")):
        upserts = f"upsert {name}"
        for way, who in ((upserts, "executemany of upserts"), (name, "WhaleFall")):
            yield [
                f"{who}, {title}",
                f"{seconds[way] * 1000:.0f}",
                f"{seconds[way] / copy:.2f}",
                f"{seconds[way] / seconds[upserts]:.2f}",
                f"{written[way] / 1e6:.2f}",
            ]


class Facts:
    """What one reading after the other finds: 50,000 tables, of which some grow in between."""

    def __init__(self) -> None:
        self.items = [_fact(number) for number in range(TABLES)]
        self._turns = count(1)

    def grow(self) -> None:
        """Every tenth table; what is saved next is changed, and the same from then on."""
        turn = next(self._turns)
        self.items = [
            replace(fact, size_bytes=Bytes((fact.size_bytes or 0) + 8192))
            if (number + turn) % 10 == 0
            else fact
            for number, fact in enumerate(self.items)
        ]

    def rows(self, database_id: int) -> list[tuple[object, ...]]:
        return [_row(database_id, fact) for fact in self.items]


class Saver:
    """The ways to save the tables of one database; each has a table and a past of its own."""

    def __init__(self, db: Database, raw: asyncpg.Connection, database_id: int) -> None:
        self._db, self._raw, self._database_id = db, raw, database_id
        self._copied, self._saved, self._upserted = Facts(), Facts(), Facts()

    async def copy(self) -> None:
        rows = enumerate(self._copied.rows(self._database_id))
        async with self._db.write() as session:
            await session.execute(EMPTY)
            records = [(number, *row) for number, row in rows]
            await copy_rows(session, "bench_copy", ("id", *COLUMNS), records)

    async def save_same(self) -> None:
        collected = Collected(items=self._saved.items, complete=True, source="bench")
        async with self._db.write() as session:
            now = datetime.now(UTC)
            await save_snapshot(session, self._database_id, collected, now=now, elapsed_ms=1)

    async def save_changed(self) -> None:
        self._saved.grow()
        await self.save_same()

    async def upsert_same(self) -> None:
        await self._raw.executemany(UPSERT, self._upserted.rows(self._database_id))

    async def upsert_changed(self) -> None:
        self._upserted.grow()
        await self.upsert_same()

    async def wal_bytes(self, save: Callable[[], Awaitable[object]]) -> int:
        """What one saving adds to the write-ahead log, on tables without dead rows."""
        await self._raw.execute(VACUUM)
        before = await self._raw.fetchval(WAL_BYTES)
        await save()
        return int(await self._raw.fetchval(WAL_BYTES) - before)


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


def _row(database_id: int, fact: TableFact) -> tuple[object, ...]:
    values = vars(fact) | {"size_reason": fact.reason}
    return (database_id, *(values[name] for name in (*KEYS, *VALUES)))
