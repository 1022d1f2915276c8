"""Saving what was read of an instance: which databases it has, and how large they are today."""

from dataclasses import dataclass
from datetime import date, datetime

import orjson
from sqlalchemy import ARRAY, BigInteger, Boolean, Text, bindparam, text
from sqlalchemy.sql.elements import TextClause

from whalefall.db import WriteSession
from whalefall.domain.facts import Collected, DatabaseFact, DatabaseSizeFact, SkipReason
from whalefall.resolvers.growth import GROWTH_DAYS, baseline, percent

ACTIVE = text("""
    SELECT count(*) AS known, count(*) FILTER (WHERE name = ANY(:names)) AS seen
      FROM instance_databases WHERE instance_id = :instance_id AND is_active
""").bindparams(bindparam("names", type_=ARRAY(Text)))
DOUBTED = text("SELECT inventory_doubted_at IS NOT NULL FROM instances WHERE id = :instance_id")
DOUBT = text("UPDATE instances SET inventory_doubted_at = :now WHERE id = :instance_id")
SEE = text("""
    WITH seen AS (
        SELECT * FROM unnest(:names, :systems) AS fact (name, is_system)
    ), old AS (
        SELECT id, name, is_active FROM instance_databases
         WHERE instance_id = :instance_id AND name = ANY(:names)
    ), upserted AS (
        INSERT INTO instance_databases (instance_id, name, is_system, first_seen_on, last_seen_on)
        SELECT :instance_id, name, is_system, :today, :today FROM seen
            ON CONFLICT (instance_id, name) DO UPDATE
           SET is_active = true, deleted_at = NULL, last_seen_on = excluded.last_seen_on,
               is_system = excluded.is_system
    )
    SELECT (SELECT count(*) FROM seen) - (SELECT count(*) FROM old) AS created,
           (SELECT count(*) FROM old WHERE is_active) AS refreshed,
           (SELECT count(*) FROM old WHERE NOT is_active) AS reactivated
""").bindparams(bindparam("names", type_=ARRAY(Text)), bindparam("systems", type_=ARRAY(Boolean)))
DEACTIVATE = text("""
    UPDATE instance_databases SET is_active = false, deleted_at = :now
     WHERE instance_id = :instance_id AND is_active AND NOT name = ANY(:names)
""").bindparams(bindparam("names", type_=ARRAY(Text)))

_SIZES = (
    "unnest(:names, :sizes, :datas, :logs, :useds, :ceilings, :parts, :qualities, :reasons)"
    " AS fact (name, size_bytes, data_bytes, log_bytes, used_bytes, ceiling_bytes, parts,"
    " quality, reason)"
)


_NUMBERS = ("sizes", "datas", "logs", "useds", "ceilings")


def _sizes(sql: str) -> TextClause:
    texts, numbers = ("names", "parts", "qualities", "reasons"), _NUMBERS
    arrays: dict[str, type[Text | BigInteger]] = dict.fromkeys(texts, Text)
    arrays |= dict.fromkeys(numbers, BigInteger)
    return text(sql).bindparams(*(bindparam(n, type_=ARRAY(t)) for n, t in arrays.items()))


_BASELINE = baseline("known.id", "CAST(:today AS date)", str(GROWTH_DAYS), "fact.quality")
# A size that could not be read today leaves yesterday's number in place, marked STALE, and with it
# the growth that was told of it. That of a database that is left out on purpose goes.
_KEPT = "fact.size_bytes IS NULL AND fact.reason <> 'EXCLUDED'"


def _latest(column: str, read: str) -> str:
    return f"{column} = CASE WHEN {_KEPT} THEN old.{column} ELSE {read} END"


_AS_READ = ("size_bytes", "data_bytes", "log_bytes", "used_bytes", "ceiling_bytes")
_WHEN_READ = "CASE WHEN fact.size_bytes IS NOT NULL THEN"
LATEST = _sizes(f"""
    UPDATE instance_databases AS old
       SET {", ".join(_latest(column, f"fact.{column}") for column in _AS_READ)},
           {_latest("reconciliation", "CAST(fact.parts AS jsonb)")},
           {_latest("size_collected_at", f"{_WHEN_READ} CAST(:now AS timestamptz) END")},
           {_latest("growth_bytes", "fact.size_bytes - base.size_bytes")},
           {_latest("growth_percent", percent("fact.size_bytes", "base.size_bytes"))},
           {_latest("growth_since", f"{_WHEN_READ} base.stat_date END")},
           size_quality = CASE WHEN {_KEPT} AND old.size_bytes IS NOT NULL
                               THEN 'STALE' ELSE fact.quality END,
           size_reason = fact.reason
      FROM {_SIZES}
      JOIN instance_databases AS known
        ON known.instance_id = :instance_id AND known.name = fact.name
      LEFT JOIN LATERAL ({_BASELINE}) AS base
        ON true
     WHERE old.id = known.id
""")  # noqa: S608 (constants of ours)
HISTORY = _sizes(f"""
    INSERT INTO database_size_stats AS old (database_id, stat_date, instance_id, size_bytes,
                                            data_bytes, log_bytes, used_bytes, quality, source,
                                            collected_at)
    SELECT known.id, :today, known.instance_id, fact.size_bytes, fact.data_bytes, fact.log_bytes,
           fact.used_bytes, fact.quality, 'COLLECTED', :now
      FROM {_SIZES}
      JOIN instance_databases AS known
        ON known.instance_id = :instance_id AND known.name = fact.name
     WHERE fact.size_bytes IS NOT NULL
        ON CONFLICT (database_id, stat_date) DO UPDATE
       SET size_bytes = excluded.size_bytes, data_bytes = excluded.data_bytes,
           log_bytes = excluded.log_bytes, used_bytes = excluded.used_bytes,
           quality = excluded.quality, source = excluded.source,
           collected_at = excluded.collected_at
""")  # noqa: S608
TOTALS = text("""
    UPDATE instances
       SET database_count = total.databases, inactive_database_count = total.inactive,
           total_size_bytes = total.size_bytes, size_quality = total.quality,
           size_collected_at = :now
      FROM (SELECT count(*) FILTER (WHERE is_active) AS databases,
                   count(*) FILTER (WHERE NOT is_active) AS inactive,
                   sum(size_bytes) FILTER (WHERE is_active) AS size_bytes,
                   CASE WHEN count(size_bytes) FILTER (WHERE is_active) = 0
                             AND count(*) FILTER (WHERE is_active) > 0 THEN 'UNAVAILABLE'
                        WHEN NOT :complete
                             OR bool_or(is_active AND size_reason IS DISTINCT FROM 'EXCLUDED'
                                        AND (size_bytes IS NULL OR size_quality
                                     IN ('PARTIAL', 'STALE', 'UNAVAILABLE'))) THEN 'PARTIAL'
                        WHEN bool_or(is_active AND size_quality = 'ESTIMATED') THEN 'ESTIMATED'
                        ELSE 'EXACT' END AS quality
              FROM instance_databases WHERE instance_id = :instance_id) AS total
     WHERE id = :instance_id
""")
TOTAL_OF_TODAY = text("""
    INSERT INTO instance_size_stats AS old (instance_id, stat_date, total_bytes, data_bytes,
                                            log_bytes, database_count, quality, source,
                                            collected_at)
    SELECT id, :today, total_size_bytes, parts.data_bytes, parts.log_bytes, database_count,
           size_quality, 'COLLECTED', :now
      FROM instances,
           (SELECT sum(data_bytes) AS data_bytes, sum(log_bytes) AS log_bytes
              FROM instance_databases WHERE instance_id = :instance_id AND is_active) AS parts
     WHERE id = :instance_id
        ON CONFLICT (instance_id, stat_date) DO UPDATE
       SET total_bytes = excluded.total_bytes, data_bytes = excluded.data_bytes,
           log_bytes = excluded.log_bytes, database_count = excluded.database_count,
           quality = excluded.quality, source = excluded.source,
           collected_at = excluded.collected_at
""")


@dataclass(frozen=True, kw_only=True)
class InventoryCounts:
    """What became of the databases; `is_doubted`: the reading was not believed yet."""

    created: int
    refreshed: int
    reactivated: int
    deactivated: int
    is_doubted: bool


async def save_inventory(
    session: WriteSession,
    instance_id: int,
    collected: Collected[DatabaseFact],
    *,
    today: date,
    now: datetime,
) -> InventoryCounts:
    """Bring the list of databases up to date.

    What was not seen is deactivated only when the reading was complete. A complete reading that
    lacks more than half of the known databases is doubted: it takes a second one that agrees.
    """
    names = [fact.name for fact in collected.items]
    here = {"instance_id": instance_id}
    doubted = collected.complete and await _is_doubtful(session, instance_id, names, now)
    systems = [fact.is_system for fact in collected.items]
    seen = await session.execute(SEE, {**here, "names": names, "systems": systems, "today": today})
    created, refreshed, reactivated = seen.one()
    deactivated = 0
    if collected.complete and not doubted:
        result = await session.execute(DEACTIVATE, {**here, "names": names, "now": now})
        deactivated = result.rowcount  # type: ignore[attr-defined]
    return InventoryCounts(
        created=created,
        refreshed=refreshed,
        reactivated=reactivated,
        deactivated=deactivated,
        is_doubted=doubted,
    )


async def save_sizes(
    session: WriteSession,
    instance_id: int,
    collected: Collected[DatabaseSizeFact],
    *,
    today: date,
    now: datetime,
) -> int:
    """Write today's sizes, each database's latest and the instance's total; how many are known.

    A size that was read brings its growth with it. The total is PARTIAL when there may be
    databases that were not shown.
    """
    facts = collected.items
    columns = {
        "names": [fact.name for fact in facts],
        "sizes": [fact.size_bytes for fact in facts],
        "datas": [fact.data_bytes for fact in facts],
        "logs": [fact.log_bytes for fact in facts],
        "useds": [fact.used_bytes for fact in facts],
        "ceilings": [fact.ceiling_bytes for fact in facts],
        "parts": [_parts(fact) for fact in facts],
        "qualities": [fact.quality for fact in facts],
        "reasons": [_reason(fact) for fact in facts],
    }
    when = {"instance_id": instance_id, "now": now}
    await session.execute(LATEST, {**columns, **when, "today": today})
    await session.execute(HISTORY, {**columns, **when, "today": today})
    await session.execute(TOTALS, {**when, "complete": collected.complete})
    await session.execute(TOTAL_OF_TODAY, {**when, "today": today})
    return sum(fact.size_bytes is not None for fact in facts)


async def _is_doubtful(
    session: WriteSession, instance_id: int, names: list[str], now: datetime
) -> bool:
    """Whether too much is missing to believe it the first time; remembers the doubt."""
    here = {"instance_id": instance_id}
    known, seen = (await session.execute(ACTIVE, {**here, "names": names})).one()
    suspicious = known > 0 and seen * 2 < known
    was_doubted = (await session.execute(DOUBTED, here)).scalar_one()
    doubtful = suspicious and not was_doubted
    await session.execute(DOUBT, {**here, "now": now if doubtful else None})
    return doubtful


def _reason(fact: DatabaseSizeFact) -> SkipReason | None:
    if fact.size_bytes is None:
        return fact.reason or SkipReason.NOT_COLLECTED
    return fact.reason


def _parts(fact: DatabaseSizeFact) -> str | None:
    known = fact.reconciliation
    return None if known is None else orjson.dumps(known.to_json()).decode()
