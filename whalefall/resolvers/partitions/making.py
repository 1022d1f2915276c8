"""Making the partitions of months before they come, and dropping those that are too old."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from whalefall.auth import Actor, Permission
from whalefall.db import Database, Session, WriteSession
from whalefall.domain.periods import add_months
from whalefall.errors import BadInput, said
from whalefall.resolvers.audit import audit
from whalefall.resolvers.partitions.reading import MOST_MONTHS, cutoff_of, old_partitions
from whalefall.resolvers.partitions.tables import (
    TABLES,
    Partitioned,
    PartitionKind,
    PartitionRow,
    is_there,
    wanted_months,
)

LOCK = text("SELECT pg_advisory_xact_lock(8600003)")
# A reader that goes on for long is not waited for: those behind us would wait as well.
BRIEFLY = text("SET LOCAL lock_timeout = '500ms'")


@dataclass(kw_only=True)
class Upkeep:
    """What keeping the partitions came to."""

    created: int
    moved: int
    dropped: int


async def keep_partitions(db: Database, actor: Actor) -> int:
    """Make sure that this month and the next three have partitions; how many had not."""
    actor.require(Permission.ADMIN)
    async with db.write() as session:
        return (await create_partitions(session, wanted_months(db.settings.today()))).created


async def look_after_partitions(db: Database, actor: Actor) -> Upkeep:
    """The nightly task: make what is missing, also for rows that strayed, and drop what is older
    than the settings want kept."""
    actor.require(Permission.ADMIN)
    today, settings = db.settings.today(), db.settings
    async with db.write() as session:
        strayed = {month for each in TABLES for month in await _stray_months(session, each)}
        made = await create_partitions(session, sorted({*wanted_months(today), *strayed}))
    dropped = 0
    for kind, months in (
        (PartitionKind.RAW, settings.raw_months),
        (PartitionKind.AGGREGATES, settings.aggregate_months),
    ):
        async with db.write() as session:
            dropped += len(await _drop_old(session, actor, kind, today, months))
    return Upkeep(created=made.created, moved=made.moved, dropped=dropped)


async def create_month(
    session: WriteSession, actor: Actor, month: date, *, today: date
) -> list[str]:
    """Make the partitions of a month, this one or a later one; the names of those that were new.

    Raises BadInput for a month that is over.
    """
    actor.require(Permission.ADMIN)
    first = month.replace(day=1)
    if not today.replace(day=1) <= first <= add_months(today.replace(day=1), MOST_MONTHS):
        raise BadInput("Only this month and later ones get partitions.", field="month")
    new = [each.name(first) for each in TABLES if not await is_there(session, each.name(first))]
    await create_partitions(session, [first])
    if new:
        after = {"names": new}
        await audit(session, actor, "partitions.created", "Partition", None, None, after)
    return new


async def drop_old_partitions(
    session: WriteSession,
    actor: Actor,
    kind: PartitionKind,
    months: int,
    *,
    today: date,
    confirmation: str | None,
) -> list[PartitionRow]:
    """Drop them with all of their rows; what was dropped.

    `confirmation` is the first month that is kept, as in 2025-07: else BadInput.
    """
    cutoff = f"{cutoff_of(today, months, kind):%Y-%m}"
    actor.require(Permission.ADMIN)
    if (confirmation or "").strip() != cutoff:
        raise BadInput(
            said("Confirm with the first month that is kept: %(month)s.", month=cutoff),
            field="confirmation",
        )
    return await _drop_old(session, actor, kind, today, months)


async def create_partitions(session: WriteSession, months: Iterable[date]) -> Upkeep:
    """Give every month its partitions where they are missing; rows that strayed move over."""
    missing = [
        (each, month)
        for month in months
        for each in TABLES
        if not await is_there(session, each.name(month))
    ]
    moved = 0
    if missing:
        await session.execute(LOCK)
    for each, month in missing:
        moved += await _create(session, each, month)
    return Upkeep(created=len(missing), moved=moved, dropped=0)


async def _create(session: WriteSession, each: Partitioned, month: date) -> int:
    """One partition, in the transaction that empties the default one of its rows; how many."""
    name, until = each.name(month), add_months(month, 1)
    strays = f"FROM {each.default} WHERE {each.column} >= '{month}' AND {each.column} < '{until}'"
    await session.execute(BRIEFLY)
    # What came between copying and deleting would be lost.
    await session.execute(text(f"LOCK TABLE {each.default} IN SHARE ROW EXCLUSIVE MODE"))
    await session.execute(
        text(f"CREATE TEMPORARY TABLE strays ON COMMIT DROP AS SELECT * {strays}")
    )
    gone = await session.execute(text(f"DELETE {strays}"))
    for statement in (
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {each.table}"
        f" FOR VALUES FROM ('{month}') TO ('{until}')",
        f"INSERT INTO {each.table} SELECT * FROM strays",  # noqa: S608 (names and dates of ours)
        "DROP TABLE strays",
    ):
        await session.execute(text(statement))
    return int(gone.rowcount)  # type: ignore[attr-defined]


async def _drop_old(
    session: WriteSession, actor: Actor, kind: PartitionKind, today: date, months: int
) -> list[PartitionRow]:
    old = await old_partitions(session, actor, kind, months, today=today)
    if old:
        await session.execute(BRIEFLY)
        await session.execute(LOCK)
    for row in old:
        await session.execute(text(f"DROP TABLE {row.name}"))
    if old:
        after = {"names": [row.name for row in old]}
        await audit(session, actor, "partitions.dropped", "Partition", None, None, after)
    return old


async def _stray_months(session: Session, each: Partitioned) -> Sequence[date]:
    month = f"CAST(date_trunc('month', {each.column}) AS date)"
    sql = f"SELECT DISTINCT {month} FROM {each.default}"  # noqa: S608
    found = await session.execute(text(sql))
    return found.scalars().all()
