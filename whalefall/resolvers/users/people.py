"""Users as rows: who they are, who may see whom, and adding one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, select
from sqlalchemy.dialects.postgresql import insert

from whalefall import crypto
from whalefall.auth import Actor, Permission, Role
from whalefall.db import ReadSession, Session, WriteSession
from whalefall.domain.checks import checked
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.passwords import check_password, check_username
from whalefall.errors import Code, Conflict
from whalefall.models.users import User
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import contains


@dataclass(kw_only=True)
class UserRow:
    """A person who may sign in."""

    id: int
    username: str = described("The name they sign in with.")
    role: Role = described("What they may do.")
    is_active: bool = described("Whether they may sign in.")
    must_change_password: bool = described(
        "Whether they have to choose a new password before anything else."
    )
    created_at: datetime = described("When they were added.")
    updated_at: datetime = described("When they last changed, or were changed.")
    last_login_at: datetime | None = described("When they last signed in; null when never.")


@dataclass(kw_only=True)
class UserFilter:
    """Narrows users."""

    search: str | None = described("Part of the user name.", default=None)
    role: Role | None = described("Users of this role.", default=None)
    is_active: bool | None = described(
        "Only those who may sign in, or only the others.", default=None
    )


class UserOrderField(StrEnum):
    """ROLE is followed by the name."""

    USERNAME = "USERNAME"
    ROLE = "ROLE"
    CREATED_AT = "CREATED_AT"
    LAST_LOGIN_AT = "LAST_LOGIN_AT"


def _where(view: Subquery, filter: UserFilter) -> Iterator[Condition]:
    if filter.search is not None:
        yield contains(view.c.username, filter.search)
    if filter.role is not None:
        yield view.c.role == filter.role
    if filter.is_active is not None:
        yield view.c.is_active if filter.is_active else ~view.c.is_active


def _visible(view: Subquery, actor: Actor) -> Iterator[Condition]:
    """Oneself; to administrators, everybody."""
    if not actor.may(Permission.ADMIN):
        yield view.c.id == actor.user_id


USERS: Noun[UserRow] = Noun(
    name="User",
    row=UserRow,
    filter=UserFilter,
    view=select(
        User.id,
        User.username,
        User.role,
        User.is_active,
        User.must_change_password,
        User.created_at,
        User.updated_at,
        User.last_login_at,
    ),
    where=_where,
    visible=_visible,
    orders={
        UserOrderField.USERNAME: ("username",),
        UserOrderField.ROLE: ("role", "username"),
        UserOrderField.CREATED_AT: ("created_at",),
        UserOrderField.LAST_LOGIN_AT: ("last_login_at",),
    },
    default_order=OrderBy(UserOrderField.USERNAME),
)
PEOPLE: Noun[UserRow] = Noun(  # the list of all, which only administrators are shown
    name="User",
    row=UserRow,
    filter=UserFilter,
    view=USERS.view,
    where=_where,
    orders=USERS.orders,
    default_order=USERS.default_order,
    permission=Permission.ADMIN,
)
AUTHORS: Noun[UserRow] = Noun(  # who did something: as visible as what they did
    name="User",
    row=UserRow,
    view=USERS.view,
    orders=USERS.orders,
    default_order=USERS.default_order,
)


async def list_users(
    session: Session,
    actor: Actor,
    filter: UserFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[UserRow]:
    """One page of users, by name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, PEOPLE, listing)


async def count_users(session: Session, actor: Actor, filter: UserFilter | None = None) -> int:
    """How many users the whole list has."""
    return await reading.count_rows(session, actor, PEOPLE, filter)


async def list_user_options(session: Session, actor: Actor, most: int) -> list[tuple[int, str]]:
    """Ids and names of at most so many users, by name: cheaper than the rows."""
    actor.require(PEOPLE.permission)
    return await reading.options(session, User.id, User.username, most)


async def get_user(session: Session, actor: Actor, user_id: int) -> UserRow:
    """One user. Raises NotFound."""
    return await reading.get_row(session, actor, PEOPLE, user_id)


async def get_me(session: ReadSession, actor: Actor) -> UserRow | None:
    """The signed-in person; null for nobody and for parts of WhaleFall itself.

    It needs no right: who must choose a new password first has to be told so.
    """
    if actor.user_id is None:
        return None
    oneself = Actor(
        name=actor.name, permissions=frozenset({Permission.VIEW}), user_id=actor.user_id
    )
    rows = await reading.get_rows(session, oneself, USERS, [actor.user_id])
    return rows.get(actor.user_id)


async def create_user(
    session: WriteSession,
    actor: Actor,
    username: str,
    password: str,
    role: Role,
    *,
    is_active: bool = True,
    must_change_password: bool = False,
) -> UserRow:
    """Add a person. Raises BadInput, PASSWORD_INVALID, NAME_EXISTS."""
    actor.require(Permission.ADMIN)
    checked(
        {"username": username, "password": password},
        {
            "username": lambda _, name: check_username(name),
            "password": lambda _, given: check_password(given, username),
        },
    )
    after = {
        "username": username,
        "role": role,
        "is_active": is_active,
        "must_change_password": must_change_password,
    }
    added = await session.execute(
        insert(User)
        .values(password_hash=await crypto.hash_password(password), **after)
        .on_conflict_do_nothing(index_elements=[User.username])
        .returning(User.id)
    )
    user_id = added.scalar()
    if user_id is None:
        raise name_taken()
    await audit(session, actor, "user.created", "User", user_id, None, after)
    return await reading.get_row(session, actor, USERS, user_id)


def name_taken() -> Conflict:
    """Somebody else is called that."""
    return Conflict("There is a user of this name.", code=Code.NAME_EXISTS, field="username")
