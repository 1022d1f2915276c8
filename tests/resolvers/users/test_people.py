"""People: adding, listing and finding them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import make_user
from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from whalefall.auth import NOBODY, PERMISSIONS, Actor, Role
from whalefall.crypto import check_password
from whalefall.db import Database, ReadSession, WriteSession
from whalefall.domain.checks import Problems
from whalefall.domain.paging import Direction, OrderBy
from whalefall.errors import BadInput, Code, Conflict, PermissionRequired
from whalefall.models.logs import AuditEntry
from whalefall.models.users import User
from whalefall.resolvers.users import (
    UserFilter,
    UserOrderField,
    UserRow,
    count_users,
    create_user,
    get_me,
    get_user,
    list_users,
)


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
    assert entry.after == {
        "username": "vera",
        "role": "VIEWER",
        "is_active": True,
        "must_change_password": False,
    }


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


async def test_all_that_is_wrong_with_a_new_person_is_said_at_once(session: WriteSession) -> None:
    with pytest.raises(Problems) as caught:
        await create_user(session, SYSTEM, "a b", "short", Role.VIEWER)

    assert [problem.field for problem in caught.value.problems] == [("username",), ("password",)]


async def test_only_administrators_add_people(session: WriteSession, otto: Actor) -> None:
    with pytest.raises(PermissionRequired):
        await create_user(session, otto, "vera", PASSWORD, Role.VIEWER)


async def test_everybody_knows_themselves(db: Database, otto_user: UserRow) -> None:
    me = Actor(name="otto", permissions=PERMISSIONS[Role.OPERATOR], user_id=otto_user.id)

    async with db.read() as session:
        assert await get_me(session, me) == otto_user
        assert await get_me(ReadSession(session), NOBODY) is None
        assert await get_me(session, SYSTEM) is None


async def test_the_list_is_narrowed_by_name_role_and_state(
    session: WriteSession, ada: Actor
) -> None:
    await make_user(session, username="Ottilie", role=Role.OPERATOR)
    await make_user(session, username="otto", role=Role.OPERATOR, is_active=False)
    await make_user(session, username="vera")

    async def names(**filter: Any) -> list[str]:
        page = await list_users(session, ada, UserFilter(**filter))
        assert await count_users(session, ada, UserFilter(**filter)) == len(page.rows)
        return [row.username for row in page.rows]

    assert await names() == ["Ottilie", "otto", "vera"]
    assert await names(search="OTT") == ["Ottilie", "otto"]
    assert await names(search="%") == []
    assert await names(role=Role.VIEWER) == ["vera"]
    assert await names(role=Role.OPERATOR, is_active=True) == ["Ottilie"]
    assert await names(is_active=False) == ["otto"]


async def test_the_list_is_ordered_with_those_who_never_came_last(
    session: WriteSession, ada: Actor
) -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    await make_user(session, username="a", role=Role.VIEWER, created_at=day)
    await make_user(session, username="b", role=Role.ADMIN, last_login_at=day)
    await make_user(session, username="c", role=Role.ADMIN, last_login_at=day.replace(year=2027))

    async def names(field: UserOrderField, direction: Direction) -> list[str]:
        page = await list_users(session, ada, order=OrderBy(field, direction))
        return [row.username for row in page.rows]

    assert await names(UserOrderField.ROLE, Direction.ASC) == ["b", "c", "a"]
    assert (await names(UserOrderField.CREATED_AT, Direction.ASC))[0] == "a"
    assert await names(UserOrderField.LAST_LOGIN_AT, Direction.DESC) == ["c", "b", "a"]
    assert await names(UserOrderField.LAST_LOGIN_AT, Direction.ASC) == ["b", "c", "a"]


async def test_only_administrators_look_at_people(
    session: WriteSession, otto: Actor, vera: Actor
) -> None:
    user = await make_user(session)

    for actor in (otto, vera):
        for asked in (
            list_users(session, actor),
            count_users(session, actor),
            get_user(session, actor, user.id),
        ):
            with pytest.raises(PermissionRequired):
                await asked
