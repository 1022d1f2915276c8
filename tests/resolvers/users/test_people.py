"""Adding people."""

import pytest
from sqlalchemy import select

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Role
from whalefall.crypto import check_password
from whalefall.db import Database, ReadSession, WriteSession
from whalefall.errors import BadInput, Code, Conflict, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.models.users import User
from whalefall.resolvers.users import UserRow, create_user, get_me


async def test_a_new_person_is_stored_with_a_hash(session: WriteSession) -> None:
    row = await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    stored = (await session.execute(select(User).where(User.id == row.id))).scalar_one()
    assert (row.username, row.role, row.is_active) == ("vera", Role.VIEWER, True)
    assert row.last_login_at is None
    assert await check_password(stored.password_hash, PASSWORD)


async def test_the_audit_of_a_new_person_holds_no_password(session: WriteSession) -> None:
    await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    entry = (await session.execute(select(AuditEntry))).scalar_one()
    assert (entry.action, entry.actor_name, entry.before) == ("user.created", "system:test", None)
    assert entry.after == {"username": "vera", "role": "VIEWER"}


async def test_a_name_is_taken_once(session: WriteSession) -> None:
    await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    with pytest.raises(Conflict) as caught:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)

    assert caught.value.problem_code is Code.NAME_EXISTS


@pytest.mark.parametrize(("name", "password"), [("a b", PASSWORD), ("vera", "password1")])
async def test_bad_names_and_passwords_are_refused(
    session: WriteSession, name: str, password: str
) -> None:
    with pytest.raises(BadInput):
        await create_user(session, SYSTEM, name, password, Role.VIEWER)


async def test_only_administrators_add_people(session: WriteSession, otto: Actor) -> None:
    with pytest.raises(PermissionRequired):
        await create_user(session, otto, "vera", PASSWORD, Role.VIEWER)


async def test_everybody_knows_themselves(db: Database, otto_user: UserRow) -> None:
    me = Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR], user_id=otto_user.id)

    async with db.read() as session:
        assert await get_me(session, me) == otto_user
        assert await get_me(ReadSession(session), NOBODY) is None
        assert await get_me(session, SYSTEM) is None
