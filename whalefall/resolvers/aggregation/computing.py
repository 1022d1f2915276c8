"""Summing sizes up, in SQL: one statement for what is in a period, one for how it changed.

A size that could not be read counts for nothing, and a period without a size has no row. The
change is that of the average against the average of the period before, where there is one, and only
between readings that are both whole or both in part.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, text
from sqlalchemy.sql.elements import TextClause

from whalefall.db import WriteSession
from whalefall.domain.periods import DAY, Span, previous
from whalefall.domain.states import AggregationPeriod

_SUMMED = (
    "period_end",
    "days",
    "readings",
    "avg_bytes",
    "min_bytes",
    "max_bytes",
    "first_bytes",
    "last_bytes",
    "quality",
    "is_sample",
)
_COMPARED = ("change_bytes", "change_percent", "calculated_at")


@dataclass(frozen=True)
class Level:
    """What sizes are summed up of: its tables, its key, and the columns that it has alone."""

    stats: str
    table: str
    key: str
    size: str
    own: tuple[tuple[str, str], ...]  # column and SQL


DATABASES = Level(
    stats="database_size_stats",
    table="database_size_aggregations",
    key="database_id",
    size="size_bytes",
    own=(("instance_id", "min(stat.instance_id)"),),
)
INSTANCES = Level(
    stats="instance_size_stats",
    table="instance_size_aggregations",
    key="instance_id",
    size="total_bytes",
    own=(("avg_database_count", "avg(stat.database_count)"),),
)
LEVELS = (DATABASES, INSTANCES)


_PERCENT = """CASE WHEN before.avg_bytes > 0
             THEN ({0}.avg_bytes - before.avg_bytes) * 100::float8 / before.avg_bytes END"""


def _statements(level: Level) -> tuple[TextClause, ...]:
    """What sums a period up, what removes sums of nothing, and what compares the period after."""
    key, size, table = level.key, f"stat.{level.size}", level.table
    own = [name for name, _ in level.own]
    columns = ", ".join([key, *own, *_SUMMED])
    updated = ", ".join(f"{name} = excluded.{name}" for name in (*own, *_SUMMED, *_COMPARED))
    narrowed = "(CAST(:instances AS bigint[]) IS NULL OR {}.instance_id = ANY(:instances))"
    before = f"""{table} AS before
            ON before.{key} = {{0}}.{key} AND before.period = :period
           AND before.period_start = {{1}}
           AND (before.quality = 'PARTIAL') = ({{0}}.quality = 'PARTIAL')"""
    compute = f"""
        INSERT INTO {table} AS old (period, period_start, {columns}, {", ".join(_COMPARED)})
        SELECT :period, :start, {", ".join(f"made.{name}" for name in (key, *own, *_SUMMED))},
               made.avg_bytes - before.avg_bytes, {_PERCENT.format("made")}, now()
          FROM (SELECT stat.{key}, {", ".join(f"{sql} AS {name}" for name, sql in level.own)},
                       CAST(:end AS date) AS period_end, CAST(:days AS bigint) AS days,
                       count(*) AS readings, CAST(round(avg({size})) AS bigint) AS avg_bytes,
                       min({size}) AS min_bytes, max({size}) AS max_bytes,
                       (array_agg({size} ORDER BY stat.stat_date))[1] AS first_bytes,
                       (array_agg({size} ORDER BY stat.stat_date))[count(*)] AS last_bytes,
                       CASE WHEN bool_or(stat.quality = 'PARTIAL') THEN 'PARTIAL'
                            WHEN bool_or(stat.quality = 'ESTIMATED') THEN 'ESTIMATED'
                            ELSE 'EXACT' END AS quality,
                       bool_or(stat.source = 'SAMPLE') AS is_sample
                  FROM {level.stats} AS stat
                 WHERE stat.stat_date BETWEEN :start AND :end AND {size} IS NOT NULL
                   AND {narrowed.format("stat")}
                 GROUP BY stat.{key}) AS made
          LEFT JOIN {before.format("made", ":before")}
            ON CONFLICT ({key}, period, period_start) DO UPDATE SET {updated}
    """  # noqa: S608 (names of ours)
    drop = f"""
        DELETE FROM {table} AS old
         WHERE old.period = :period AND old.period_start = :start AND {narrowed.format("old")}
           AND NOT EXISTS (SELECT FROM {level.stats} AS stat
                            WHERE stat.{key} = old.{key} AND {size} IS NOT NULL
                              AND stat.stat_date BETWEEN :start AND :end)
    """  # noqa: S608
    compare = f"""
        UPDATE {table} AS old
           SET change_bytes = old.avg_bytes - before.avg_bytes,
               change_percent = {_PERCENT.format("old")}
          FROM {table} AS after LEFT JOIN {before.format("after", ":start")}
         WHERE after.period = :period AND after.period_start = :after
           AND {narrowed.format("after")}
           AND old.{key} = after.{key} AND old.period = :period AND old.period_start = :after
    """  # noqa: S608
    return tuple(
        text(sql).bindparams(bindparam("instances", type_=ARRAY(BigInteger)))
        for sql in (compute, drop, compare)
    )


STATEMENTS = {level: _statements(level) for level in LEVELS}


async def sum_up(
    session: WriteSession,
    level: Level,
    period: AggregationPeriod,
    span: Span,
    *,
    today: date,
    instances: list[int] | None = None,
) -> int:
    """Make the rows of one period anew, of these instances or of all; how many there are now.

    Rows of nothing go: the caller asks for periods whose sizes are still kept. So does the caller
    begin with the earliest, as each is compared with the one before it.
    """
    values: dict[str, Any] = {
        "period": period,
        "start": span.start,
        "end": span.end,
        "days": Span(span.start, min(span.end, today)).days,
        "before": previous(period, span).start,
        "after": span.end + DAY,
        "instances": instances,
    }
    compute, drop, compare = (
        (statement, {name: values[name] for name in statement._bindparams})
        for statement in STATEMENTS[level]
    )
    made = await session.execute(*compute)
    await session.execute(*drop)
    await session.execute(*compare)
    return int(made.rowcount)  # type: ignore[attr-defined]
