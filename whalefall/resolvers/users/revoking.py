"""Ending every way in that a person has, at once: for a new password, for disabling."""

from sqlalchemy import func, select, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.models.users import ApiToken, User, UserSession
from whalefall.resolvers.audit import audit


async def revoke_all(session: WriteSession, actor: Actor, user_id: int) -> None:
    """Revoke a person's sessions with their tokens, and API tokens: one's own, or as an admin any.

    To be called behind the change to the user, in its transaction: who signs in or makes a token
    meanwhile waits for that row, and then finds what has changed.
    """
    if actor.user_id != user_id:
        actor.require(Permission.ADMIN)
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    sessions = await session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id)
    )
    api_tokens = await session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    after = {
        "session_count": len(sessions.all()),
        "api_token_count": len(api_tokens.all()),
    }
    await audit(session, actor, "user.access_revoked", "User", user_id, None, after)
