"""What keeps WhaleFall itself in order: lost records, months' partitions, old sign-ins."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from whalefall.auth import Actor, Permission
from whalefall.db import Database, WriteSession
from whalefall.resolvers.collection.claims import reap, resend
from whalefall.resolvers.users import forget_ended_sessions

PARTITIONED = ("database_size_stats", "instance_size_stats")
MONTHS_AHEAD = 3
LOCK = text("SELECT pg_advisory_xact_lock(8600003)")
EXISTS = text("SELECT to_regclass(:name) IS NOT NULL")


async def reconcile(db: Database, actor: Actor) -> None:
    """Expire leases and send unsent jobs; safe from several schedulers at once."""
    actor.require(Permission.ADMIN)
    async with db.write() as session:
        await reap(session)
    async with db.write() as session:
        await resend(session)


async def forget_sign_ins(db: Database, actor: Actor) -> None:
    """Drop sessions that ended a week ago or more, and their refresh tokens with them."""
    actor.require(Permission.ADMIN)
    async with db.write() as session:
        await forget_ended_sessions(session)


async def keep_partitions(db: Database, actor: Actor) -> int:
    """Make sure that this month and the next three have partitions of their own; how many had
    not."""
    actor.require(Permission.ADMIN)
    today = datetime.now(UTC).astimezone(db.settings.zone).date()
    last = today + timedelta(days=31 * MONTHS_AHEAD)
    async with db.write() as session:
        return await create_partitions(session, today, last)


async def create_partitions(session: WriteSession, first: date, last: date) -> int:
    """Give every month from `first` to `last` its partitions, where they are missing."""
    months = [(table, month) for table in PARTITIONED for month in _months(first, last)]
    missing = [pair for pair in months if not await _exists(session, *pair)]
    if missing:
        await session.execute(LOCK)
    for table, month in missing:
        await _create(session, table, month)
    return len(missing)


async def _create(session: WriteSession, table: str, month: date) -> None:
    """Create a partition; rows of its month that strayed into the default one move over."""
    name, first, until = _name(table, month), month, _next(month)
    strays = f"FROM {table}_default WHERE stat_date >= '{first}' AND stat_date < '{until}'"
    for statement in (
        f"CREATE TEMPORARY TABLE strays ON COMMIT DROP AS SELECT * {strays}",
        f"DELETE {strays}",
        f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table}"
        f" FOR VALUES FROM ('{first}') TO ('{until}')",
        f"INSERT INTO {table} SELECT * FROM strays",  # noqa: S608 (names and dates of ours)
        "DROP TABLE strays",
    ):
        await session.execute(text(statement))


async def _exists(session: WriteSession, table: str, month: date) -> bool:
    found = await session.execute(EXISTS, {"name": _name(table, month)})
    return bool(found.scalar_one())


def _name(table: str, month: date) -> str:
    return f"{table}_y{month:%Y}m{month:%m}"


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _next(month)


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
