"""Administering people: what changes, what ends with it, and that one administrator remains."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import make_api_token, make_sync_session, make_user
from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from tests.waiting import until_waiting
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Permission, Role
from whalefall.crypto import check_password
from whalefall.db import Database, WriteSession
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired, Problem
from whalefall.models.logs import AuditEntry
from whalefall.models.users import User, UserSession
from whalefall.resolvers.users import (
    UserPatch,
    UserRow,
    UserTraces,
    actor_of_session,
    delete_user,
    get_user_traces,
    reset_password,
    sign_in,
    update_user,
)

NEW_PASSWORD = "staple battery"
Deed = Callable[[WriteSession, Actor, int], Awaitable[Any]]


async def demote(session: WriteSession, actor: Actor, user_id: int) -> None:
    await update_user(session, actor, user_id, UserPatch(role=Role.VIEWER))


async def disable(session: WriteSession, actor: Actor, user_id: int) -> None:
    await update_user(session, actor, user_id, UserPatch(is_active=False))


async def reset(session: WriteSession, actor: Actor, user_id: int) -> None:
    await reset_password(session, actor, user_id, NEW_PASSWORD)


async def last_entries(session: WriteSession) -> list[tuple[Any, ...]]:
    found = select(AuditEntry.action, AuditEntry.before, AuditEntry.after).order_by(AuditEntry.id)
    return [tuple(row) for row in await session.execute(found)]


def as_admin(user: User) -> Actor:
    return Actor(name=user.username, permissions=PERMISSIONS[Role.ADMIN], user_id=user.id)


async def test_a_patch_changes_what_it_names_and_says_so(session: WriteSession, ada: Actor) -> None:
    user = await make_user(session, username="vera", updated_at=datetime(2026, 1, 1, tzinfo=UTC))

    row = await update_user(session, ada, user.id, UserPatch(role=Role.OPERATOR))

    assert (row.username, row.role, row.is_active) == ("vera", Role.OPERATOR, True)
    assert row.updated_at > datetime(2026, 1, 1, tzinfo=UTC)
    assert await last_entries(session) == [
        ("user.updated", {"role": "VIEWER"}, {"role": "OPERATOR"})
    ]


async def test_what_is_the_same_already_is_no_change(session: WriteSession, ada: Actor) -> None:
    user = await make_user(session, username="vera")
    patch = UserPatch(username="vera", role=Role.VIEWER, is_active=True)

    row = await update_user(session, ada, user.id, patch)

    assert row.updated_at == user.updated_at
    assert await last_entries(session) == []


async def test_a_change_of_something_seen_long_ago_is_refused(
    session: WriteSession, ada: Actor
) -> None:
    user = await make_user(session)
    seen = user.updated_at
    patch = UserPatch(role=Role.OPERATOR)

    await update_user(session, ada, user.id, patch, expected_updated_at=seen)
    with pytest.raises(Conflict) as caught:
        await update_user(session, ada, user.id, patch, expected_updated_at=seen)

    assert caught.value.problem_code is Code.STALE_OBJECT


async def test_a_taken_name_is_refused_at_its_field(session: WriteSession, ada: Actor) -> None:
    await make_user(session, username="vera")
    user = await make_user(session, username="veronica")

    with pytest.raises(Conflict) as caught:
        await update_user(session, ada, user.id, UserPatch(username="vera"))

    assert (caught.value.problem_code, caught.value.field) == (Code.NAME_EXISTS, ("username",))


async def test_everything_wrong_with_a_patch_is_said_at_once(
    session: WriteSession, ada: Actor
) -> None:
    user = await make_user(session)

    with pytest.raises(Problems) as caught:
        await update_user(
            session, ada, user.id, UserPatch(username="a b", role=None, is_active=None)
        )

    fields = [problem.field for problem in caught.value.problems]
    assert fields == [("username",), ("role",), ("is_active",)]


@pytest.mark.parametrize("end", [disable, reset, delete_user])
async def test_every_way_in_ends(db: Database, otto_user: UserRow, ada: Actor, end: Deed) -> None:
    begun = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)

    async with db.write() as session:
        await end(session, ada, otto_user.id)

    assert await actor_of_session(db, begun.token) is NOBODY


async def test_a_new_role_counts_from_the_next_request(
    db: Database, otto_user: UserRow, ada: Actor
) -> None:
    begun = await sign_in(db, "otto", PASSWORD, address=None, user_agent=None)

    async with db.write() as session:
        await demote(session, ada, otto_user.id)

    otto = await actor_of_session(db, begun.token)
    assert (otto.name, otto.permissions) == ("otto", frozenset({Permission.VIEW}))


async def test_a_reset_password_works_once_it_is_changed_and_is_nowhere_to_read(
    session: WriteSession, ada: Actor
) -> None:
    user = await make_user(session, username="vera")

    row = await reset_password(session, ada, user.id, NEW_PASSWORD)

    await session.refresh(user)
    assert row.must_change_password
    assert await check_password(user.password_hash, NEW_PASSWORD)
    entries = await last_entries(session)
    assert [entry[0] for entry in entries] == ["user.password_reset", "user.access_revoked"]
    assert NEW_PASSWORD not in str(entries)


@pytest.mark.parametrize("password", ["short", "password1", "veraveravera"])
async def test_a_weak_password_is_not_given(
    session: WriteSession, ada: Actor, password: str
) -> None:
    user = await make_user(session, username="veraveravera")

    with pytest.raises(BadInput) as caught:
        await reset_password(session, ada, user.id, password)

    assert caught.value.problem_code is Code.PASSWORD_INVALID


@pytest.mark.parametrize("deed", [reset, delete_user])
async def test_nobody_does_it_to_themselves(session: WriteSession, deed: Deed) -> None:
    ada = await make_user(session, role=Role.ADMIN)
    await make_user(session, role=Role.ADMIN)

    with pytest.raises(BadInput):
        await deed(session, as_admin(ada), ada.id)


async def test_a_deleted_person_is_gone_and_the_audit_keeps_the_name(
    session: WriteSession, ada: Actor
) -> None:
    user = await make_user(session, username="vera")
    entry = AuditEntry(
        actor_id=user.id, actor_name="vera", action="tag.created", object_type="Tag", object_id=1
    )
    session.add(entry)
    await session.flush()

    await delete_user(session, ada, user.id)

    assert await session.scalar(select(func.count()).where(User.id == user.id)) == 0
    await session.refresh(entry)
    assert (entry.actor_id, entry.actor_name) == (None, "vera")
    before = {"username": "vera", "role": "VIEWER", "is_active": True}
    assert (await last_entries(session))[-1] == ("user.deleted", before, None)


@pytest.mark.parametrize("deed", [demote, disable, delete_user])
async def test_the_last_active_administrator_stays(
    session: WriteSession, ada: Actor, deed: Deed
) -> None:
    last = await make_user(session, role=Role.ADMIN)
    await make_user(session, role=Role.ADMIN, is_active=False)

    with pytest.raises(Conflict) as caught:
        await deed(session, ada, last.id)

    assert caught.value.problem_code is Code.LAST_ADMIN_REQUIRED


@pytest.mark.parametrize("deed", [demote, disable])
async def test_an_administrator_may_step_back_when_another_remains(
    session: WriteSession, deed: Deed
) -> None:
    ada = await make_user(session, role=Role.ADMIN)
    await make_user(session, role=Role.ADMIN)

    await deed(session, as_admin(ada), ada.id)

    left = select(func.count()).where(User.role == Role.ADMIN, User.is_active)
    assert await session.scalar(left) == 1


async def test_a_disabled_administrator_can_go_whoever_remains(
    session: WriteSession, ada: Actor
) -> None:
    await make_user(session, role=Role.ADMIN)
    idle = await make_user(session, role=Role.ADMIN, is_active=False)

    await delete_user(session, ada, idle.id)

    assert await session.scalar(select(func.count()).where(User.id == idle.id)) == 0


@pytest.mark.parametrize("first", [demote, disable, delete_user])
@pytest.mark.parametrize("second", [demote, disable, delete_user])
async def test_two_administrators_who_end_each_other_at_once_leave_one(
    db: Database, first: Deed, second: Deed
) -> None:
    async with db.write() as session:
        ada = await make_user(session, username="ada", role=Role.ADMIN)
        bob = await make_user(session, username="bob", role=Role.ADMIN)

    async def end(deed: Deed, actor: User, other: User) -> None:
        async with db.write() as session:
            await deed(session, as_admin(actor), other.id)

    ended = await asyncio.gather(
        end(first, ada, bob), end(second, bob, ada), return_exceptions=True
    )

    (refused,) = (result for result in ended if result is not None)
    assert isinstance(refused, Problem)
    assert refused.problem_code is Code.LAST_ADMIN_REQUIRED
    async with db.read() as reading:
        left = select(func.count()).where(User.role == Role.ADMIN, User.is_active)
        assert await reading.scalar(left) == 1


async def test_the_second_waits_for_the_first_and_sees_what_it_did(db: Database) -> None:
    async with db.write() as session:
        ada = await make_user(session, username="ada", role=Role.ADMIN)
        bob = await make_user(session, username="bob", role=Role.ADMIN)

    async def disable_ada() -> None:
        async with db.write() as session:
            await disable(session, as_admin(bob), ada.id)

    async with db.write() as session:
        await demote(session, as_admin(ada), bob.id)
        second = asyncio.create_task(disable_ada())
        await until_waiting(db)
        assert not second.done()

    with pytest.raises(Conflict) as caught:
        await second
    assert caught.value.problem_code is Code.LAST_ADMIN_REQUIRED


@pytest.mark.parametrize("deed", [demote, disable, reset, delete_user, get_user_traces])
async def test_only_administrators_administer(
    session: WriteSession, otto: Actor, vera: Actor, deed: Deed
) -> None:
    user = await make_user(session)

    for actor in (otto, vera):
        with pytest.raises(PermissionRequired):
            await deed(session, actor, user.id)


@pytest.mark.parametrize("deed", [demote, disable, reset, delete_user])
async def test_nobody_is_not_found(session: WriteSession, ada: Actor, deed: Deed) -> None:
    await make_user(session, role=Role.ADMIN)

    with pytest.raises(NotFound):
        await deed(session, ada, 2**40)


async def test_traces_count_what_still_holds(session: WriteSession, ada: Actor) -> None:
    user, now = await make_user(session), datetime.now(UTC)
    for number, (left, revoked) in enumerate([(1, None), (-1, None), (1, now)]):
        ends = now + timedelta(hours=left)
        values = {"user_id": user.id, "expires_at": ends, "revoked_at": revoked}
        session.add(UserSession(token_digest=bytes([number]), **values))
        await make_api_token(session, user, expires_at=ends, revoked_at=revoked)
    await make_api_token(session, user)
    await make_sync_session(session, created_by_id=user.id)

    traces = await get_user_traces(session, SYSTEM, user.id)

    assert traces == UserTraces(session_count=1, api_token_count=2, sync_session_count=1)
