"""Administering people by GraphQL: who may, what comes back, what is refused at which field."""

from typing import Any

import pytest

from tests.factories import OTTO, VERA, make_sync_session, make_user
from tests.resolvers.users.conftest import quick_hashes
from tests.schema.conftest import Door
from whalefall.auth import PERMISSIONS, Actor, Permission, Role
from whalefall.db import Database
from whalefall.models.users import User
from whalefall.schema.ids import global_id

__all__ = ["quick_hashes"]
PASSWORD = "correct horse battery"
USER = "user { id username role isActive mustChangePassword updatedAt }"
ERRORS = "errors { code field }"
CREATE = f"""mutation ($input: CreateUserInput!) {{
  answer: createUser(input: $input) {{ {USER} {ERRORS} }} }}"""
UPDATE = f"""mutation ($input: UpdateUserInput!) {{
  answer: updateUser(input: $input) {{ {USER} {ERRORS} }} }}"""
RESET = f"""mutation ($input: ResetPasswordInput!) {{
  answer: resetPassword(input: $input) {{ {USER} {ERRORS} }} }}"""
DELETE = f"""mutation ($input: DeleteUserInput!) {{
  answer: deleteUser(input: $input) {{ deletedId {ERRORS} }} }}"""
LIST = """query ($filter: UserFilter, $orderBy: UserOrder) {
  users(filter: $filter, orderBy: $orderBy) { totalCount nodes { username } } }"""
ONE = "query ($id: ID!) { user(id: $id) { username } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on User { username } } }"


async def add(db: Database, name: str, role: Role = Role.VIEWER) -> User:
    async with db.write() as session:
        return await make_user(session, username=name, role=role)


def id_of(user: User) -> str:
    return global_id("User", user.id)


def as_actor(user: User) -> Actor:
    return Actor(name=user.username, permissions=PERMISSIONS[Role(user.role)], user_id=user.id)


async def told(door: Door, document: str, **input: Any) -> Any:
    return (await door.data(document, {"input": input}))["answer"]


async def test_a_new_user_has_to_choose_a_password_unless_told_otherwise(
    db: Database, door: Door
) -> None:
    made = await told(door, CREATE, username="vera", password=PASSWORD)
    other = await told(
        door, CREATE, username="bot", password=PASSWORD, role="ADMIN", mustChangePassword=False
    )

    assert made["errors"] == []
    assert (made["user"]["role"], made["user"]["mustChangePassword"]) == ("VIEWER", True)
    assert (other["user"]["role"], other["user"]["mustChangePassword"]) == ("ADMIN", False)


async def test_all_that_is_wrong_is_told_by_its_field(db: Database, door: Door) -> None:
    made = await told(door, CREATE, username="a b", password="short")

    assert made == {
        "user": None,
        "errors": [
            {"code": "BAD_USER_INPUT", "field": ["input", "username"]},
            {"code": "PASSWORD_INVALID", "field": ["input", "password"]},
        ],
    }


async def test_a_user_is_changed_as_they_were_seen(db: Database, door: Door) -> None:
    vera = await add(db, "vera")
    seen = (await told(door, UPDATE, id=id_of(vera)))["user"]["updatedAt"]

    changed = await told(door, UPDATE, id=id_of(vera), role="OPERATOR", expectedUpdatedAt=seen)
    stale = await told(door, UPDATE, id=id_of(vera), role="VIEWER", expectedUpdatedAt=seen)

    assert (changed["user"]["username"], changed["user"]["role"]) == ("vera", "OPERATOR")
    assert stale == {"user": None, "errors": [{"code": "STALE_OBJECT", "field": None}]}


async def test_the_last_administrator_is_told_why(db: Database, door: Door) -> None:
    ada = await add(db, "ada", Role.ADMIN)

    demoted = await told(door, UPDATE, id=id_of(ada), role="VIEWER")
    deleted = await told(door, DELETE, id=id_of(ada))

    refused = [{"code": "LAST_ADMIN_REQUIRED", "field": None}]
    assert (demoted["errors"], deleted["errors"]) == (refused, refused)


async def test_a_reset_and_a_deletion(db: Database, door: Door) -> None:
    vera = await add(db, "vera")

    reset = await told(door, RESET, id=id_of(vera), password=PASSWORD)
    weak = await told(door, RESET, id=id_of(vera), password="password1")
    deleted = await told(door, DELETE, id=id_of(vera))

    assert reset["user"]["mustChangePassword"] is True
    assert weak["errors"] == [{"code": "PASSWORD_INVALID", "field": ["input", "password"]}]
    assert deleted == {"deletedId": id_of(vera), "errors": []}
    assert await door.data(ONE, {"id": id_of(vera)}) == {"user": None}


@pytest.mark.parametrize("id", ["x", global_id("Tag", 1)])
@pytest.mark.parametrize("document", [UPDATE, DELETE])
async def test_a_wrong_id_is_told_as_ever(db: Database, door: Door, document: str, id: str) -> None:
    answer = await told(door, document, id=id)

    assert answer["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "id"]}]


async def test_the_list_is_narrowed_and_ordered(db: Database, either_door: Door) -> None:
    door = either_door
    for name, role in (("ada", Role.ADMIN), ("otto", Role.OPERATOR), ("vera", Role.VIEWER)):
        await add(db, name, role)

    async def names(**variables: Any) -> list[str]:
        users = (await door.data(LIST, variables))["users"]
        assert users["totalCount"] == len(users["nodes"])
        return [node["username"] for node in users["nodes"]]

    assert await names() == ["ada", "otto", "vera"]
    assert await names(filter={"search": "T"}) == ["otto"]
    assert await names(filter={"role": "ADMIN", "isActive": True}) == ["ada"]
    assert await names(orderBy={"field": "ROLE", "direction": "DESC"}) == ["vera", "otto", "ada"]


async def test_whoever_is_no_administrator_sees_themselves_and_nobody_else(
    db: Database, either_door: Door
) -> None:
    door = either_door
    otto, vera = await add(db, "otto", Role.OPERATOR), await add(db, "vera")
    me = as_actor(vera)

    assert await door.code(LIST, actor=me) == "PERMISSION_REQUIRED"
    assert await door.code(ONE, {"id": id_of(vera)}, actor=me) == "PERMISSION_REQUIRED"
    assert await door.data(NODE, {"id": id_of(vera)}, actor=me) == {"node": {"username": "vera"}}
    assert await door.data(NODE, {"id": id_of(otto)}, actor=me) == {"node": None}
    assert await door.data(NODE, {"id": id_of(otto)}) == {"node": {"username": "otto"}}


async def test_who_started_a_session_is_as_visible_as_the_session(
    db: Database, either_door: Door
) -> None:
    door = either_door
    otto = await add(db, "otto", Role.OPERATOR)
    async with db.write() as session:
        await make_sync_session(session, created_by_id=otto.id)

    seen = await door.data("{ syncSessions { nodes { createdBy { username } } } }", actor=VERA)

    assert seen["syncSessions"]["nodes"] == [{"createdBy": {"username": "otto"}}]


@pytest.mark.parametrize("actor", [OTTO, VERA], ids=lambda actor: actor.name)
@pytest.mark.parametrize(
    ("document", "input"),
    [
        (CREATE, {"username": "eve", "password": PASSWORD, "role": "ADMIN"}),
        (UPDATE, {"role": "ADMIN"}),
        (RESET, {"password": PASSWORD}),
        (DELETE, {}),
    ],
)
async def test_nobody_else_administers(
    db: Database, door: Door, actor: Actor, document: str, input: dict[str, Any]
) -> None:
    vera = await add(db, "vera")
    given = input if "username" in input else {"id": id_of(vera), **input}

    assert await door.code(document, {"input": given}, actor=actor) == "PERMISSION_REQUIRED"


async def test_a_token_without_the_right_does_not_administer(db: Database, door: Door) -> None:
    narrow = Actor(name="ada", permissions=frozenset(Permission) - {Permission.ADMIN})

    given = {"username": "eve", "password": PASSWORD}
    assert await door.code(CREATE, {"input": given}, actor=narrow) == "PERMISSION_REQUIRED"
