"""The tables of one database: partitions rolled up, locked tables told apart."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from whalefall.adapters.postgresql.errors import LockTimeout
from whalefall.adapters.postgresql.sql import TABLE_SIZES, TABLES, text
from whalefall.domain.facts import (
    Collected,
    Quality,
    Skipped,
    SkipReason,
    TableFact,
    TableKind,
)
from whalefall.domain.sizes import Bytes, Count

CHUNK = 5_000  # tables per statement
KINDS = {
    "r": TableKind.TABLE,
    "p": TableKind.PARTITIONED_TABLE,
    "m": TableKind.MATERIALIZED_VIEW,
}
Fetch = Callable[..., Awaitable[list[asyncpg.Record]]]


class _Sizes:
    """What was measured, by oid; `locked` is what could not be, yet."""

    def __init__(self) -> None:
        self.rows: dict[int, asyncpg.Record] = {}
        self.locked: set[int] = set()


async def collect_tables(fetch: Fetch) -> Collected[TableFact]:
    """Sizes of all tables and materialized views, largest first.

    A partitioned table has the sum of its partitions, which are not listed. A locked table is
    tried twice, then skipped; the sum over a locked partition is marked PARTIAL.
    """
    members = await fetch(TABLES)
    sizes = _Sizes()
    await _measure(fetch, [row["oid"] for row in members], sizes)
    if sizes.locked:
        again, sizes.locked = sorted(sizes.locked), set()
        await _measure(fetch, again, sizes)
    return _collected(members, sizes)


async def _measure(fetch: Fetch, oids: Sequence[int], sizes: _Sizes) -> None:
    """One lock that is taken just now costs its whole statement: then by halves."""
    pending = [oids[start : start + CHUNK] for start in range(0, len(oids), CHUNK)]
    while pending:
        chunk = pending.pop()
        try:
            rows = await fetch(TABLE_SIZES, chunk)
        except LockTimeout:
            half = len(chunk) // 2
            if half:
                pending += [chunk[:half], chunk[half:]]
            else:
                sizes.locked.update(chunk)
            continue
        sizes.locked.update(row["oid"] for row in rows if row["is_locked"])
        sizes.rows.update((row["oid"], row) for row in rows if _is_measured(row))


def _is_measured(row: asyncpg.Record) -> bool:
    """A table dropped between two of its sizes has only some of them."""
    return row["data_bytes"] is not None and row["index_bytes"] is not None


def _collected(members: Sequence[asyncpg.Record], sizes: _Sizes) -> Collected[TableFact]:
    families: defaultdict[int, list[asyncpg.Record]] = defaultdict(list)
    for member in members:
        families[member["root"]].append(member)
    items, skipped = [], []
    for member in members:
        is_root = member["oid"] == member["root"]
        fact = _fact(member, families[member["oid"]], sizes) if is_root else None
        if fact:
            items.append(fact)
        elif is_root or member["oid"] not in sizes.rows:
            skipped.append(_skipped(member, sizes))
    return Collected(
        items=sorted(items, key=_largest_first),
        complete=not sizes.locked,
        source="pg_class, pg_table_size, pg_indexes_size",
        skipped=skipped,
    )


def _fact(
    root: asyncpg.Record, family: Sequence[asyncpg.Record], sizes: _Sizes
) -> TableFact | None:
    """`root` with the sum of its family (itself and its partitions), or None: it was not read."""
    stored = [member for member in family if member["relkind"] != "p"]
    measured = [sizes.rows[member["oid"]] for member in stored if member["oid"] in sizes.rows]
    is_short = any(member["oid"] in sizes.locked for member in stored)
    if root["oid"] not in sizes.rows or (is_short and not measured):
        return None
    data_bytes = sum(row["data_bytes"] for row in measured)
    index_bytes = sum(row["index_bytes"] for row in measured)
    return TableFact(
        schema_name=text(root["schema_name"]),
        table_name=text(root["table_name"]),
        kind=KINDS[root["relkind"]],
        size_bytes=Bytes(data_bytes + index_bytes),  # by definition pg_total_relation_size
        data_bytes=Bytes(data_bytes),
        index_bytes=Bytes(index_bytes),
        lob_bytes=_lob_bytes(measured),
        row_count=_row_count(stored),
        quality=Quality.PARTIAL if is_short else Quality.EXACT,
        reason=SkipReason.LOCKED if is_short else None,
    )


def _lob_bytes(measured: Sequence[asyncpg.Record]) -> Bytes | None:
    """Null when a TOAST table was replaced while it was read."""
    parts = [row["lob_bytes"] for row in measured]
    return None if None in parts else Bytes(sum(parts))


def _row_count(stored: Sequence[asyncpg.Record]) -> Count | None:
    parts = [member["row_count"] for member in stored]
    return None if None in parts else Count(sum(parts))


def _skipped(member: asyncpg.Record, sizes: _Sizes) -> Skipped:
    is_dropped = member["oid"] not in sizes.rows and member["oid"] not in sizes.locked
    return Skipped(
        schema_name=text(member["schema_name"]),
        name=text(member["table_name"]),
        reason=SkipReason.DROPPED if is_dropped else SkipReason.LOCKED,
    )


def _largest_first(fact: TableFact) -> tuple[int, str, str]:
    return -(fact.size_bytes or 0), fact.schema_name, fact.table_name
