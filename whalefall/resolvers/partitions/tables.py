"""Which of our tables are partitioned by month, and the partitions that there are."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import text

from whalefall.db import Session
from whalefall.domain.periods import add_months
from whalefall.domain.sizes import Bytes, Count
from whalefall.resolvers.nouns.noun import described

MONTHS_AHEAD = 3
PARTITIONS = text("""
    SELECT parent.relname AS "table", child.relname AS name,
           to_date(substring(child.relname FROM 'y([0-9]{4}m[0-9]{2})$'), 'YYYY"m"MM') AS month,
           pg_total_relation_size(child.oid) AS size_bytes,
           nullif(child.reltuples, -1)::bigint AS row_estimate
      FROM pg_inherits
      JOIN pg_class AS child ON child.oid = inhrelid
      JOIN pg_class AS parent ON parent.oid = inhparent
     WHERE parent.relname = ANY(:tables)
     ORDER BY parent.relname, month NULLS LAST
""")


class PartitionKind(StrEnum):
    """RAW: the sizes of days. AGGREGATES: what was summed up of them."""

    RAW = "RAW"
    AGGREGATES = "AGGREGATES"


class PartitionState(StrEnum):
    """DEFAULT takes rows of months that have no partition; there should be none."""

    PAST = "PAST"
    CURRENT = "CURRENT"
    FUTURE = "FUTURE"
    DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Partitioned:
    """A table of ours by months, and the column that says which."""

    table: str
    column: str
    kind: PartitionKind

    def name(self, month: date) -> str:
        return f"{self.table}_y{month:%Y}m{month:%m}"

    @property
    def default(self) -> str:
        return f"{self.table}_default"


TABLES = (
    Partitioned("database_size_stats", "stat_date", PartitionKind.RAW),
    Partitioned("instance_size_stats", "stat_date", PartitionKind.RAW),
    Partitioned("database_size_aggregations", "period_start", PartitionKind.AGGREGATES),
    Partitioned("instance_size_aggregations", "period_start", PartitionKind.AGGREGATES),
)
KINDS = {each.table: each.kind for each in TABLES}


@dataclass(kw_only=True)
class PartitionRow:
    """One month of a table, or its default partition."""

    table: str = described("The table it is a part of.")
    name: str = described("Its own name.")
    kind: PartitionKind = described("What the table holds.")
    month: date | None = described("The first day of its month; null for the default partition.")
    state: PartitionState = described("Where the month lies.")
    size_bytes: Bytes = described("What it takes on disk, with its indexes.")
    row_estimate: Count | None = described("About how many rows; null: PostgreSQL does not know.")


async def list_partitions(session: Session, today: date) -> list[PartitionRow]:
    tables = [each.table for each in TABLES]
    found = (await session.execute(PARTITIONS, {"tables": tables})).mappings()
    return [
        PartitionRow(**row, kind=KINDS[row["table"]], state=_state(row["month"], today))
        for row in found
    ]


def _state(month: date | None, today: date) -> PartitionState:
    if month is None:
        return PartitionState.DEFAULT
    current = today.replace(day=1)
    if month == current:
        return PartitionState.CURRENT
    return PartitionState.PAST if month < current else PartitionState.FUTURE


async def is_there(session: Session, name: str) -> bool:
    found = await session.execute(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name})
    return bool(found.scalar_one())


def wanted_months(today: date) -> list[date]:
    first = today.replace(day=1)
    return [add_months(first, ahead) for ahead in range(MONTHS_AHEAD + 1)]
