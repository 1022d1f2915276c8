"""What each search takes: its statements inside PostgreSQL, and the operation as it is called."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import asyncpg

from benchmarks.installation import BENCH, installed, opened
from benchmarks.listening import Sent, listening
from benchmarks.measuring import rotated
from benchmarks.reporting import Report
from whalefall.db import Database, plain_url
from whalefall.resolvers.search import search
from whalefall.settings import Settings

SCRIPT = Path(__file__).with_name("names.sql").read_text()
WANTED = "CREATE TEMPORARY TABLE wanted AS SELECT {} AS instances, {} AS tables, {} AS names"
INSTANCES, TABLES = 500, 1_000_000
DISTINCT = (47_000, 1_000_000)  # names of a million tables: one schema in many databases, or not
FIRST = 20
SUBSTRING_MS, TYPO_MS = 3, 15  # the goals
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, BUFFERS OFF) "
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
KINDS = ("instances", "databases", "tables")
TEXTS = {  # text -> what it stands for
    "ref_ticket_day_4": "a few names",
    "order_line": "some names",
    "order": "many names",
    "fact": "the beginning of many",
    "or": "two letters, in many names",
    "zq": "two letters, in no name",
    "core_orders_17": "a few databases",
    "prod-billing-00": "instances",
}
TYPOS = {
    "tickte": "of one word",
    "invioces": "of one word",
    "fact_oredr_line": "in one of three words",
    "oredr_line": "in one of two words",
}


@dataclass
class Search:
    """All readings of one text, in milliseconds."""

    text: str
    meaning: str
    goal_ms: float
    inside: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    called: list[float] = field(default_factory=list)
    plans: dict[str, str] = field(default_factory=dict)
    hits: str = ""

    def median(self, kind: str) -> float:
        return statistics.median(self.inside[kind])

    @property
    def is_met(self) -> bool:
        return self.median("tables") <= self.goal_ms


def bench_search(folder: Path, rounds: int) -> None:
    """Print and keep the report, with the plans of what misses its goal."""
    report = Report("search")
    for names in DISTINCT:
        with installed(folder / f"search-{names}", autovacuum="off") as settings:
            asyncio.run(_bench(settings, names, rounds, report))


async def _bench(settings: Settings, names: int, rounds: int, report: Report) -> None:
    await fill(settings.database_url, INSTANCES, TABLES, names)
    async with opened(settings) as db:
        found = await measured(db, rounds)
    report.table(f"{TABLES:,} tables with {names:,} distinct names", list(_rows(found)))
    for each in found:
        if not each.is_met:
            report.say(f"\n{each.text} misses {each.goal_ms} ms:\n")
            report.say(f"```\n{each.plans['tables']}\n```")


async def fill(url: str, instances: int, tables: int, names: int) -> None:
    """Make what is searched, unless it is there."""
    connection = await asyncpg.connect(plain_url(url))
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM instances)"):
        await connection.execute(WANTED.format(instances, tables, names))
        await connection.execute(SCRIPT)
        await connection.execute("VACUUM (FREEZE, ANALYZE)")
    await connection.close()


async def measured(db: Database, rounds: int) -> list[Search]:
    """Every text, in turns; a first turn only warms up."""
    found = [
        *(Search(wanted, meaning, SUBSTRING_MS) for wanted, meaning in TEXTS.items()),
        *(Search(wanted, f"typo, {meaning}", TYPO_MS) for wanted, meaning in TYPOS.items()),
    ]
    raw = await asyncpg.connect(plain_url(db.settings.database_url))
    for turn in range(rounds + 1):
        for each in rotated(found, turn):
            await _measure(db, raw, each, keep=turn > 0)
    await raw.close()
    return found


async def _measure(db: Database, raw: Connection, each: Search, *, keep: bool) -> None:
    with listening(db) as sent:
        began = time.perf_counter()
        async with db.read() as session:
            hits = await search(session, BENCH, each.text, FIRST)
        called = (time.perf_counter() - began) * 1000
    each.hits = f"{len(hits.instances)} + {len(hits.databases)} + {len(hits.tables)}"
    inside = await _inside(raw, each, sent)
    if keep:
        each.called.append(called)
        for kind, spent in inside.items():
            each.inside[kind].append(spent)


async def _inside(raw: Connection, each: Search, sent: Sequence[Sent]) -> Mapping[str, float]:
    """Planning and execution of what the operation has sent, as PostgreSQL tells it."""
    spent = dict.fromkeys(KINDS, 0.0)
    async with raw.transaction(readonly=True):
        for statement, values in sent:
            kind = _kind(statement)
            if kind is None:
                await raw.fetch(statement, *values)
                continue
            rows = await raw.fetch(EXPLAIN + statement, *values)
            lines = [row[0] for row in rows]
            milliseconds = sum(_milliseconds(lines))
            if milliseconds > spent[kind]:
                each.plans[kind] = "\n".join(lines)
            spent[kind] += milliseconds
    return spent


def _kind(statement: str) -> str | None:
    """What a statement looks for; None where it only sets something."""
    if "set_config" in statement:
        return None
    if "table_names" in statement:
        return "tables"
    return "databases" if "instance_databases" in statement else "instances"


def _milliseconds(lines: Sequence[str]) -> Iterator[float]:
    for line in lines:
        if line.startswith(("Planning Time:", "Execution Time:")):
            yield float(line.split()[2])


def _rows(found: Sequence[Search]) -> Iterator[list[str]]:
    """Medians; beside them the least for tables, which tells how far others disturbed the run."""
    yield [
        *("text", *(f"{kind} ms" for kind in KINDS), "least for tables"),
        *("called ms", "hits", "goal for tables"),
    ]
    for each in found:
        inside = [f"{each.median(kind):.2f}" for kind in KINDS]
        least = f"{min(each.inside['tables']):.2f}"
        called = f"{statistics.median(each.called):.1f}"
        verdict = f"{each.goal_ms} ms {'met' if each.is_met else '**missed**'}"
        yield [f"`{each.text}` ({each.meaning})", *inside, least, called, each.hits, verdict]
