"""Users as rows, and adding one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from whalefall import crypto
from whalefall.auth import Actor, Permission, Role
from whalefall.db import ReadSession, WriteSession
from whalefall.domain.paging import OrderBy
from whalefall.domain.passwords import check_password, check_username
from whalefall.errors import Code, Conflict
from whalefall.models.users import User
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Noun, described


@dataclass(kw_only=True)
class UserRow:
    """A person who may sign in."""

    id: int
    username: str = described("The name they sign in with.")
    role: Role = described("What they may do.")
    is_active: bool = described("Whether they may sign in.")
    created_at: datetime = described("When they were added.")
    last_login_at: datetime | None = described("When they last signed in; null when never.")


class UserOrderField(StrEnum):
    USERNAME = "USERNAME"


USERS: Noun[UserRow] = Noun(
    name="User",
    row=UserRow,
    view=select(
        User.id,
        User.username,
        User.role,
        User.is_active,
        User.created_at,
        User.last_login_at,
    ),
    orders={UserOrderField.USERNAME: ("username",)},
    default_order=OrderBy(UserOrderField.USERNAME),
)


async def get_me(session: ReadSession, actor: Actor) -> UserRow | None:
    """The signed-in person; null for nobody and for parts of WhaleFall itself."""
    if actor.user_id is None:
        return None
    rows = await reading.get_rows(session, actor, USERS, [actor.user_id])
    return rows.get(actor.user_id)


async def create_user(
    session: WriteSession, actor: Actor, username: str, password: str, role: Role
) -> UserRow:
    """Add a person. Raises BadInput, PASSWORD_INVALID, NAME_EXISTS."""
    actor.require(Permission.ADMIN)
    check_username(username)
    check_password(password, username)
    added = await session.execute(
        insert(User)
        .values(username=username, password_hash=await crypto.hash_password(password), role=role)
        .on_conflict_do_nothing(index_elements=[User.username])
        .returning(User.id)
    )
    user_id = added.scalar()
    if user_id is None:
        raise Conflict("There is a user of this name.", code=Code.NAME_EXISTS, field="username")
    after = {"username": username, "role": role}
    await audit(session, actor, "user.created", "User", user_id, None, after)
    return await reading.get_row(session, actor, USERS, user_id)
