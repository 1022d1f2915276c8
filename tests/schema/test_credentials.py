"""Changing credentials by GraphQL."""

from typing import Any

from tests.factories import ADA, OTTO, make_credential, make_instance
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.resolvers.credentials import get_credential
from whalefall.schema.ids import global_id, row_id

CREATE = """mutation ($input: CreateCredentialInput!) { createCredential(input: $input) {
  credential { id name engine credentialType description isActive }
  errors { code field message } } }"""
UPDATE = """mutation ($input: UpdateCredentialInput!) { updateCredential(input: $input) {
  credential { name engine username description } errors { code field } } }"""
DELETE = """mutation ($input: DeleteCredentialInput!) { deleteCredential(input: $input) {
  deletedId errors { code hint } } }"""
NEW = {"name": "reader", "username": "whalefall", "password": "canary-1"}


async def create(door: Door, **values: Any) -> Any:
    data = await door.data(CREATE, {"input": {**NEW, **values}})
    return data["createCredential"]


async def test_a_credential_is_added(db: Database, door: Door) -> None:
    created = await create(door, engine="ORACLE")

    assert created["errors"] == []
    assert created["credential"] == {
        "id": created["credential"]["id"],
        "name": "reader",
        "engine": "ORACLE",
        "credentialType": "DATABASE",
        "description": None,
        "isActive": True,
    }
    async with db.read() as session:
        credential_id = row_id(created["credential"]["id"], "Credential")
        assert (await get_credential(session, ADA, credential_id)).username == "whalefall"


async def test_every_wrong_field_is_named(db: Database, door: Door) -> None:
    refused = await create(door, name=" ", username="", password="")

    assert refused["credential"] is None
    assert [error["field"] for error in refused["errors"]] == [
        ["input", "name"],
        ["input", "username"],
        ["input", "password"],
    ]
    assert "canary" not in str(refused)


async def test_a_name_is_taken_once(db: Database, door: Door) -> None:
    await create(door)

    (error,) = (await create(door))["errors"]

    assert (error["code"], error["field"]) == ("NAME_EXISTS", ["input", "name"])


async def test_a_patch_keeps_what_it_leaves_out_and_clears_nulls(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="a", description="x", engine="MYSQL")
    patch = {"id": global_id("Credential", credential.id), "name": "b", "description": None}

    updated = (await door.data(UPDATE, {"input": patch}, actor=OTTO))["updateCredential"]

    assert updated == {
        "credential": {
            "name": "b",
            "engine": "MYSQL",
            "username": "whalefall",
            "description": None,
        },
        "errors": [],
    }


async def test_what_may_not_be_null_is_refused(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
    patch = {"id": global_id("Credential", credential.id), "name": None, "password": None}

    updated = (await door.data(UPDATE, {"input": patch}))["updateCredential"]

    assert updated == {
        "credential": None,
        "errors": [
            {"code": "BAD_USER_INPUT", "field": ["input", "name"]},
            {"code": "BAD_USER_INPUT", "field": ["input", "password"]},
        ],
    }


async def test_ids_of_nothing_and_of_others_are_told_apart(db: Database, door: Door) -> None:
    async def error(credential_id: str) -> Any:
        variables = {"input": {"id": credential_id, "name": "x"}}
        return (await door.data(UPDATE, variables))["updateCredential"]["errors"][0]

    assert await error("nonsense") == {"code": "BAD_USER_INPUT", "field": ["input", "id"]}
    assert (await error(global_id("Tag", 1)))["code"] == "BAD_USER_INPUT"
    assert (await error(global_id("Credential", 2**62)))["code"] == "NOT_FOUND"


async def test_a_credential_in_use_stays(db: Database, door: Door) -> None:
    async with db.write() as session:
        used = await make_credential(session)
        free = await make_credential(session)
        await make_instance(session, credential_id=used.id)

    async def delete(row: int) -> Any:
        variables = {"input": {"id": global_id("Credential", row)}}
        return (await door.data(DELETE, variables))["deleteCredential"]

    refused, deleted = await delete(used.id), await delete(free.id)

    assert refused["deletedId"] is None
    assert [error["code"] for error in refused["errors"]] == ["CREDENTIAL_IN_USE"]
    assert refused["errors"][0]["hint"]
    assert deleted == {"deletedId": global_id("Credential", free.id), "errors": []}
    assert (await door.data("{ credentials { totalCount } }"))["credentials"]["totalCount"] == 1


async def test_a_credential_goes_together_with_its_replacement(db: Database, door: Door) -> None:
    async with db.write() as session:
        old, new = await make_credential(session), await make_credential(session, name="new")
        other = await make_credential(session, engine="ORACLE")
        await make_instance(session, name="shop", credential_id=old.id)
    query = """mutation ($input: DeleteCredentialInput!) { deleteCredential(input: $input) {
      deletedId movedCount errors { code field } } }"""

    async def delete(other_id: int) -> Any:
        ids = {"id": old.id, "replaceWithId": other_id}
        variables = {key: global_id("Credential", each) for key, each in ids.items()}
        return (await door.data(query, {"input": variables}))["deleteCredential"]

    refused, deleted = await delete(other.id), await delete(new.id)

    assert refused == {
        "deletedId": None,
        "movedCount": None,
        "errors": [{"code": "CREDENTIAL_IN_USE", "field": ["input", "replaceWithId"]}],
    }
    assert (deleted["movedCount"], deleted["errors"]) == (1, [])
    shown = await door.data("{ instances { nodes { credential { name } } } }")
    assert shown == {"instances": {"nodes": [{"credential": {"name": "new"}}]}}


async def test_a_stale_change_and_an_unfit_type_are_refused(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        await make_instance(session, credential_id=credential.id)
    asked = {"id": global_id("Credential", credential.id)}

    async def error(**patch: Any) -> Any:
        (found,) = (await door.data(UPDATE, {"input": {**asked, **patch}}))["updateCredential"][
            "errors"
        ]
        return found

    stale = await error(name="x", expectedUpdatedAt="2020-01-01T00:00:00+00:00")
    assert stale == {"code": "STALE_OBJECT", "field": None}
    unfit = await error(credentialType="SSH")
    assert unfit == {"code": "CREDENTIAL_IN_USE", "field": ["input", "credentialType"]}


async def test_administrators_see_the_keys_in_use(db: Database, door: Door) -> None:
    async with db.write() as session:
        await make_credential(session, db.keys)
    query = "{ credentialKeys { keyId count isCurrent isKnown } }"

    (key,) = (await door.data(query))["credentialKeys"]

    current = {"keyId": db.keys.current_id, "count": 1, "isCurrent": True, "isKnown": True}
    assert key == current
    assert await door.code(query, actor=OTTO) == "PERMISSION_REQUIRED"
