"""API tokens as rows: what is known of them, which is everything but the secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, func, or_, select

from whalefall.auth import Actor, Permission
from whalefall.domain.paging import Direction, OrderBy
from whalefall.models.users import ApiToken
from whalefall.resolvers.nouns.noun import Condition, Noun, RequiredOne, described


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
