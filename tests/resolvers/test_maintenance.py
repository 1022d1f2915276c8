"""Sign-ins of old are forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import ADA, OTTO, make_user
from whalefall.db import Database
from whalefall.errors import PermissionRequired
from whalefall.models.users import RefreshToken, UserSession
from whalefall.resolvers.maintenance import forget_sign_ins


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
