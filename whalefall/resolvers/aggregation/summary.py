"""What all sizes of the latest period come to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import AggregationPeriod
from whalefall.errors import NotFound
from whalefall.resolvers.aggregation.computing import DATABASES
from whalefall.resolvers.aggregation.latest import latest_start
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.instances import get_instance
from whalefall.resolvers.nouns.noun import described

MOST_BYTES = 2**63 - 1
# Compared are only databases that have both periods: what was added later has not grown.
SUMMARY = text(f"""
    WITH latest (start) AS ({latest_start(DATABASES)}), rows AS (
        SELECT sums.* FROM database_size_aggregations AS sums
          JOIN instance_databases AS known ON known.id = sums.database_id AND known.is_active
          JOIN instances AS server ON server.id = sums.instance_id AND server.deleted_at IS NULL
         WHERE sums.period = :period AND sums.period_start = (SELECT start FROM latest)
           AND (CAST(:instance_id AS bigint) IS NULL OR sums.instance_id = :instance_id)
           AND (CAST(:database_id AS bigint) IS NULL OR sums.database_id = :database_id))
    SELECT min(period_start) AS period_start, min(period_end) AS period_end,
           count(*) AS database_count, count(DISTINCT instance_id) AS instance_count,
           (SELECT count(*) FROM instance_databases AS known
              JOIN instances AS server
                ON server.id = known.instance_id AND server.deleted_at IS NULL
             WHERE known.is_active
               AND (CAST(:instance_id AS bigint) IS NULL OR known.instance_id = :instance_id)
               AND (CAST(:database_id AS bigint) IS NULL OR known.id = :database_id))
               AS known_count,
           sum(avg_bytes) AS total_bytes,
           avg(avg_bytes)::bigint AS mean_bytes, max(max_bytes) AS max_bytes,
           sum(change_bytes) AS change_bytes,
           (sum(change_bytes) * 100
               / nullif(sum(avg_bytes::numeric - change_bytes), 0))::float8 AS change_percent,
           avg(readings::float8 / days) AS coverage,
           coalesce(bool_or(is_sample), false) AS is_sample
      FROM rows
""")  # noqa: S608 (names of ours)


@dataclass(kw_only=True)
class CapacitySummaryRow:
    """All sizes of the latest period, of one kind of period alone."""

    period: AggregationPeriod = described("How long the period is.")
    period_start: date | None = described("Its first day; null: nothing was summed up yet.")
    period_end: date | None = described("Its last day.")
    database_count: int = described("Active databases with a size in it.")
    known_count: int = described("Active databases, with a size in it or without.")
    instance_count: int = described("The instances of those with a size.")
    total_bytes: Bytes | None = described("The sum of the databases' averages.")
    mean_bytes: Bytes | None = described("The average size of a database.")
    max_bytes: Bytes | None = described("The largest size of any of them.")
    change_bytes: Bytes | None = described(
        "How much the averages of those with a period before have changed; null: none has one."
    )
    change_percent: float | None = described("The same in per cent of their averages before.")
    coverage: float | None = described("The part of days with a size, from 0 to 1, on average.")
    is_sample: bool = described("Whether a demo invented some of the sizes.")


async def capacity_summary(
    session: Session,
    actor: Actor,
    period: AggregationPeriod,
    *,
    instance_id: int | None = None,
    database_id: int | None = None,
) -> CapacitySummaryRow:
    """Raises NotFound for an instance or a database that is not there."""
    actor.require(Permission.VIEW)
    if instance_id is not None:
        await get_instance(session, actor, instance_id)
    if database_id is not None:
        found = await get_database(session, actor, database_id)
        if instance_id not in (None, found.instance_id):
            raise NotFound("There is no such database.")
    values = {"period": period, "instance_id": instance_id, "database_id": database_id}
    row = (await session.execute(SUMMARY, values)).mappings().one()
    return CapacitySummaryRow(period=period, **{name: _whole(each) for name, each in row.items()})


def _whole(value: Any) -> Any:
    """PostgreSQL adds whole numbers up to a decimal, which has no end."""
    return max(-MOST_BYTES, min(int(value), MOST_BYTES)) if isinstance(value, Decimal) else value
