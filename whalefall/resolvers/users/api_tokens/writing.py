"""Making and revoking API tokens: shown once, stored as digests, never wider than their maker."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from whalefall import crypto
from whalefall.auth import PERMISSIONS, Actor, Permission, Role
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.errors import (
    AuthenticationRequired,
    BadInput,
    Code,
    Conflict,
    NotFound,
    PermissionRequired,
    said,
)
from whalefall.models.users import ApiToken, User, UserSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.users.api_tokens.reading import API_TOKENS, ApiTokenRow

SHORTEST = 24  # characters of a token that is given, as the demo's is
LONGEST_NAME = 100


@dataclass(kw_only=True)
class ApiTokenInput:
    """A new token. Without scopes it may do what its maker may."""

    name: str
    scopes: Iterable[Permission] | None = None
    expires_at: datetime | None = None


@dataclass(kw_only=True)
class NewApiToken:
    """A token in the only moment in which it can be read."""

    token: str = field(repr=False)
    row: ApiTokenRow


async def create_own_api_token(
    session: WriteSession, actor: Actor, wanted: ApiTokenInput
) -> NewApiToken:
    """Add a token for oneself. Raises BadInput.

    A token may make tokens too, but none that may do more or lives longer than itself.
    """
    actor.require(Permission.VIEW)
    if actor.user_id is None:
        raise PermissionRequired("Only people have API tokens.")
    user = (await session.execute(_locked(User.id == actor.user_id))).scalar_one()
    token = _new()
    token_id = await _add(session, actor, user, wanted, token)
    return NewApiToken(token=token, row=await reading.get_row(session, actor, API_TOKENS, token_id))


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

    Raises BadInput, NotFound, NAME_EXISTS.
    """
    user = await _owner(session, actor, username)
    token = _new() if token is None else _given(token)
    wanted = ApiTokenInput(name=name, scopes=scopes, expires_at=expires_at)
    await _add(session, actor, user, wanted, token)
    return token


async def revoke_api_token(session: WriteSession, actor: Actor, token_id: int) -> ApiTokenRow:
    """End a token: one's own, or as an administrator anybody's; again is no error.

    Raises NotFound, also for a token that is not the actor's to see.
    """
    row = await reading.get_row(session, actor, API_TOKENS, token_id)
    if actor.token_id not in (None, token_id):
        actor.require(Permission.ADMIN)  # a token that leaks must not end its siblings
    revoked = await session.execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiToken.id)
    )
    if revoked.scalar() is None:
        return row
    before = {"user_id": row.user_id, "name": row.name}
    await audit(session, actor, "api_token.revoked", "ApiToken", token_id, before, None)
    return await reading.get_row(session, actor, API_TOKENS, token_id)


async def _owner(session: WriteSession, actor: Actor, username: str) -> User:
    user = await session.scalar(_locked(User.username == username))
    if user is None or user.id != actor.user_id:
        actor.require(Permission.ADMIN)
    if user is None:
        raise NotFound("There is no such user.", field="username")
    return user


def _locked(condition: ColumnElement[bool]) -> Select[User]:
    """A person whose account stays as it is until the token is there for `revoke_all` to see."""
    return select(User).where(condition).with_for_update(read=True)


async def _add(
    session: WriteSession, actor: Actor, user: User, wanted: ApiTokenInput, token: str
) -> int:
    maker = await _maker(session, actor)
    values = {
        "name": checks.line(LONGEST_NAME)("name", wanted.name),
        "scopes": _scopes(user, maker, wanted.scopes),
        "expires_at": _expiry(maker, wanted.expires_at),
    }
    added = await session.execute(
        insert(ApiToken)
        .values(user_id=user.id, digest=crypto.token_digest(token), **values)
        .on_conflict_do_nothing(index_elements=[ApiToken.digest])
        .returning(ApiToken.id)
    )
    token_id = added.scalar()
    if token_id is None:
        raise Conflict("This token exists already.", code=Code.NAME_EXISTS, field="token")
    after = {"username": user.username, **values}
    await audit(session, actor, "api_token.created", "ApiToken", token_id, None, after)
    return token_id


async def _maker(session: WriteSession, actor: Actor) -> ApiToken | None:
    """The token that asks for another one, if a token does.

    What the actor came with is looked at again, and held: whoever revokes it meanwhile is seen
    here, or sees the new token. Raises AuthenticationRequired.
    """
    token = None
    if actor.token_id is not None:
        alive = ApiToken.id == actor.token_id, ApiToken.revoked_at.is_(None)
        token = await session.scalar(select(ApiToken).where(*alive).with_for_update(read=True))
        held: object = token
    elif actor.session_id is not None:
        lives = UserSession.id == actor.session_id, UserSession.revoked_at.is_(None)
        held = await session.scalar(select(UserSession.id).where(*lives).with_for_update(read=True))
    else:
        return None  # a part of WhaleFall itself
    if held is None:
        raise AuthenticationRequired("Sign in first.")
    return token


def _scopes(
    user: User, maker: ApiToken | None, wanted: Iterable[Permission] | None
) -> list[str] | None:
    """What the new token may do; null: whatever its owner may, now and later."""
    allowed = set(PERMISSIONS[Role(user.role)])
    if maker is not None and maker.scopes is not None:
        allowed &= set(map(Permission, maker.scopes))
        wanted = allowed if wanted is None else wanted
    if wanted is None:
        return None
    chosen = set(wanted)
    if not chosen:
        raise BadInput("Choose at least one of them.", field="scopes")
    if chosen - allowed:
        raise BadInput("A token may do some of what its maker may, no more.", field="scopes")
    return sorted(chosen)


def _expiry(maker: ApiToken | None, wanted: datetime | None) -> datetime | None:
    latest = None if maker is None else maker.expires_at
    if wanted is None:
        return latest
    if wanted <= datetime.now(UTC):
        raise BadInput("The token would have expired already.", field="expires_at")
    if latest is not None and wanted > latest:
        raise BadInput("A token lives no longer than the one that makes it.", field="expires_at")
    return wanted


def _new() -> str:
    return crypto.API_TOKEN_PREFIX + crypto.new_token()


def _given(token: str) -> str:
    if not token.startswith(crypto.API_TOKEN_PREFIX) or len(token) < SHORTEST:
        raise BadInput(
            said(
                "A token begins with %(prefix)s and has %(least)s characters or more.",
                prefix=crypto.API_TOKEN_PREFIX,
                least=SHORTEST,
            ),
            field="token",
        )
    return token
