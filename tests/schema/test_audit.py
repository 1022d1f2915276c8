"""The audit by GraphQL: for administrators, narrowed by who, what and when, without secrets."""

from datetime import UTC, datetime
from typing import Any

from tests.factories import ADA, OTTO, VERA, make_tag, make_user
from tests.schema.conftest import Door
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.audit import audit
from whalefall.schema.ids import global_id

ENTRIES = """query ($filter: AuditEntryFilter) { auditEntries(filter: $filter) {
  totalCount nodes { actorName action } } }"""
WHOLE = """{ auditEntries { nodes { id madeAt actor { username } actorName action objectType
  objectId before after requestId } } }"""
DAY = datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_entry_tells_who_did_what_to_what(db: Database, either_door: Door) -> None:
    async with db.write() as session:
        otto, tag = await make_user(session, username="otto"), await make_tag(session)
        actor = Actor(name="otto", user_id=otto.id)
        after = {"name": "b", "password": "c4nary", "tags": ["x"]}
        await audit(session, actor, "tag.updated", "Tag", tag.id, {"name": "a"}, after)

    (entry,) = (await either_door.data(WHOLE))["auditEntries"]["nodes"]

    assert entry.pop("madeAt").endswith("+00:00")
    assert entry.pop("id").startswith(global_id("AuditEntry", 1)[:12])
    assert entry == {
        "actor": {"username": "otto"},
        "actorName": "otto",
        "action": "tag.updated",
        "objectType": "Tag",
        "objectId": global_id("Tag", tag.id),
        "before": {"name": "a"},
        "after": {"name": "b", "password": "***", "tags": ["x"]},
        "requestId": None,
    }


async def test_what_is_no_single_thing_and_has_no_author_is_null(
    db: Database, either_door: Door
) -> None:
    async with db.write() as session:
        await audit(session, Actor.system("worker"), "tag.imported", "Tag", None, None, None)

    (entry,) = (await either_door.data(WHOLE))["auditEntries"]["nodes"]

    names = ("actor", "objectId", "before", "after")
    assert [entry[name] for name in names] == [None] * 4
    assert entry["actorName"] == "system:worker"


async def test_the_audit_is_narrowed(db: Database, either_door: Door) -> None:
    async with db.write() as session:
        otto = await make_user(session, username="otto")
        for number, (name, action, object_type, after) in enumerate(
            [
                ("otto", "tag.created", "Tag", {"name": "Prod"}),
                ("ada", "tag.updated", "Tag", {"name": "50%"}),
                ("ada", "user.created", "User", None),
            ]
        ):
            session.add(
                AuditEntry(
                    made_at=DAY.replace(day=number + 1),
                    actor_id=otto.id if name == "otto" else None,
                    actor_name=name,
                    action=action,
                    object_type=object_type,
                    object_id=number,
                    after=after,
                )
            )

    async def found(**filter: Any) -> list[str]:
        entries = (await either_door.data(ENTRIES, {"filter": filter}))["auditEntries"]
        assert entries["totalCount"] == len(entries["nodes"])
        return [f"{node['actorName']} {node['action']}" for node in entries["nodes"]]

    created, updated, added = "otto tag.created", "ada tag.updated", "ada user.created"
    assert await found() == [added, updated, created]
    assert await found(search="PROD") == [created]
    assert await found(search="0%") == [updated]
    assert await found(search="ada") == [added, updated]
    assert await found(userId=global_id("User", otto.id)) == [created]
    assert await found(action="user.created") == [added]
    assert await found(objectType="Tag") == [updated, created]
    assert await found(objectId=global_id("Tag", 1)) == [updated]
    assert await found(objectId=global_id("Tag", 1), objectType="Tag") == [updated]
    assert await found(objectId=global_id("User", 1)) == []
    assert await found(since="2026-01-02T00:00:00Z", until="2026-01-03T00:00:00Z") == [updated]


async def test_an_id_of_another_type_than_the_one_asked_for_is_refused(
    db: Database, either_door: Door
) -> None:

    for id in ("rubbish", global_id("User", 1)):
        filter = {"objectId": id, "objectType": "Tag"}
        assert await either_door.code(ENTRIES, {"filter": filter}) == "BAD_USER_INPUT"


async def test_only_administrators_read_the_audit(db: Database, either_door: Door) -> None:
    async with db.write() as session:
        entry = AuditEntry(actor_name="ada", action="tag.created", object_type="Tag")
        session.add(entry)
        await session.flush()
        id = global_id("AuditEntry", entry.id)
    node = "query ($id: ID!) { node(id: $id) { id } }"

    for actor in (OTTO, VERA):
        assert await either_door.code(ENTRIES, actor=actor) == "PERMISSION_REQUIRED"
        assert await either_door.code(node, {"id": id}, actor=actor) == "PERMISSION_REQUIRED"
    assert await either_door.data(node, {"id": id}, actor=ADA) == {"node": {"id": id}}
