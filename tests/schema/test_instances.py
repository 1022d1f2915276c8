"""Registering, changing and testing instances by GraphQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.factories import OTTO, make_credential, make_database, make_instance, make_tag
from tests.fake_engine import FAKE, FakeServer, registered
from tests.schema.conftest import Door, opened_door
from whalefall.db import Database
from whalefall.errors import Code, TargetProblem
from whalefall.schema.build import make_schema
from whalefall.schema.ids import global_id

CREATE = """mutation ($input: CreateInstanceInput!) { createInstance(input: $input) {
  instance { id name engine host port isActive tags { name } credential { name } }
  errors { code field message } } }"""
UPDATE = """mutation ($input: UpdateInstanceInput!) { updateInstance(input: $input) {
  instance { name port description tags { name } credential { name } updatedAt }
  errors { code field } } }"""
TEST = """mutation ($input: TestInstanceInput!) { testInstance(input: $input) {
  ok version latencyMs instance { version connection { state lastErrorCode } }
  errors { code message } } }"""
CONNECT = """mutation ($input: TestConnectionInput!) { testConnection(input: $input) {
  ok version checkedAt errors { code field } } }"""
NEW = {"name": "pg-1", "engine": "POSTGRESQL", "host": "db.example.com"}


async def create(door: Door, **values: Any) -> Any:
    return (await door.data(CREATE, {"input": {**NEW, **values}}))["createInstance"]


@pytest.fixture
async def fake(db: Database) -> AsyncIterator[tuple[Door, FakeServer]]:
    """The door while the scripted engine is registered."""
    with registered(FakeServer()) as server:
        async with opened_door(db, make_schema()) as door:
            yield door, server


async def test_an_instance_is_registered(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        await make_tag(session, "prod")

    created = await create(
        door,
        credentialId=global_id("Credential", credential.id),
        tagNames=["prod"],
        tls={"mode": "REQUIRE"},
    )

    assert created["errors"] == []
    assert created["instance"]["id"]
    assert {**created["instance"], "id": None} == {
        **NEW,
        "id": None,
        "port": 5432,
        "isActive": True,
        "tags": [{"name": "prod"}],
        "credential": {"name": "reader"},
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"host": "no host"}, "host"),
        ({"port": 0}, "port"),
        ({"tagNames": ["unknown"]}, "tagNames"),
        ({"credentialId": "nonsense"}, "credentialId"),
        ({"credentialId": global_id("Credential", 4711)}, "credentialId"),
        ({"tls": {"caPem": "x"}}, "tls"),
    ],
)
async def test_a_wrong_field_is_named(
    db: Database, door: Door, values: dict[str, Any], field: str
) -> None:
    refused = await create(door, **values)

    assert refused["instance"] is None
    assert [(error["code"], error["field"]) for error in refused["errors"]] == [
        ("BAD_USER_INPUT", ["input", field])
    ]


async def test_a_patch_changes_what_it_names(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        tags = [await make_tag(session, "prod")]
        instance = await make_instance(
            session, description="x", credential_id=credential.id, tags=tags
        )
    instance_id = global_id("Instance", instance.id)

    async def update(**values: Any) -> Any:
        variables = {"input": {"id": instance_id, **values}}
        return (await door.data(UPDATE, variables, actor=OTTO))["updateInstance"]

    first = (await update(name="pg-2"))["instance"]
    second = (await update(description=None, credentialId=None, tagNames=None, port=1))["instance"]
    stale = await update(name="pg-3", expectedUpdatedAt=first["updatedAt"])

    assert (first["name"], first["description"], first["tags"]) == ("pg-2", "x", [{"name": "prod"}])
    assert (second["name"], second["port"]) == ("pg-2", 1)
    assert (second["description"], second["credential"], second["tags"]) == (None, None, [])
    assert stale["errors"] == [{"code": "STALE_OBJECT", "field": None}]


async def test_rules_say_which_databases_are_read(door: Door) -> None:
    created = await create(door, excludeDatabases=[r"tmp\_%"])
    rules = "mutation ($input: UpdateInstanceInput!) { updateInstance(input: $input) { instance {"
    rules += " includeDatabases excludeDatabases } errors { field } } }"

    async def update(**values: Any) -> Any:
        variables = {"input": {"id": created["instance"]["id"], **values}}
        return (await door.data(rules, variables))["updateInstance"]

    changed = await update(includeDatabases=["shop"])
    refused = await update(includeDatabases=["shop\\"])
    emptied = await update(includeDatabases=None, excludeDatabases=[])

    both = {"includeDatabases": ["shop"], "excludeDatabases": [r"tmp\_%"]}
    assert changed["instance"] == both
    assert refused["errors"] == [{"field": ["input", "includeDatabases"]}]
    assert emptied["instance"] == {"includeDatabases": [], "excludeDatabases": []}


async def test_the_engine_of_known_databases_is_locked(db: Database, door: Door) -> None:
    async with db.write() as session:
        database = await make_database(session)
    patch = {"id": global_id("Instance", database.instance_id), "engine": "MYSQL"}

    updated = (await door.data(UPDATE, {"input": patch}))["updateInstance"]

    assert updated == {
        "instance": None,
        "errors": [{"code": "ENGINE_LOCKED", "field": ["input", "engine"]}],
    }


async def test_an_instance_that_answers_is_good(
    db: Database, fake: tuple[Door, FakeServer]
) -> None:
    door, server = fake
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
        )
    variables = {"input": {"instanceId": global_id("Instance", instance.id)}}

    good = (await door.data(TEST, variables, actor=OTTO))["testInstance"]

    assert good == {
        "ok": True,
        "version": "Fake 1.2",
        "latencyMs": 3,
        "instance": {
            "version": "Fake 1.2",
            "connection": {"state": "GOOD", "lastErrorCode": None},
        },
        "errors": [],
    }
    assert server.connected == 1


async def test_an_instance_that_is_not_allowed_says_why(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        instance = await make_instance(session, host="169.254.169.254", credential_id=credential.id)
    variables = {"input": {"instanceId": global_id("Instance", instance.id)}}

    failed = (await door.data(TEST, variables))["testInstance"]

    assert failed["ok"] is False
    assert failed["errors"][0]["code"] == "TARGET_NOT_ALLOWED"
    assert failed["instance"]["connection"] == {
        "state": "FAILED",
        "lastErrorCode": "TARGET_NOT_ALLOWED",
    }


async def test_an_unsaved_connection_is_tried(db: Database, fake: tuple[Door, FakeServer]) -> None:
    door, _ = fake
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
    values = {
        "engine": "FAKE",
        "host": "127.0.0.1",
        "credentialId": global_id("Credential", credential.id),
    }

    good = (await door.data(CONNECT, {"input": values}))["testConnection"]
    bad = (await door.data(CONNECT, {"input": {**values, "port": 70_000}}))["testConnection"]

    assert (good["ok"], good["version"], good["errors"]) == (True, "Fake 1.2", [])
    assert bad["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "port"]}]
    assert bad["ok"] is None


async def test_an_engine_that_is_added_is_read_and_filtered(
    db: Database, fake: tuple[Door, FakeServer]
) -> None:
    door, _ = fake
    async with db.write() as session:
        await make_instance(session, engine=FAKE)
        await make_instance(session)

    data = await door.data("{ instances(filter: {engines: [FAKE]}) { nodes { engine } } }")

    assert data["instances"]["nodes"] == [{"engine": "FAKE"}]


RECYCLE = """mutation ($input: RecycleInstancesInput!) { recycleInstances(input: $input) {
  instances { name status isActive } errors { code field message } } }"""
RESTORE = """mutation ($input: RestoreInstancesInput!) { restoreInstances(input: $input) {
  instances { name status isActive } errors { code } } }"""
PURGE = """mutation ($input: PurgeInstancesInput!) { purgeInstances(input: $input) {
  purgedCount errors { code field } } }"""
SET_ACTIVE = """mutation ($input: SetInstancesActiveInput!) { setInstancesActive(input: $input) {
  instances { name status } errors { code field } } }"""


async def test_instances_go_into_the_bin_and_back_and_for_good(db: Database, door: Door) -> None:
    async with db.write() as session:
        rows = [await make_instance(session, name=name) for name in ("a", "b")]
    ids = [global_id("Instance", row.id) for row in rows]
    asked = {"input": {"ids": ids}}

    recycled = (await door.data(RECYCLE, asked))["recycleInstances"]
    restored = (await door.data(RESTORE, asked, actor=OTTO))["restoreInstances"]
    too_early = (await door.data(PURGE, asked))["purgeInstances"]
    await door.data(RECYCLE, asked)
    purged = (await door.data(PURGE, asked))["purgeInstances"]

    assert recycled == {
        "instances": [
            {"name": name, "status": "DELETED", "isActive": False} for name in ("a", "b")
        ],
        "errors": [],
    }
    assert [row["status"] for row in restored["instances"]] == ["ACTIVE", "ACTIVE"]
    assert too_early == {
        "purgedCount": None,
        "errors": [{"code": "CONFLICT", "field": ["input", "ids", "0"]}],
    }
    assert purged == {"purgedCount": 2, "errors": []}


async def test_one_wrong_id_refuses_all_by_its_place(db: Database, door: Door) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
    good = global_id("Instance", instance.id)
    unknown, malformed = global_id("Instance", 4711), "nonsense"

    for wrong, code in ((unknown, "NOT_FOUND"), (malformed, "BAD_USER_INPUT")):
        refused = (await door.data(RECYCLE, {"input": {"ids": [good, wrong]}}))["recycleInstances"]
        assert refused["instances"] is None
        (error,) = refused["errors"]
        assert (error["code"], error["field"]) == (code, ["input", "ids", "1"])


async def test_many_are_paused_and_found_by_their_connection(db: Database, door: Door) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="orders")
    ids = [global_id("Instance", instance.id)]

    paused = await door.data(SET_ACTIVE, {"input": {"ids": ids, "isActive": False}}, actor=OTTO)
    listed = await door.data(
        """query ($state: ConnectionState) {
             instances(filter: {connection: $state}) { nodes { name tlsMode hasTlsCa } } }""",
        {"state": "UNKNOWN"},
    )

    assert paused["setInstancesActive"]["instances"] == [{"name": "orders", "status": "INACTIVE"}]
    assert listed["instances"]["nodes"] == [
        {"name": "orders", "tlsMode": "PREFER", "hasTlsCa": False}
    ]


async def test_recycling_and_purging_need_their_rights(door: Door) -> None:
    asked = {"input": {"ids": [global_id("Instance", 1)]}}

    for document in (RECYCLE, PURGE):
        assert await door.code(document, asked, actor=OTTO) == "PERMISSION_REQUIRED"


REPORT = """query ($id: ID!) { privilegeReport(instanceId: $id) {
  account version state createScript dropScript error { code message }
  checks { feature state needed missing excess probe } } }"""


async def test_the_privileges_of_an_account_are_reported(
    db: Database, fake: tuple[Door, FakeServer]
) -> None:
    door, server = fake
    server.missing_grants = ["LOOK"]
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys, username="looker")
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
        )
    variables = {"id": global_id("Instance", instance.id)}

    report = (await door.data(REPORT, variables, actor=OTTO))["privilegeReport"]

    assert (report["account"], report["version"], report["state"]) == (
        "looker",
        "Fake 1.2",
        "MISSING",
    )
    assert report["error"] is None
    assert report["checks"][0] == {
        "feature": "INVENTORY",
        "state": "MISSING",
        "needed": ["LOOK"],
        "missing": ["LOOK"],
        "excess": [],
        "probe": "fake",
    }
    server.problem = TargetProblem("It is down.", code=Code.DATABASE_CONNECTION_ERROR)
    report = (await door.data(REPORT, variables))["privilegeReport"]
    assert report["error"]["code"] == "DATABASE_CONNECTION_ERROR"
    assert report["checks"] == []


async def test_the_privileges_of_an_unknown_instance_are_null(door: Door) -> None:
    data = await door.data(REPORT, {"id": global_id("Instance", 999)})

    assert data["privilegeReport"] is None


CREATE_WITH = """mutation ($input: CreateInstanceInput!) { createInstance(input: $input) {
  instance { options connectSeconds statementSeconds } errors { code field message } } }"""
ORACLE_INPUT = {"name": "ora-1", "engine": "ORACLE", "host": "db.example.com"}


async def test_an_instance_has_its_engines_own_options(door: Door) -> None:
    chosen = {"options": {"name_kind": "SID"}, "connectSeconds": 20, "statementSeconds": 300}

    payload = (await door.data(CREATE_WITH, {"input": {**ORACLE_INPUT, **chosen}}))[
        "createInstance"
    ]

    assert payload == {"instance": chosen, "errors": []}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (
            {"options": {"application_intent": "READ_ONLY"}},
            ["input", "options"],
        ),
        ({"options": {"name_kind": "ALIAS"}}, ["input", "options"]),
        ({"options": {"name_kind": 5}}, ["input", "options"]),
        ({"connectSeconds": 61}, ["input", "connectSeconds"]),
        ({"statementSeconds": 0}, ["input", "statementSeconds"]),
    ],
    ids=["of another engine", "unknown choice", "no text", "too long", "none at all"],
)
async def test_what_an_engine_cannot_choose_is_refused(
    door: Door, values: dict[str, object], field: list[str]
) -> None:
    payload = (await door.data(CREATE_WITH, {"input": {**ORACLE_INPUT, **values}}))[
        "createInstance"
    ]

    assert payload["instance"] is None
    (error,) = payload["errors"]
    assert (error["code"], error["field"]) == ("BAD_USER_INPUT", field)
