"""Who asks: a cookie, an access token or an API token is looked up anew on every request."""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from whalefall import crypto
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Permission
from whalefall.crypto import KeyRing
from whalefall.db import Database
from whalefall.domain.preferences import NO_PREFERENCES, Preferences
from whalefall.errors import Code, Problem, Refused
from whalefall.resolvers.users.access_tokens import (
    expired_token,
    invalid_token,
    read_access_token,
)

IDLE = timedelta(hours=12)
CSRF = "csrf"
# Each is read by the request itself and outside any transaction: one round trip, by unique keys.
SESSION = """
    SELECT s.id, s.user_id, u.username, u.role, u.must_change_password,
           u.theme, u.density, u.language, u.time_zone, u.uses_keys,
           s.last_seen_at < now() - interval '1 minute' AS is_unnoted
      FROM user_sessions s JOIN users u ON u.id = s.user_id
     WHERE s.token_digest = $1 AND s.revoked_at IS NULL AND s.expires_at > now()
       AND s.last_seen_at > now() - $2::interval AND u.is_active
"""
ACCESS = """
    SELECT u.username, u.role, u.must_change_password, s.expires_at <= now() AS is_expired
      FROM user_sessions s JOIN users u ON u.id = s.user_id
     WHERE s.id = $1 AND s.user_id = $2 AND s.revoked_at IS NULL AND u.is_active
"""
API_TOKEN = """
    SELECT t.id, t.user_id, u.username, u.role, u.must_change_password, t.name, t.scopes,
           t.expires_at <= now() AS is_expired,
           t.last_used_at IS NULL
           OR t.last_used_at < now() - interval '1 minute' AS is_unnoted
      FROM api_tokens t JOIN users u ON u.id = t.user_id
     WHERE t.digest = $1 AND t.revoked_at IS NULL AND u.is_active
"""  # noqa: S105 (a statement)
NOTE_SESSION = text(
    "UPDATE user_sessions SET last_seen_at = now()"
    " WHERE id = :id AND last_seen_at < now() - interval '1 minute'"
)
NOTE_TOKEN = text(
    "UPDATE api_tokens SET last_used_at = now() WHERE id = :id"
    " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
)
log = structlog.get_logger(__name__)


async def actor_of_session(db: Database, token: str) -> Actor:
    """The person whose browser holds this token; NOBODY when the session has ended."""
    actor, _ = await reader_of_session(db, token)
    return actor


async def reader_of_session(db: Database, token: str) -> tuple[Actor, Preferences]:
    """The same, and how they like the pages: the statement that finds them brings it along."""
    row = await _row(db, SESSION, crypto.token_digest(token), IDLE)
    if row is None:
        return NOBODY, NO_PREFERENCES
    if row["is_unnoted"]:
        await _note(db, NOTE_SESSION, row["id"])
    actor = Actor.person(
        row["user_id"],
        row["username"],
        PERMISSIONS[row["role"]],
        session_id=row["id"],
        must_change_password=row["must_change_password"],
    )
    return actor, Preferences.of(row)


async def actor_of_token(db: Database, token: str) -> Actor:
    """Who calls by bearer: an API token or an access token. Raises TOKEN_INVALID, TOKEN_EXPIRED."""
    if token.startswith(crypto.API_TOKEN_PREFIX):
        return await _actor_of_api_token(db, token)
    return await _actor_of_access_token(db, token)


def csrf_token_of(keys: KeyRing, token: str) -> str:
    """The CSRF token that belongs to a session: nothing is stored, and only we can make it."""
    return keys.sign(CSRF, token)


async def _actor_of_access_token(db: Database, token: str) -> Actor:
    """The token tells whose sign-in it is; whether that lasts, and the role, are today's."""
    sign_in = read_access_token(db.keys, token)
    row = await _row(db, ACCESS, sign_in.session_id, sign_in.user_id)
    if row is None:
        raise invalid_token()
    if row["is_expired"]:
        raise expired_token()
    return Actor.person(
        sign_in.user_id,
        row["username"],
        PERMISSIONS[row["role"]],
        session_id=sign_in.session_id,
        must_change_password=row["must_change_password"],
    )


async def _actor_of_api_token(db: Database, token: str) -> Actor:
    """The person's rights, narrowed to the token's scopes."""
    row = await _row(db, API_TOKEN, crypto.token_digest(token))
    if row is None:
        raise Refused("The API token is not valid.", code=Code.TOKEN_INVALID)
    if row["is_expired"]:
        raise Refused("The API token has expired.", code=Code.TOKEN_EXPIRED)
    if row["is_unnoted"]:
        await _note(db, NOTE_TOKEN, row["id"])
    rights = PERMISSIONS[row["role"]]
    if row["scopes"] is not None:
        rights &= {Permission(scope) for scope in row["scopes"]}
    return Actor.person(
        row["user_id"],
        row["username"],
        rights,
        token_id=row["id"],
        must_change_password=row["must_change_password"],
    )


async def _row(db: Database, statement: str, *values: object) -> Any:
    ((*rows,),) = await db.fetch([(statement, values)], is_keyed=True)
    return rows[0] if rows else None


async def _note(db: Database, statement: Any, row_id: int) -> None:
    """Note the use, at most once a minute; a database that only reads must not end sessions."""
    try:
        async with db.write() as session:
            await session.execute(statement, {"id": row_id})
    except (Problem, SQLAlchemyError) as error:
        log.warning("user.use_not_noted", error=type(error).__name__)
