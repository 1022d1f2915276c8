"""Changing, resetting and removing other people's accounts; one administrator always remains."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update

from whalefall import crypto
from whalefall.auth import Actor, Permission, Role
from whalefall.db import Session, WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.passwords import check_password, check_username
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.errors import BadInput, Code, Conflict, NotFound, said
from whalefall.models.sync import SyncSession
from whalefall.models.users import ApiToken, User, UserSession
from whalefall.resolvers.audit import audit
from whalefall.resolvers.nouns.writing import changes, require_unchanged, unique
from whalefall.resolvers.users.people import UserRow, get_user, name_taken
from whalefall.resolvers.users.revoking import revoke_all


@dataclass(kw_only=True)
class UserPatch:
    """What changes on a user."""

    username: str | Unset | None = UNSET
    role: Role | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET


@dataclass(frozen=True, kw_only=True)
class UserTraces:
    """What a person has here, and would lose or leave behind."""

    session_count: int  # sign-ins that still hold
    api_token_count: int  # that still work
    sync_session_count: int  # that they started


def _role(field: str, value: Role | None) -> Role:
    if value is None:
        raise BadInput("Choose a role.", field=field)
    return value


CHECKS: dict[str, checks.Check] = {
    "username": lambda _, name: check_username((name or "").strip()),
    "role": _role,
    "is_active": checks.flag,
}


async def update_user(
    session: WriteSession,
    actor: Actor,
    user_id: int,
    patch: UserPatch,
    *,
    expected_updated_at: datetime | None = None,
) -> UserRow:
    """Change a user; disabling ends every way in that they have.

    Raises NotFound, BadInput, NAME_EXISTS, LAST_ADMIN_REQUIRED, and STALE_OBJECT if the user has
    changed since `expected_updated_at`.
    """
    actor.require(Permission.ADMIN)
    values = checked(given(patch), CHECKS)
    row, others = await _held(session, actor, user_id)
    stale = said("Somebody changed this user in the meantime.")
    require_unchanged(row.updated_at, expected_updated_at, stale)
    before, after = changes(asdict(row), values)
    if not after:
        return row
    if after.get("role", row.role) is not Role.ADMIN or not after.get("is_active", row.is_active):
        _require_another(row, others)
    async with unique(session, name_taken().message, field="username"):
        await _change(session, user_id, after)
    await audit(session, actor, "user.updated", "User", user_id, before, after)
    if after.get("is_active") is False:
        await revoke_all(session, actor, user_id)
    return await get_user(session, actor, user_id)


async def reset_password(
    session: WriteSession, actor: Actor, user_id: int, password: str
) -> UserRow:
    """Give somebody else a password, which they have to change; it ends every way in they have.

    One's own is changed by who knows the old one. Raises NotFound, BadInput, PASSWORD_INVALID.
    """
    actor.require(Permission.ADMIN)
    if actor.user_id == user_id:
        raise BadInput("Change your own password with the old one.", field="id")
    row = await get_user(session, actor, user_id)
    check_password(password, row.username)
    hashed = await crypto.hash_password(password)
    await _change(session, user_id, {"password_hash": hashed, "must_change_password": True})
    after = {"username": row.username, "must_change_password": True}
    await audit(session, actor, "user.password_reset", "User", user_id, None, after)
    await revoke_all(session, actor, user_id)
    return await get_user(session, actor, user_id)


async def delete_user(session: WriteSession, actor: Actor, user_id: int) -> None:
    """Remove somebody else with their sessions and API tokens; the audit keeps their name.

    Raises NotFound, BadInput for oneself, LAST_ADMIN_REQUIRED.
    """
    actor.require(Permission.ADMIN)
    if actor.user_id == user_id:
        raise BadInput("Nobody deletes themselves; another administrator can.", field="id")
    row, others = await _held(session, actor, user_id)
    _require_another(row, others)
    before = {"username": row.username, "role": row.role, "is_active": row.is_active}
    await session.execute(delete(User).where(User.id == user_id))
    await audit(session, actor, "user.deleted", "User", user_id, before, None)


async def get_user_traces(session: Session, actor: Actor, user_id: int) -> UserTraces:
    """What disabling or deleting this user would touch."""
    actor.require(Permission.ADMIN)
    now = func.now()
    sessions = select(func.count()).where(
        UserSession.user_id == user_id,
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
    )
    tokens = select(func.count()).where(
        ApiToken.user_id == user_id,
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
    )
    started = select(func.count()).where(SyncSession.created_by_id == user_id)
    counted = select(*(each.scalar_subquery() for each in (sessions, tokens, started)))
    session_count, api_token_count, sync_session_count = (await session.execute(counted)).one()
    return UserTraces(
        session_count=session_count,
        api_token_count=api_token_count,
        sync_session_count=sync_session_count,
    )


async def _held(
    session: WriteSession, actor: Actor, user_id: int
) -> tuple[UserRow, frozenset[int]]:
    """The user and the other active administrators, none of whom changes until we commit.

    One statement locks them all in the order of their ids, so that two administrators who take
    the right from each other wait instead of deadlocking, and the second sees what the first did.
    """
    is_admin = (User.role == Role.ADMIN) & User.is_active
    held = select(User.id).where(or_(User.id == user_id, is_admin)).order_by(User.id)
    ids = set(await session.scalars(held.with_for_update(key_share=True)))
    if user_id not in ids:
        raise NotFound("There is no such user.")
    return await get_user(session, actor, user_id), frozenset(ids - {user_id})


def _require_another(row: UserRow, others: Iterable[int]) -> None:
    """Raise LAST_ADMIN_REQUIRED if nobody could administer without this user."""
    if row.role is Role.ADMIN and row.is_active and not others:
        raise Conflict(
            "This is the last active administrator.",
            code=Code.LAST_ADMIN_REQUIRED,
            hint=said("Make somebody else an administrator first."),
        )


async def _change(session: WriteSession, user_id: int, values: dict[str, object]) -> None:
    statement = update(User).where(User.id == user_id)
    await session.execute(statement.values(**values, updated_at=func.clock_timestamp()))
