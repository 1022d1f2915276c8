"""Where one is signed in: only the person themselves sees and ends their sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Subquery, exists, func, or_, select, update

from whalefall.auth import Actor
from whalefall.db import ReadSession, WriteSession
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.errors import NotFound
from whalefall.models.users import RefreshToken, UserSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.users.actors import IDLE


@dataclass(kw_only=True)
class UserSessionRow:
    """One sign-in of the person who asks, as long as somebody can call by it."""

    id: int = described("The row's id.")
    created_at: datetime = described("When they signed in.")
    last_seen_at: datetime = described(
        "When a browser last used it, to the minute; what programs do by its tokens is not noted."
    )
    expires_at: datetime = described("When it ends by itself, if used until then.")
    address: str | None = described("Where they signed in from; null: not known.")
    user_agent: str | None = described("How browser or program name themselves; null: not at all.")


@dataclass(kw_only=True)
class UserSessionFilter:
    """Narrows one's sessions."""

    seen_since: datetime | None = described("Those seen since then.", default=None)


class UserSessionOrderField(StrEnum):
    """Both in time."""

    LAST_SEEN_AT = "LAST_SEEN_AT"
    CREATED_AT = "CREATED_AT"


def _where(view: Subquery, filter: UserSessionFilter) -> Iterator[Condition]:
    if filter.seen_since is not None:
        yield view.c.last_seen_at >= filter.seen_since


def _visible(view: Subquery, actor: Actor) -> Iterator[Condition]:
    """One's own that last; not even administrators see where others are."""
    yield view.c.user_id == actor.user_id
    yield view.c.is_alive


def _is_alive() -> ColumnElement[bool]:
    """Whether its cookie still counts, or else a refresh token that came of it."""
    hours = IDLE.total_seconds() / 3600
    recently = UserSession.last_seen_at > func.now() - func.make_interval(0, 0, 0, 0, int(hours))
    by_token = exists().where(
        RefreshToken.session_id == UserSession.id,
        RefreshToken.spent_at.is_(None),
        RefreshToken.expires_at > func.now(),
    )
    lasts = UserSession.revoked_at.is_(None) & (UserSession.expires_at > func.now())
    return lasts & or_(recently, by_token)


USER_SESSIONS: Noun[UserSessionRow] = Noun(
    name="UserSession",
    row=UserSessionRow,
    filter=UserSessionFilter,
    view=select(
        UserSession.id,
        UserSession.user_id,
        UserSession.created_at,
        UserSession.last_seen_at,
        UserSession.expires_at,
        UserSession.address,
        UserSession.user_agent,
        _is_alive().label("is_alive"),
    ),
    where=_where,
    visible=_visible,
    orders={
        UserSessionOrderField.LAST_SEEN_AT: ("last_seen_at",),
        UserSessionOrderField.CREATED_AT: ("created_at",),
    },
    default_order=OrderBy(UserSessionOrderField.LAST_SEEN_AT, Direction.DESC),
)


async def list_own_sessions(
    session: ReadSession, actor: Actor, page: PageRequest | None = None
) -> Page[UserSessionRow]:
    """One's sessions, the last seen first."""
    return await reading.list_rows(
        session, actor, USER_SESSIONS, Listing(page=page or PageRequest())
    )


async def revoke_session(session: WriteSession, actor: Actor, session_id: int) -> None:
    """End one of one's own sessions with its tokens; the one that asks, too. Raises NotFound."""
    user_id, _ = actor.require_session()
    rows = await reading.get_rows(session, actor, USER_SESSIONS, [session_id])
    if session_id not in rows:
        raise NotFound("There is no such session.")
    await _revoke(session, actor, user_id, UserSession.id == session_id)


async def revoke_other_sessions(session: WriteSession, actor: Actor) -> int:
    """End all of one's own sessions but the one that asks; how many there were."""
    user_id, session_id = actor.require_session()
    actor.require(USER_SESSIONS.permission)
    return await _revoke(session, actor, user_id, UserSession.id != session_id)


async def _revoke(
    session: WriteSession, actor: Actor, user_id: int, which: ColumnElement[bool]
) -> int:
    """Each is known in the audit by what its owner would know it by."""
    revoked = await session.execute(
        update(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > func.now(),
            which,
        )
        .values(revoked_at=func.now())
        .returning(UserSession.id, UserSession.address)
    )
    ended = [{"id": row.id, "address": row.address} for row in revoked]
    if ended:
        before = {"sessions": ended}
        await audit(session, actor, "user.sessions_revoked", "User", user_id, before, None)
    return len(ended)
