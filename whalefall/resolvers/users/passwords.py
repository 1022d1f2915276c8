"""Changing one's own password: whoever else is signed in with the old one is not any longer."""

import structlog
from sqlalchemy import func, select, update

from whalefall import crypto
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.checks import Problems
from whalefall.domain.passwords import check_password
from whalefall.errors import AuthenticationRequired, BadInput, Code, said
from whalefall.models.users import User
from whalefall.resolvers.audit import audit
from whalefall.resolvers.users.revoking import revoke_all
from whalefall.resolvers.users.signing_in import SignedIn, begin_session
from whalefall.resolvers.users.throttle import (
    TooManyAttempts,
    account_key,
    address_key,
    count_attempt,
    forgive,
)

log = structlog.get_logger(__name__)


async def change_password(
    db: Database,
    actor: Actor,
    old: str,
    new: str,
    *,
    address: str | None,
    user_agent: str | None,
) -> SignedIn:
    """Set a new password, end all of the person's sessions and tokens, and begin a new session.

    Raises Problems: INVALID_CREDENTIALS for the old one, PASSWORD_INVALID, PASSWORD_DUPLICATED;
    and TooManyAttempts, which count together with those to sign in.
    """
    user_id, _ = actor.require_session()
    user = await _counted(db, user_id, address)
    problems = _faults(new, user.username)
    if not await crypto.check_password(user.password_hash, old):
        await _note_failure(db, actor, address)
        problems = [_wrong(), *problems]
    elif new == old:
        same = said("This is the password that you have.")
        problems = [BadInput(same, code=Code.PASSWORD_DUPLICATED, field="new_password")]
    if problems:
        raise Problems(problems)
    return await _change(db, actor, user, new, address, user_agent)


async def _counted(db: Database, user_id: int, address: str | None) -> User:
    """Count the attempt as one to sign in, so that nobody gets more guesses here; then look."""
    try:
        async with db.write() as session:
            found = await session.execute(select(User).where(User.id == user_id, User.is_active))
            user = found.scalar_one_or_none()
            if user is None:
                raise AuthenticationRequired("Sign in first.")
            await count_attempt(session, account_key(user.username), address_key(address))
            return user
    except TooManyAttempts as problem:
        wait = problem.wait_seconds
        log.warning("user.password_change_throttled", address=address, wait_seconds=wait)
        raise


async def _note_failure(db: Database, actor: Actor, address: str | None) -> None:
    after = {"address": address, "reason": "wrong password"}
    async with db.write() as session:
        await audit(
            session, actor, "user.password_change_failed", "User", actor.user_id, None, after
        )


async def _change(
    db: Database, actor: Actor, user: User, new: str, address: str | None, user_agent: str | None
) -> SignedIn:
    hashed = await crypto.hash_password(new)
    async with db.write() as session:
        changed = await session.execute(
            update(User)
            .where(User.id == user.id, User.is_active, User.password_hash == user.password_hash)
            .values(password_hash=hashed, must_change_password=False, updated_at=func.now())
            .returning(User.id)
        )
        if changed.scalar() is None:
            raise _wrong()  # it was changed while the hashes were computed
        await revoke_all(session, actor, user.id)
        await forgive(session, account_key(user.username))
        signed_in = await begin_session(session, db.keys, user, address, user_agent)
        after = {"address": address}
        await audit(session, actor, "user.password_changed", "User", user.id, None, after)
    return signed_in


def _faults(new: str, username: str) -> list[BadInput]:
    try:
        check_password(new, username, field="new_password")
    except BadInput as problem:
        return [problem]
    return []


def _wrong() -> BadInput:
    message = said("This is not your current password.")
    return BadInput(message, code=Code.INVALID_CREDENTIALS, field="old_password")
