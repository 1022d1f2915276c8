"""API tokens as rows: what is known of them, which is everything but the secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, func, or_, select

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.paging import Direction, OrderBy, Page
from whalefall.errors import NotFound
from whalefall.models.users import ApiToken
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, RequiredOne, described
from whalefall.resolvers.nouns.queries import Listing


@dataclass(kw_only=True)
class ApiTokenRow:
    """A key by which programs call in a person's name until it expires or is revoked."""

    id: int = described("The row's id.")
    user_id: int = described("In whose name it calls.")
    name: str = described("What it is for.")
    scopes: list[Permission] | None = described(
        "What it may do at most; null: whatever its owner may."
    )
    is_active: bool = described("Whether it is neither revoked nor expired.")
    created_at: datetime = described("When it was made.")
    expires_at: datetime | None = described("When it ends by itself; null: never.")
    last_used_at: datetime | None = described("When it was last used, to the minute; null: never.")
    revoked_at: datetime | None = described("When it was revoked; null: it is not.")


@dataclass(kw_only=True)
class ApiTokenFilter:
    """Narrows API tokens."""

    user_id: int | None = described("Tokens of this person.", default=None)
    is_active: bool | None = described("Only those that work, or only the others.", default=None)


class ApiTokenOrderField(StrEnum):
    """Names need not be unique."""

    CREATED_AT = "CREATED_AT"
    NAME = "NAME"


def _where(view: Subquery, filter: ApiTokenFilter) -> Iterator[Condition]:
    if filter.user_id is not None:
        yield view.c.user_id == filter.user_id
    if filter.is_active is not None:
        yield view.c.is_active if filter.is_active else ~view.c.is_active


def _visible(view: Subquery, actor: Actor) -> Iterator[Condition]:
    """One's own; to administrators, everybody's."""
    if not actor.may(Permission.ADMIN):
        yield view.c.user_id == actor.user_id


_IS_ACTIVE = ApiToken.revoked_at.is_(None) & or_(
    ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()
)
API_TOKENS: Noun[ApiTokenRow] = Noun(
    name="ApiToken",
    row=ApiTokenRow,
    filter=ApiTokenFilter,
    view=select(
        ApiToken.id,
        ApiToken.user_id,
        ApiToken.name,
        ApiToken.scopes,
        _IS_ACTIVE.label("is_active"),
        ApiToken.created_at,
        ApiToken.expires_at,
        ApiToken.last_used_at,
        ApiToken.revoked_at,
    ),
    where=_where,
    visible=_visible,
    orders={ApiTokenOrderField.CREATED_AT: ("created_at",), ApiTokenOrderField.NAME: ("name",)},
    default_order=OrderBy(ApiTokenOrderField.CREATED_AT, Direction.DESC),
    relations={"user": RequiredOne("User", ours="user_id", theirs="id")},
)


async def list_own_api_tokens(session: Session, actor: Actor) -> Page[ApiTokenRow]:
    """One's own that work, the latest first; also of administrators only their own."""
    own = ApiTokenFilter(user_id=actor.user_id, is_active=True)
    return await reading.list_rows(session, actor, API_TOKENS, Listing(filter=own))


async def get_own_api_token(session: Session, actor: Actor, token_id: int) -> ApiTokenRow:
    """One of one's own. Raises NotFound."""
    rows = await reading.get_rows(session, actor, API_TOKENS, [token_id])
    if token_id not in rows or rows[token_id].user_id != actor.user_id:
        raise NotFound("There is no such API token.")
    return rows[token_id]
