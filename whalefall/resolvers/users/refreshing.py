"""Refresh tokens: each works once, and whoever shows a spent one ends the whole sign-in.

A sign-in's session is the family of its tokens: all are dead as soon as it is revoked. A spent
token tells that two hold it, and nobody can tell the owner from the thief. That holds for two
uses at the same moment as well: one gets tokens, the other one ends the session beneath them.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, insert, text, update

from whalefall import crypto
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Role
from whalefall.crypto import KeyRing
from whalefall.db import Database, WriteSession
from whalefall.errors import Code, Refused, said
from whalefall.models.users import RefreshToken, UserSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.users.access_tokens import LIFETIME, SignIn, make_access_token
from whalefall.resolvers.users.signing_in import SignedIn

IDLE = timedelta(days=2)  # a nightly job stays signed in, as long as the session may live
# The condition is asked again by PostgreSQL when it has waited for another use: one of two wins.
SPEND = text("""
    UPDATE refresh_tokens AS token
       SET spent_at = now()
      FROM user_sessions AS session
      JOIN users AS owner ON owner.id = session.user_id
     WHERE token.digest = :digest AND token.spent_at IS NULL AND token.expires_at > now()
       AND session.id = token.session_id
       AND session.revoked_at IS NULL AND session.expires_at > now() AND owner.is_active
    RETURNING session.id, session.expires_at, session.user_id, owner.username, owner.role
""")
FIND = text("""
    SELECT session.id, session.user_id, token.spent_at IS NOT NULL AS is_spent,
           session.revoked_at IS NULL AND owner.is_active
           AND (token.expires_at <= now() OR session.expires_at <= now()) AS is_expired
      FROM refresh_tokens AS token
      JOIN user_sessions AS session ON session.id = token.session_id
      JOIN users AS owner ON owner.id = session.user_id
     WHERE token.digest = :digest
""")
log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class Tokens:
    """What a program calls with for a while, and what it gets the next ones for."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime  # of the access token


async def issue_tokens(db: Database, signed_in: SignedIn) -> Tokens:
    """The first tokens of a sign-in."""
    sign_in = SignIn(user_id=signed_in.user.id, session_id=signed_in.session_id)
    async with db.write() as session:
        return await _issue(session, db.keys, sign_in, signed_in.ends_at)


async def refresh_access_token(db: Database, token: str, *, address: str | None) -> Tokens:
    """Spend a refresh token for the next tokens of its sign-in.

    Raises TOKEN_EXPIRED after two days unused or at the session's end, else TOKEN_INVALID.
    """
    digest = crypto.token_digest(token)
    async with db.write() as session:
        spent = (await session.execute(SPEND, {"digest": digest})).one_or_none()
        if spent is not None:
            return await _rotate(session, db.keys, spent, address)
    raise await _refusal(db, digest, address)


async def _rotate(session: WriteSession, keys: KeyRing, spent: Any, address: str | None) -> Tokens:
    actor = Actor(
        name=spent.username,
        permissions=PERMISSIONS[Role(spent.role)],
        user_id=spent.user_id,
        session_id=spent.id,
    )
    after = {"address": address}
    await audit(session, actor, "access_token.refreshed", "UserSession", spent.id, None, after)
    sign_in = SignIn(user_id=spent.user_id, session_id=spent.id)
    return await _issue(session, keys, sign_in, spent.expires_at)


async def _issue(
    session: WriteSession, keys: KeyRing, sign_in: SignIn, ends_at: datetime
) -> Tokens:
    """New tokens; neither outlives the session."""
    refresh_token = crypto.REFRESH_TOKEN_PREFIX + crypto.new_token()
    await session.execute(
        insert(RefreshToken).values(
            session_id=sign_in.session_id,
            digest=crypto.token_digest(refresh_token),
            expires_at=func.least(func.now() + IDLE, ends_at),
        )
    )
    expires_at = min(datetime.now(UTC) + LIFETIME, ends_at).replace(microsecond=0)
    return Tokens(
        access_token=make_access_token(keys, sign_in, expires_at),
        refresh_token=refresh_token,
        expires_at=expires_at,
    )


async def _refusal(db: Database, digest: bytes, address: str | None) -> Refused:
    """Why a token was not taken. What a spent one sets off must last, so nothing is raised here."""
    async with db.write() as session:
        found = (await session.execute(FIND, {"digest": digest})).one_or_none()
        if found is not None and found.is_spent:
            await _end(session, found, address)
        elif found is not None and found.is_expired:
            return _refused(said("The refresh token has expired."), Code.TOKEN_EXPIRED)
    return _refused(said("The refresh token is not valid."), Code.TOKEN_INVALID)


async def _end(session: WriteSession, reused: Any, address: str | None) -> None:
    """Revoke the session, and say so once."""
    ended = await session.execute(
        update(UserSession)
        .where(UserSession.id == reused.id, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id)
    )
    if ended.scalar() is None:
        return
    after = {"user_id": reused.user_id, "address": address}
    await audit(session, NOBODY, "refresh_token.reused", "UserSession", reused.id, None, after)
    log.warning(
        "refresh_token.reused",
        user_id=reused.user_id,
        session_id=reused.id,
        address=address,
    )


def _refused(message: str, code: Code) -> Refused:
    return Refused(message, code=code, field="refresh_token", hint=said("Sign in again."))
