"""Saving what was read of a database's tables: whole, in one transaction, and only what changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from whalefall.db import WriteSession, copy_rows
from whalefall.domain.facts import Collected, Skipped, SkipReason, TableFact
from whalefall.errors import Problem
from whalefall.models.databases import TableSnapshot

VALUES = (
    "kind",
    "size_bytes",
    "data_bytes",
    "index_bytes",
    "lob_bytes",
    "allocated_bytes",
    "row_count",
    "quality",
    "size_reason",
)
KEYS = ("schema_name", "table_name")
_NEW, _OLD = (", ".join(f"{side}.{name}" for name in VALUES) for side in ("new", "old"))

LOCK = text("SELECT pg_advisory_xact_lock(8600002, :database_id)")
STAGE = text("""
    CREATE TEMPORARY TABLE new_table_sizes (
        schema_name text, table_name text, kind text, size_bytes bigint, data_bytes bigint,
        index_bytes bigint, lob_bytes bigint, allocated_bytes bigint, row_count bigint,
        quality text, size_reason text
    ) ON COMMIT DROP
""")
ANALYZE = text("ANALYZE new_table_sizes")
UPDATE = text(f"""
    UPDATE database_table_size_stats AS old
       SET ({", ".join(VALUES)}) = ROW ({_NEW})
      FROM new_table_sizes AS new
     WHERE old.database_id = :database_id
       AND old.schema_name = new.schema_name AND old.table_name = new.table_name
       AND ({_OLD}) IS DISTINCT FROM ({_NEW})
""")  # noqa: S608 (column names of ours)
INSERT = text(f"""
    INSERT INTO database_table_size_stats
           (database_id, schema_name, table_name, {", ".join(VALUES)})
    SELECT :database_id, new.schema_name, new.table_name, {_NEW}
      FROM new_table_sizes AS new
     WHERE NOT EXISTS (SELECT FROM database_table_size_stats AS old
                        WHERE old.database_id = :database_id
                          AND old.schema_name = new.schema_name
                          AND old.table_name = new.table_name)
""")  # noqa: S608
GONE = """
      FROM database_table_size_stats AS old
     WHERE old.database_id = :database_id
       AND NOT EXISTS (SELECT FROM new_table_sizes AS new
                        WHERE new.schema_name = old.schema_name
                          AND new.table_name = old.table_name)
"""
DELETE = text(f"""
    DELETE FROM database_table_size_stats
     WHERE id IN (SELECT old.id {GONE}
                     AND NOT (old.schema_name, old.table_name) IN
                             (SELECT * FROM unnest(CAST(:schemas AS text[]),
                                                   CAST(:tables AS text[]))))
""")  # noqa: S608
KEEP_AS_STALE = text(f"""
    UPDATE database_table_size_stats SET quality = 'STALE'
     WHERE quality <> 'STALE' AND id IN (SELECT old.id {GONE})
""")  # noqa: S608
COUNT = text("SELECT count(*) FROM database_table_size_stats WHERE database_id = :database_id")


@dataclass(frozen=True, kw_only=True)
class SnapshotCounts:
    """Rows now in the snapshot, and what it took to get there."""

    saved: int
    created: int
    updated: int
    removed: int


async def save_snapshot(
    session: WriteSession,
    database_id: int,
    collected: Collected[TableFact],
    *,
    now: datetime,
    elapsed_ms: int,
) -> SnapshotCounts:
    """Make `collected` the database's snapshot.

    Rows that are not in it are deleted only when it is complete, and never those that were seen
    but could not be read; else they stay, with quality STALE.
    """
    here = {"database_id": database_id}
    await session.execute(LOCK, here)
    await session.execute(STAGE)
    rows = _rows(collected.items)
    await copy_rows(session, "new_table_sizes", [*KEYS, *VALUES], rows)
    await session.execute(ANALYZE)
    updated = (await session.execute(UPDATE, here)).rowcount  # type: ignore[attr-defined]
    created = (await session.execute(INSERT, here)).rowcount  # type: ignore[attr-defined]
    removed = await _remove(session, database_id, collected) if collected.complete else 0
    await session.execute(KEEP_AS_STALE, here)
    saved = (await session.execute(COUNT, here)).scalar_one()
    await _head(
        session,
        database_id,
        collected_at=now,
        elapsed_ms=elapsed_ms,
        table_count=saved,
        source=collected.source,
        complete=collected.complete,
        skipped=[_skipped(item) for item in collected.skipped],
        reconciliation=collected.reconciliation and collected.reconciliation.to_json(),
        last_attempt_at=now,
        last_error_code=None,
        last_error_message=None,
    )
    return SnapshotCounts(saved=saved, created=created, updated=updated, removed=removed)


async def save_failed_attempt(
    session: WriteSession, database_id: int, problem: Problem, *, now: datetime
) -> None:
    """Say beside the old snapshot, which stays as it is, why it could not be renewed."""
    await _head(
        session,
        database_id,
        last_attempt_at=now,
        last_error_code=problem.problem_code,
        last_error_message=problem.message,
    )


async def _remove(session: WriteSession, database_id: int, collected: Collected[TableFact]) -> int:
    unread = [s for s in collected.skipped if s.reason is not SkipReason.DROPPED]
    parameters = {
        "database_id": database_id,
        "schemas": [item.schema_name or "" for item in unread],
        "tables": [item.name for item in unread],
    }
    result = await session.execute(DELETE, parameters)
    return int(result.rowcount)  # type: ignore[attr-defined]


async def _head(session: WriteSession, database_id: int, **values: object) -> None:
    statement = insert(TableSnapshot).values(database_id=database_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["database_id"], set_=values)
    )


def _rows(facts: Iterable[TableFact]) -> Iterable[tuple[object, ...]]:
    for fact in facts:
        yield (
            fact.schema_name,
            fact.table_name,
            fact.kind,
            fact.size_bytes,
            fact.data_bytes,
            fact.index_bytes,
            fact.lob_bytes,
            fact.allocated_bytes,
            fact.row_count,
            fact.quality,
            fact.reason,
        )


def _skipped(item: Skipped) -> dict[str, object]:
    return {"schema_name": item.schema_name, "name": item.name, "reason": item.reason}
