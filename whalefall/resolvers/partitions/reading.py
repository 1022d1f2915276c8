"""What is told of the partitions, and what a clean-up would drop."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from whalefall.auth import Actor, Permission
from whalefall.db import Database, Session
from whalefall.domain.periods import add_months
from whalefall.errors import BadInput, said
from whalefall.resolvers.nouns.noun import described
from whalefall.resolvers.partitions.tables import (
    TABLES,
    Partitioned,
    PartitionKind,
    PartitionRow,
    list_partitions,
    wanted_months,
)

LEAST_RAW_MONTHS = 3
MOST_MONTHS = 1200


@dataclass(kw_only=True)
class PartitionReport:
    """All partitions, and whether they are as they should be."""

    is_healthy: bool = described(
        "Whether this month and the next three have theirs, and no row lies in a default one."
    )
    missing: list[str] = described("Partitions that should be there.")
    stray_rows: int = described("Rows in default partitions; the nightly task moves them.")
    raw_months: int = described("How many past months of sizes are kept.")
    aggregate_months: int = described("How many past months of sums are kept.")
    partitions: list[PartitionRow] = described("By table and month.")


async def partition_report(session: Session, actor: Actor, db: Database) -> PartitionReport:
    """All partitions, and whether they are as they should be."""
    actor.require(Permission.VIEW)
    today = db.settings.today()
    rows = await list_partitions(session, today)
    names = {row.name for row in rows}
    wanted = [each.name(month) for each in TABLES for month in wanted_months(today)]
    missing = [name for name in wanted if name not in names]
    strays = sum([await _strays(session, each) for each in TABLES])
    return PartitionReport(
        is_healthy=not missing and not strays,
        missing=missing,
        stray_rows=strays,
        raw_months=db.settings.raw_months,
        aggregate_months=db.settings.aggregate_months,
        partitions=rows,
    )


def cutoff_of(today: date, months: int, kind: PartitionKind) -> date:
    """The first day that is kept when so many months are. Raises BadInput.

    Of sizes those of the running quarter stay: its sums are made anew every night.
    """
    least = LEAST_RAW_MONTHS if kind is PartitionKind.RAW else 1
    if not least <= months <= MOST_MONTHS:
        values = {"name": "months", "least": least, "maximum": MOST_MONTHS}
        raise BadInput(
            said("%(name)s must be between %(least)s and %(maximum)s.", **values),
            field="retention_months",
        )
    return add_months(today.replace(day=1), -months)


async def old_partitions(
    session: Session, actor: Actor, kind: PartitionKind, months: int, *, today: date
) -> list[PartitionRow]:
    """What keeping so many months would drop. Raises BadInput."""
    actor.require(Permission.ADMIN)
    cutoff = cutoff_of(today, months, kind)
    return [
        row
        for row in await list_partitions(session, today)
        if row.kind is kind and row.month is not None and row.month < cutoff
    ]


async def _strays(session: Session, each: Partitioned) -> int:
    count = await session.execute(text(f"SELECT count(*) FROM {each.default}"))  # noqa: S608
    return int(count.scalar_one())
