"""Personal API tokens: shown once, stored as digests, never wider than their owner's rights."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import insert, select

from whalefall import crypto
from whalefall.auth import PERMISSIONS, Actor, Permission, Role
from whalefall.db import WriteSession
from whalefall.errors import BadInput, Code, Conflict, NotFound
from whalefall.models.users import ApiToken, User
from whalefall.resolvers.audit import audit

SHORTEST = 24  # characters of a token that is given, as the demo's is
LONGEST_NAME = 100


async def create_api_token(
    session: WriteSession,
    actor: Actor,
    username: str,
    name: str,
    *,
    token: str | None = None,
    scopes: Iterable[Permission] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Add a token for a person: one's own, or as an administrator anybody's. The token itself.

    Without scopes it may do what its owner may. Raises BadInput, NotFound, NAME_EXISTS.
    """
    user = await _owner(session, actor, username)
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadInput(f"A token's name has 1 to {LONGEST_NAME} characters.", field="name")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise BadInput("The token would have expired already.", field="expires_at")
    narrowed = None if scopes is None else sorted(_narrowed(user, scopes))
    token = _new(token)
    digest = crypto.token_digest(token)
    if await session.scalar(select(ApiToken.id).where(ApiToken.digest == digest)):
        raise Conflict("This token exists already.", code=Code.NAME_EXISTS, field="token")
    values = {"name": name, "scopes": narrowed, "expires_at": expires_at}
    added = await session.execute(
        insert(ApiToken).values(user_id=user.id, digest=digest, **values).returning(ApiToken.id)
    )
    after = {"username": username, **values}
    await audit(session, actor, "api_token.created", "ApiToken", added.scalar_one(), None, after)
    return token


async def _owner(session: WriteSession, actor: Actor, username: str) -> User:
    user = await session.scalar(select(User).where(User.username == username))
    if user is None or user.id != actor.user_id:
        actor.require(Permission.ADMIN)
    if user is None:
        raise NotFound("There is no such user.", field="username")
    return user


def _narrowed(user: User, scopes: Iterable[Permission]) -> set[str]:
    wanted = set(scopes)
    if not wanted or wanted - PERMISSIONS[Role(user.role)]:
        raise BadInput("A token may do some of what its owner may, no more.", field="scopes")
    return {str(scope) for scope in wanted}


def _new(token: str | None) -> str:
    if token is None:
        return crypto.API_TOKEN_PREFIX + crypto.new_token()
    if not token.startswith(crypto.API_TOKEN_PREFIX) or len(token) < SHORTEST:
        raise BadInput(
            f"A token begins with {crypto.API_TOKEN_PREFIX} and has {SHORTEST} characters or more.",
            field="token",
        )
    return token
