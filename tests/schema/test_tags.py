"""Changing tags by GraphQL, and putting them on many instances."""

from typing import Any

from tests.factories import OTTO, make_instance, make_tag
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.schema.ids import global_id

CREATE = """mutation ($input: CreateTagInput!) { createTag(input: $input) {
  tag { id name displayName category isActive instanceCount } errors { code field } } }"""
UPDATE = """mutation ($input: UpdateTagInput!) { updateTag(input: $input) {
  tag { name displayName isActive } errors { code field } } }"""
DELETE = """mutation ($input: DeleteTagInput!) { deleteTag(input: $input) {
  deletedId errors { code message hint } } }"""
CHANGED = "changedCount instances { name tags { name } } errors { code field }"
ASSIGN = f"""mutation ($input: AssignTagsInput!) {{
  assignTags(input: $input) {{ {CHANGED} }} }}"""
REMOVE = f"""mutation ($input: RemoveTagsInput!) {{
  removeTags(input: $input) {{ {CHANGED} }} }}"""
NEW = {"name": "prod", "displayName": "Production", "category": " Env "}


async def test_a_tag_is_created_changed_and_deleted(db: Database, door: Door) -> None:
    created = (await door.data(CREATE, {"input": NEW}))["createTag"]
    tag_id = created["tag"]["id"]
    patch = {"id": tag_id, "isActive": False}
    updated = (await door.data(UPDATE, {"input": patch}, actor=OTTO))["updateTag"]
    deleted = (await door.data(DELETE, {"input": {"id": tag_id}}))["deleteTag"]

    expected = {"name": "prod", "displayName": "Production", "category": "env"}
    assert created["tag"] == {**expected, "id": tag_id, "isActive": True, "instanceCount": 0}
    tag = {"name": "prod", "displayName": "Production", "isActive": False}
    assert updated == {"tag": tag, "errors": []}
    assert deleted == {"deletedId": tag_id, "errors": []}


async def test_every_wrong_field_of_a_tag_is_named(db: Database, door: Door) -> None:
    wrong = {**NEW, "name": "a b", "category": ""}

    refused = (await door.data(CREATE, {"input": wrong}))["createTag"]

    assert refused["tag"] is None
    assert [error["field"] for error in refused["errors"]] == [
        ["input", "name"],
        ["input", "category"],
    ]


async def test_a_tag_in_use_stays(db: Database, door: Door) -> None:
    async with db.write() as session:
        tag = await make_tag(session)
        await make_instance(session, tags=[tag])
    tag_id = global_id("Tag", tag.id)

    refused = (await door.data(DELETE, {"input": {"id": tag_id}}))["deleteTag"]

    (error,) = refused["errors"]
    assert (error["code"], error["message"]) == ("TAG_IN_USE", "The tag is on 1 instance.")
    counted = await door.data("{ tags { nodes { instanceCount } } }")
    assert counted == {"tags": {"nodes": [{"instanceCount": 1}]}}


async def pairs(db: Database) -> dict[str, Any]:
    async with db.write() as session:
        tag = await make_tag(session, "prod")
        one = await make_instance(session, name="one", tags=[tag])
        two = await make_instance(session, name="two")
    return {
        "instanceIds": [global_id("Instance", each.id) for each in (one, two)],
        "tagIds": [global_id("Tag", tag.id)],
    }


async def test_tags_are_put_on_and_taken_off_after_a_dry_run(db: Database, door: Door) -> None:
    given = await pairs(db)

    async def change(document: str, **more: Any) -> Any:
        (payload,) = (await door.data(document, {"input": {**given, **more}}, actor=OTTO)).values()
        assert payload.pop("errors") == []
        return payload

    tagged = [{"name": "prod"}]
    assert await change(ASSIGN, dryRun=True) == {
        "changedCount": 1,
        "instances": [{"name": "two", "tags": []}],
    }
    assert await change(ASSIGN) == {
        "changedCount": 1,
        "instances": [{"name": "two", "tags": tagged}],
    }
    assert await change(ASSIGN) == {"changedCount": 0, "instances": []}
    assert (await change(REMOVE))["changedCount"] == 2


async def test_every_unfit_id_is_named_and_nothing_changes(db: Database, door: Door) -> None:
    given = await pairs(db)
    unknown = {**given, "instanceIds": [*given["instanceIds"], global_id("Instance", 2**40)]}
    malformed = {"instanceIds": ["x", *given["instanceIds"]], "tagIds": given["instanceIds"][:1]}

    refused = (await door.data(ASSIGN, {"input": unknown}))["assignTags"]
    damaged = (await door.data(REMOVE, {"input": malformed}))["removeTags"]

    assert refused == {
        "changedCount": None,
        "instances": None,
        "errors": [{"code": "NOT_FOUND", "field": ["input", "instanceIds", "2"]}],
    }
    assert [(each["code"], each["field"]) for each in damaged["errors"]] == [
        ("BAD_USER_INPUT", ["input", "instanceIds", "0"]),
        ("BAD_USER_INPUT", ["input", "tagIds", "0"]),
    ]
    counted = await door.data("{ tags { nodes { instanceCount } } }")
    assert counted == {"tags": {"nodes": [{"instanceCount": 1}]}}
