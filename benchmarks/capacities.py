"""Capacity: summing up a month of 100,000 databases, the page's queries, saving 5,000 databases."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from benchmarks.installation import BENCH, installed, opened
from benchmarks.measuring import Measured, medians
from benchmarks.reporting import Report
from whalefall.db import Database
from whalefall.domain.facts import Collected, DatabaseFact, DatabaseSizeFact
from whalefall.domain.paging import Direction, OrderBy, PageRequest
from whalefall.domain.periods import span_of
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import AggregationPeriod
from whalefall.resolvers.aggregation.computing import DATABASES, INSTANCES
from whalefall.resolvers.aggregation.keeping import sum_up_alone, sum_up_today
from whalefall.resolvers.aggregation.ranking import latest_period, list_database_sums, past_of
from whalefall.resolvers.aggregation.reading import (
    DatabaseAggregationFilter,
    DatabaseAggregationOrderField,
)
from whalefall.resolvers.aggregation.summary import SUMMARY, capacity_summary
from whalefall.resolvers.collection.inventory import save_inventory, save_sizes
from whalefall.resolvers.growth_events import record_growth
from whalefall.resolvers.partitions import create_partitions
from whalefall.settings import Settings

INSTANCE_COUNT, EACH, DAYS = 500, 200, 30
SAVED = 5_000
MONTH = AggregationPeriod.MONTHLY
FIRST = date(2026, 6, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
FILL = (
    text("""
        INSERT INTO instances (name, engine, host, port)
        SELECT 'server-' || n, 'POSTGRESQL', 'db.example.com', 5432
          FROM generate_series(1, :instances) AS n
    """),
    text("""
        INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on, size_bytes,
                                        size_quality)
        SELECT server.id, 'database-' || n, :first, :first, 1000, 'EXACT'
          FROM instances AS server, generate_series(1, :each) AS n
    """),
    text("""
        INSERT INTO database_size_stats (database_id, stat_date, instance_id, size_bytes,
                                         data_bytes, quality, collected_at)
        SELECT known.id, day, known.instance_id, 1000000 + known.id * 1000 + (day - :first) * 99,
               1000000, 'EXACT', day
          FROM instance_databases AS known,
               LATERAL (SELECT CAST(:first AS date) + n AS day
                          FROM generate_series(0, :days - 1) AS n) AS days
    """),
    text("""
        INSERT INTO instance_size_stats (instance_id, stat_date, total_bytes, database_count,
                                         quality, collected_at)
        SELECT instance_id, stat_date, sum(size_bytes), count(*), 'EXACT', max(collected_at)
          FROM database_size_stats GROUP BY instance_id, stat_date
    """),
)
BARE_TABLE = text("""
    CREATE TABLE bench_sums (database_id bigint, period_start date, avg_bytes bigint,
                             min_bytes bigint, max_bytes bigint, readings bigint,
                             PRIMARY KEY (database_id, period_start))
""")
BARE = text("""
    INSERT INTO bench_sums
    SELECT database_id, :first, avg(size_bytes)::bigint, min(size_bytes), max(size_bytes), count(*)
      FROM database_size_stats WHERE stat_date BETWEEN :first AND :last GROUP BY database_id
""")
EMPTY = text("TRUNCATE bench_sums")
TOP = text("""
    SELECT * FROM database_size_aggregations
     WHERE period = 'MONTHLY' AND period_start = :first
     ORDER BY change_bytes DESC NULLS LAST, id DESC LIMIT 21
""")
PAST = text("""
    SELECT database_id, period_start, avg_bytes FROM database_size_aggregations
     WHERE database_id = ANY(:ids) AND period = 'MONTHLY' AND period_start >= :first
     ORDER BY database_id, period_start
""")
BARE_SAVE = text("""
    INSERT INTO bench_sizes SELECT n, :today, 1000 + n FROM generate_series(1, :saved) AS n
        ON CONFLICT (database_id, stat_date) DO UPDATE SET size_bytes = excluded.size_bytes
""")


def bench_capacity(folder: Path, rounds: int) -> None:
    """Print and keep the three tables."""
    with installed(folder / "capacity") as settings:
        asyncio.run(_bench(settings, rounds))


async def _bench(settings: Settings, rounds: int) -> None:
    async with opened(settings) as db:
        await _fill(db)
        report = Report("capacity")
        summed = await medians({"bare": lambda: _bare(db), "ours": lambda: _sum_up(db)}, 3)
        report.table("Summing up a month of 100,000 databases", list(_against(summed)))
        asked = await medians(_questions(db), rounds)
        report.table("The capacity page's queries on it", list(_pairs(asked)))
        saved = await medians({"bare": lambda: _bare_save(db), "ours": lambda: _save(db)}, 5)
        report.table(f"Saving an instance of {SAVED:,} databases", list(_against(saved)))


async def _fill(db: Database) -> None:
    began = time.monotonic()
    values = {"instances": INSTANCE_COUNT, "each": EACH, "first": FIRST, "days": DAYS}
    async with db.write() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await create_partitions(session, [FIRST])
        for statement in FILL:
            known = {name: values[name] for name in statement._bindparams}
            await session.execute(statement, known)
        for statement in (
            BARE_TABLE,
            text(
                "CREATE TABLE bench_sizes (database_id bigint, stat_date date, size_bytes bigint,"
                " PRIMARY KEY (database_id, stat_date))"
            ),
            text("ANALYZE"),
        ):
            await session.execute(statement)
    print(f"3 million sizes in {time.monotonic() - began:.0f} s", flush=True)


async def _bare(db: Database) -> None:
    async with db.write() as session:
        await session.execute(EMPTY)
        await session.execute(BARE, {"first": FIRST, "last": LAST})


async def _sum_up(db: Database) -> None:
    """The whole work of one period: made anew, compared, and what is gone taken away."""
    span = span_of(MONTH, FIRST)
    for level in (DATABASES, INSTANCES):
        await sum_up_alone(db, level, MONTH, span, LAST)


def _questions(db: Database) -> Mapping[str, Measured]:
    filter = DatabaseAggregationFilter(period=MONTH, start=FIRST, end=FIRST)
    order = OrderBy(DatabaseAggregationOrderField.CHANGE, Direction.DESC)

    async def ranked() -> None:
        async with db.read() as session:
            await list_database_sums(session, BENCH, filter, order, PageRequest(first=20))

    async def ranked_bare() -> None:
        async with db.read() as session:
            (await session.execute(TOP, {"first": FIRST})).all()

    async def past() -> None:
        async with db.read() as session:
            await past_of(session, BENCH, DATABASES, range(1, 51), MONTH, FIRST)

    async def past_bare() -> None:
        async with db.read() as session:
            (await session.execute(PAST, {"ids": list(range(1, 51)), "first": FIRST})).all()

    async def summary() -> None:
        async with db.read() as session:
            await capacity_summary(session, BENCH, MONTH)

    async def summary_bare() -> None:
        values = {"period": MONTH, "instance_id": None, "database_id": None}
        async with db.read() as session:
            (await session.execute(SUMMARY, values)).one()

    async def latest() -> None:
        async with db.read() as session:
            await latest_period(session, BENCH, DATABASES, MONTH)

    return {
        "ranked, bare": ranked_bare,
        "ranked": ranked,
        "past, bare": past_bare,
        "past": past,
        "summary, bare": summary_bare,
        "summary": summary,
        "latest": latest,
    }


async def _bare_save(db: Database) -> None:
    async with db.write() as session:
        await session.execute(BARE_SAVE, {"today": LAST, "saved": SAVED})


async def _save(db: Database) -> None:
    """An instance's inventory and sizes as a worker saves them: latest, history, day and events."""
    now = datetime.now(UTC)
    names = [f"saved-{number}" for number in range(SAVED)]
    inventory = Collected(
        items=[DatabaseFact(name=name) for name in names], complete=True, source="bench"
    )
    sizes = Collected(
        items=[
            DatabaseSizeFact(name=name, size_bytes=Bytes(1000 + place))
            for place, name in enumerate(names)
        ],
        complete=True,
        source="bench",
    )
    async with db.write() as session:
        key = await session.scalar(
            text(
                "INSERT INTO instances (name, engine, host, port) VALUES ('saving', 'POSTGRESQL',"
                " 'x', 1) ON CONFLICT (name) DO UPDATE SET port = 1 RETURNING id"
            )
        )
        await save_inventory(session, key, inventory, today=LAST, now=now)
        await save_sizes(session, key, sizes, today=LAST, now=now)
        await sum_up_today(session, key, LAST)
        await record_growth(session, key, LAST)


def _against(seconds: Mapping[str, float]) -> Iterator[list[str]]:
    yield ["way", "ms", "x bare"]
    for name, title in (("bare", "bare INSERT of the sums or sizes"), ("ours", "WhaleFall")):
        yield [title, f"{seconds[name] * 1000:.0f}", f"{seconds[name] / seconds['bare']:.2f}"]


def _pairs(seconds: Mapping[str, float]) -> Iterator[list[str]]:
    yield ["question", "ms", "its SQL alone, ms", "x"]
    for name in ("ranked", "past", "summary"):
        ours, bare = seconds[name], seconds[f"{name}, bare"]
        yield [name, f"{ours * 1000:.1f}", f"{bare * 1000:.1f}", f"{ours / bare:.2f}"]
    yield ["latest", f"{seconds['latest'] * 1000:.1f}", "", ""]
