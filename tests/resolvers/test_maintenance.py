"""Months get partitions before their first day comes; sign-ins of old are forgotten."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from tests.factories import ADA, OTTO, make_database, make_user
from whalefall.db import Database, WriteSession
from whalefall.errors import PermissionRequired
from whalefall.models.databases import DatabaseSizeStat
from whalefall.models.users import RefreshToken, UserSession
from whalefall.resolvers.maintenance import (
    create_partitions,
    forget_sign_ins,
    keep_partitions,
)

PARTITIONS = text("""
    SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
     WHERE inhparent = 'database_size_stats'::regclass ORDER BY 1
""")


async def partitions(session: WriteSession) -> set[str]:
    return set((await session.execute(PARTITIONS)).scalars())


async def test_every_month_of_a_span_gets_one(session: WriteSession) -> None:
    await create_partitions(session, date(2031, 11, 30), date(2032, 1, 1))

    made = {name for name in await partitions(session) if "y203" in name}
    assert made == {
        f"database_size_stats_{month}" for month in ("y2031m11", "y2031m12", "y2032m01")
    }


async def test_asking_twice_changes_nothing(session: WriteSession) -> None:
    await create_partitions(session, date(2031, 1, 1), date(2031, 1, 31))
    before = await partitions(session)

    await create_partitions(session, date(2031, 1, 1), date(2031, 1, 31))

    assert await partitions(session) == before


async def test_a_size_lies_in_the_partition_of_its_month(session: WriteSession) -> None:
    await create_partitions(session, date(2031, 2, 1), date(2031, 2, 28))
    database = await make_database(session)
    for day in (date(2031, 2, 28), date(2031, 3, 1)):
        session.add(
            DatabaseSizeStat(
                database_id=database.id,
                instance_id=database.instance_id,
                stat_date=day,
                size_bytes=1,
                quality="EXACT",
            )
        )
    await session.flush()

    found = await session.execute(
        text("SELECT tableoid::regclass::text FROM database_size_stats ORDER BY stat_date")
    )
    assert list(found.scalars()) == ["database_size_stats_y2031m02", "database_size_stats_default"]


async def test_rows_that_strayed_into_the_default_partition_move_over(
    session: WriteSession,
) -> None:
    database = await make_database(session)
    stray = DatabaseSizeStat(
        database_id=database.id,
        instance_id=database.instance_id,
        stat_date=date(2031, 5, 5),
        size_bytes=7,
        quality="EXACT",
    )
    session.add(stray)
    await session.flush()

    await create_partitions(session, date(2031, 5, 1), date(2031, 5, 31))

    found = await session.execute(
        text("SELECT tableoid::regclass::text, size_bytes FROM database_size_stats")
    )
    assert [tuple(row) for row in found] == [("database_size_stats_y2031m05", 7)]


async def test_this_month_and_the_next_three_are_kept_ready(db: Database) -> None:
    await keep_partitions(db, ADA)

    today = datetime.now(UTC).astimezone(db.settings.zone).date()
    async with db.write() as session:
        known = await partitions(session)
    for days in (0, 31, 62, 93):
        month = today + timedelta(days=days)
        assert f"database_size_stats_y{month:%Y}m{month:%m}" in known


async def test_sessions_are_forgotten_with_their_tokens_a_week_after_they_ended(
    db: Database,
) -> None:
    now = datetime.now(UTC)
    ends = {"live": (1, None), "over": (-6, None), "long over": (-8, None), "left": (-3, -8)}
    async with db.write() as session:
        user = await make_user(session)
        for name, (expires, revoked) in ends.items():
            ended = None if revoked is None else now + timedelta(days=revoked)
            expires_at = now + timedelta(days=expires)
            sign_in = UserSession(
                user_id=user.id,
                token_digest=name.encode(),
                expires_at=expires_at,
                revoked_at=ended,
            )
            session.add(sign_in)
            await session.flush()
            session.add(
                RefreshToken(session_id=sign_in.id, digest=name.encode(), expires_at=expires_at)
            )

    await forget_sign_ins(db, ADA)

    async with db.read() as session:
        for column in (UserSession.token_digest, RefreshToken.digest):
            assert set((await session.execute(select(column))).scalars()) == {b"live", b"over"}


async def test_an_operator_does_not_forget_sign_ins(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await forget_sign_ins(db, OTTO)


async def test_an_operator_does_not_keep_partitions(db: Database) -> None:
    with pytest.raises(PermissionRequired):
        await keep_partitions(db, OTTO)
