"""Signing in and out: nobody learns, by words or by time, which accounts exist."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, insert, or_, select, update

from whalefall import crypto
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Role
from whalefall.crypto import KeyRing
from whalefall.db import Database, WriteSession
from whalefall.domain.passwords import USERNAME
from whalefall.errors import BadInput, Code, Refused
from whalefall.models.users import User, UserSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.users.actors import csrf_token_of
from whalefall.resolvers.users.people import USERS, UserRow
from whalefall.resolvers.users.throttle import (
    TooManyAttempts,
    account_key,
    address_key,
    count_attempt,
    forgive,
)

LIFETIME = timedelta(days=7)
LONGEST_USER_AGENT = 300
log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class SignedIn:
    """A new session. The token goes into the cookie and nowhere else."""

    token: str = field(repr=False)
    csrf_token: str = field(repr=False)
    user: UserRow
    session_id: int
    ends_at: datetime


async def sign_in(
    db: Database, username: str, password: str, *, address: str | None, user_agent: str | None
) -> SignedIn:
    """Begin a session under a new id.

    Raises BadInput for blanks, INVALID_CREDENTIALS, ACCOUNT_DISABLED (only after the right
    password), TooManyAttempts. Found or not, an account costs the same statements and one hash.
    """
    for name, text in (("username", username), ("password", password)):
        if not text.strip():
            raise BadInput("Enter user name and password.", field=name)
    username = username.strip()
    user = await _find(db, username, address)
    stored = None if user is None else user.password_hash
    if not await crypto.check_password(stored, password) or user is None:
        await _refuse(db, user, address, "wrong password")
        raise _wrong()
    if not user.is_active:
        await _refuse(db, user, address, "disabled")
        raise Refused("This account is disabled.", code=Code.ACCOUNT_DISABLED)
    return await _begin(db, user, address, user_agent)


async def sign_out(session: WriteSession, actor: Actor) -> None:
    """End the actor's session, if it has one, and with it every token that came of it."""
    if actor.session_id is None:
        return
    await session.execute(
        update(UserSession)
        .where(UserSession.id == actor.session_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    await audit(session, actor, "user.signed_out", "User", actor.user_id, None, None)


async def forget_ended_sessions(session: WriteSession) -> None:
    """Drop sessions, with their tokens, that ended long enough ago that no audit needs them."""
    ended = func.now() - LIFETIME
    await session.execute(
        delete(UserSession).where(
            or_(UserSession.expires_at < ended, UserSession.revoked_at < ended)
        )
    )


async def _find(db: Database, username: str, address: str | None) -> User | None:
    """Count the attempt, then look; a name that no account can have is looked for like any."""
    asked = username if USERNAME.fullmatch(username) else "-"
    try:
        async with db.write() as session:
            await count_attempt(session, account_key(username), address_key(address))
            found = await session.execute(select(User).where(User.username == asked))
            return found.scalar_one_or_none()
    except TooManyAttempts as problem:
        log.warning("user.sign_in_throttled", address=address, wait_seconds=problem.wait_seconds)
        raise


async def _refuse(db: Database, user: User | None, address: str | None, reason: str) -> None:
    """The audit names existing accounts only: people type passwords into the wrong field."""
    name, user_id = (None, None) if user is None else (user.username, user.id)
    after = {"username": name, "address": address, "reason": reason}
    async with db.write() as session:
        await audit(session, NOBODY, "user.sign_in_failed", "User", user_id, None, after)


async def _begin(db: Database, user: User, address: str | None, user_agent: str | None) -> SignedIn:
    async with db.write() as session:
        await _note_login(session, user)
        await forgive(session, account_key(user.username))
        signed_in = await begin_session(session, db.keys, user, address, user_agent)
        actor, after = _actor(user, signed_in.session_id), {"address": address}
        await audit(session, actor, "user.signed_in", "User", user.id, None, after)
    return signed_in


async def begin_session(
    session: WriteSession, keys: KeyRing, user: User, address: str | None, user_agent: str | None
) -> SignedIn:
    """A new session for a person who has just proved who they are."""
    token = crypto.new_token()
    values = {
        "user_id": user.id,
        "token_digest": crypto.token_digest(token),
        "expires_at": func.now() + LIFETIME,
        "address": address,
        "user_agent": _shown(user_agent),
    }
    added = await session.execute(
        insert(UserSession).values(**values).returning(UserSession.id, UserSession.expires_at)
    )
    session_id, ends_at = added.one()
    return SignedIn(
        token=token,
        csrf_token=csrf_token_of(keys, token),
        user=await reading.get_row(session, _actor(user, session_id), USERS, user.id),
        session_id=session_id,
        ends_at=ends_at,
    )


async def _note_login(session: WriteSession, user: User) -> None:
    """Note the time; refuse when password or account were changed while the hash was computed."""
    noted = await session.execute(
        update(User)
        .where(User.id == user.id, User.is_active, User.password_hash == user.password_hash)
        .values(last_login_at=func.now())
        .returning(User.id)
    )
    if noted.scalar() is None:
        raise _wrong()


def _actor(user: User, session_id: int) -> Actor:
    return Actor(
        name=user.username,
        permissions=PERMISSIONS[Role(user.role)],
        user_id=user.id,
        session_id=session_id,
    )


def _wrong() -> Refused:
    return Refused("User name or password is wrong.")


def _shown(user_agent: str | None) -> str | None:
    if user_agent is None:
        return None
    return "".join(filter(str.isprintable, user_agent))[:LONGEST_USER_AGENT]
