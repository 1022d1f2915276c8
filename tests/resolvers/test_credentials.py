"""Credentials: their password goes in and never comes out."""

import asyncio
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import ADA, MYSQL, ORACLE, OTTO, VERA, make_credential, make_instance
from tests.waiting import until_waiting
from whalefall.crypto import KeyRing
from whalefall.db import Database, WriteSession
from whalefall.domain.states import CredentialType
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired, Problem
from whalefall.models.instances import Credential
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.credentials import (
    CredentialFilter,
    CredentialInput,
    CredentialPatch,
    CredentialRow,
    count_credentials,
    create_credential,
    delete_credential,
    get_credential,
    list_credentials,
    update_credential,
)
from whalefall.resolvers.instances import InstancePatch, get_instance, update_instance

PASSWORD = "canary-9f2c"


def asked(**given: Any) -> CredentialInput:
    defaults: dict[str, Any] = {"name": "readers", "username": "sa", "password": PASSWORD}
    return CredentialInput(**{**defaults, **given})


async def stored(session: WriteSession, row: CredentialRow) -> Credential:
    query = select(Credential).where(Credential.id == row.id)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def audit_entries(session: WriteSession) -> list[AuditEntry]:
    return list((await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars())


def test_no_field_of_a_row_could_hold_a_secret() -> None:
    assert {field.name for field in fields(CredentialRow)} == {
        "id",
        "name",
        "credential_type",
        "engine",
        "username",
        "description",
        "is_active",
        "created_at",
        "updated_at",
        "password_updated_at",
        "instance_count",
    }
    assert PASSWORD not in repr(asked())
    assert PASSWORD not in repr(CredentialPatch(password=PASSWORD))


async def test_a_password_is_stored_encrypted_for_its_row(
    keys: KeyRing, session: WriteSession
) -> None:
    row = await create_credential(session, ADA, keys, asked())

    credential = await stored(session, row)
    assert PASSWORD.encode() not in credential.password_ciphertext
    opened = keys.decrypt(credential.key_id, credential.password_ciphertext, row.id)
    assert opened == PASSWORD


async def test_the_audit_never_holds_a_password(keys: KeyRing, session: WriteSession) -> None:
    row = await create_credential(session, ADA, keys, asked())
    await update_credential(session, ADA, keys, row.id, CredentialPatch(password=PASSWORD))
    await delete_credential(session, ADA, row.id)

    entries = await audit_entries(session)
    assert [entry.action for entry in entries] == [
        "credential.created",
        "credential.updated",
        "credential.deleted",
    ]
    assert all(PASSWORD not in f"{entry.before}{entry.after}" for entry in entries)
    assert list(entries[1].after or ()) == ["password"]


@pytest.mark.parametrize(
    "given",
    [
        {"username": "sa"},
        {"username": "DOMAIN\\reader"},
        {"username": "C##READER"},
        {"username": "reader@host"},
        {"username": "x", "password": "y"},
        {"username": "u" * 128},
        {"password": " spaces stay "},
        {"password": "😀" * 128},
    ],
)
async def test_what_servers_allow_is_accepted(
    keys: KeyRing, session: WriteSession, given: dict[str, str]
) -> None:
    row = await create_credential(session, ADA, keys, asked(**given))

    credential = await stored(session, row)
    opened = keys.decrypt(credential.key_id, credential.password_ciphertext, row.id)
    assert opened == given.get("password", PASSWORD)
    assert row.username == given.get("username", "sa")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("username", " "),
        ("username", "u" * 129),
        ("username", "a\tb"),
        ("password", ""),
        ("password", "x" * 129),
        ("password", "a\x00b"),
        ("engine", "DB2"),
        ("description", "x" * 501),
    ],
)
async def test_create_refuses_bad_input_by_field(
    keys: KeyRing, session: WriteSession, field: str, value: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await create_credential(session, ADA, keys, asked(**{field: value}))

    assert caught.value.field == (field,)


async def test_a_taken_name_is_refused(keys: KeyRing, session: WriteSession) -> None:
    await make_credential(session, name="readers")
    other = await make_credential(session)

    with pytest.raises(Conflict) as created:
        await create_credential(session, ADA, keys, asked())
    patch = CredentialPatch(name="readers")
    with pytest.raises(Conflict) as renamed:
        await update_credential(session, ADA, keys, other.id, patch)

    for caught in (created, renamed):
        assert caught.value.problem_code is Code.NAME_EXISTS
        assert caught.value.field == ("name",)


async def test_update_leaves_what_is_absent_and_clears_what_is_null(
    keys: KeyRing, session: WriteSession
) -> None:
    before = await make_credential(session, keys, engine=MYSQL, description="old")

    patch = CredentialPatch(engine=None, description=None)
    row = await update_credential(session, OTTO, keys, before.id, patch)

    assert (row.engine, row.description, row.username) == (None, None, before.username)
    assert row.password_updated_at == before.password_updated_at
    credential = await stored(session, row)
    assert keys.decrypt(credential.key_id, credential.password_ciphertext, row.id) == "secret"


async def test_a_new_password_is_dated(keys: KeyRing, session: WriteSession) -> None:
    before = await make_credential(session, keys)
    set_at = before.password_updated_at

    patch = CredentialPatch(password="new")
    row = await update_credential(session, OTTO, keys, before.id, patch)

    assert row.password_updated_at > set_at
    credential = await stored(session, row)
    assert keys.decrypt(credential.key_id, credential.password_ciphertext, row.id) == "new"


@pytest.mark.parametrize("field", ["name", "username", "password", "is_active"])
async def test_what_a_credential_needs_cannot_be_cleared(
    keys: KeyRing, session: WriteSession, field: str
) -> None:
    before = await make_credential(session)

    patch = CredentialPatch(**{field: None})
    with pytest.raises(BadInput) as caught:
        await update_credential(session, OTTO, keys, before.id, patch)

    assert caught.value.field == (field,)


async def test_engine_and_type_must_fit_the_instances_that_use_it(
    keys: KeyRing, session: WriteSession
) -> None:
    credential = await make_credential(session)
    await make_instance(session, name="shop", engine=MYSQL, credential_id=credential.id)

    for patch, field in [
        (CredentialPatch(engine=ORACLE), "engine"),
        (CredentialPatch(credential_type=CredentialType.SSH), "credential_type"),
    ]:
        with pytest.raises(Conflict, match="1 instance uses it: shop") as caught:
            await update_credential(session, OTTO, keys, credential.id, patch)
        assert caught.value.problem_code is Code.CREDENTIAL_IN_USE
        assert caught.value.field == (field,)

    fitting = CredentialPatch(engine=MYSQL, credential_type=CredentialType.DATABASE)
    row = await update_credential(session, OTTO, keys, credential.id, fitting)
    assert row.engine == MYSQL


async def test_a_credential_that_nobody_uses_may_change_its_type(
    keys: KeyRing, session: WriteSession
) -> None:
    credential = await make_credential(session)

    patch = CredentialPatch(credential_type=CredentialType.LDAP, engine=ORACLE)
    row = await update_credential(session, OTTO, keys, credential.id, patch)

    assert (row.credential_type, row.engine) == (CredentialType.LDAP, ORACLE)


async def test_a_change_of_what_was_changed_meanwhile_is_refused(
    keys: KeyRing, session: WriteSession
) -> None:
    credential = await make_credential(session)
    seen = credential.updated_at
    patch = CredentialPatch(description="first")
    await update_credential(session, OTTO, keys, credential.id, patch, expected_updated_at=seen)

    with pytest.raises(Conflict) as caught:
        patch = CredentialPatch(description="second")
        await update_credential(session, OTTO, keys, credential.id, patch, expected_updated_at=seen)

    assert caught.value.problem_code is Code.STALE_OBJECT


async def test_a_credential_in_use_cannot_be_deleted(session: WriteSession) -> None:
    credential = await make_credential(session)
    for number in range(6):
        at = None if number else datetime.now(UTC)
        await make_instance(session, name=f"i{number}", credential_id=credential.id, deleted_at=at)

    assert (await get_credential(session, VERA, credential.id)).instance_count == 6
    with pytest.raises(Conflict) as caught:
        await delete_credential(session, ADA, credential.id)

    assert caught.value.problem_code is Code.CREDENTIAL_IN_USE
    users = "i0 (recycled), i1, i2, i3, i4, 1 more"
    assert caught.value.message == f"6 instances use it: {users}."
    assert await audit_entries(session) == []


async def test_instances_move_to_the_replacement_and_their_health_starts_anew(
    session: WriteSession,
) -> None:
    old, new = await make_credential(session), await make_credential(session, engine=MYSQL)
    tried: dict[str, Any] = {
        "last_success_at": datetime.now(UTC),
        "last_error_code": "AUTH_FAILED",
    }
    moving = [
        await make_instance(session, engine=MYSQL, credential_id=old.id, latency_ms=3, **tried),
        await make_instance(
            session, engine=MYSQL, credential_id=old.id, deleted_at=datetime.now(UTC)
        ),
    ]
    other = await make_instance(session, latency_ms=3)
    before = moving[0].updated_at

    moved = await delete_credential(session, ADA, old.id, replace_with_id=new.id)

    assert moved == 2
    for instance in (*moving, other):
        await session.refresh(instance)
    assert [each.credential_id for each in moving] == [new.id, new.id]
    first = moving[0]
    assert (first.latency_ms, first.last_success_at, first.last_error_code) == (None, None, None)
    assert first.updated_at > before
    assert other.latency_ms == 3
    with pytest.raises(NotFound):
        await get_credential(session, VERA, old.id)
    entries = await audit_entries(session)
    assert [(entry.action, entry.object_id, entry.after) for entry in entries] == [
        *(("instance.updated", each.id, {"credential_id": new.id}) for each in moving),
        ("credential.deleted", old.id, {"replaced_with_id": new.id}),
    ]


async def test_who_takes_the_old_one_meanwhile_gets_the_replacement_too(db: Database) -> None:
    async with db.write() as session:
        old, new = await make_credential(session), await make_credential(session)
        instance = await make_instance(session)

    async def replace() -> int:
        async with db.write() as session:
            return await delete_credential(session, ADA, old.id, replace_with_id=new.id)

    async with db.write() as session:
        await update_instance(session, ADA, instance.id, InstancePatch(credential_id=old.id))
        replacing = asyncio.create_task(replace())
        await until_waiting(db)
        assert not replacing.done()

    assert await replacing == 1
    async with db.read() as reading:
        assert (await get_instance(reading, ADA, instance.id)).credential_id == new.id


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"engine": ORACLE}, Code.CREDENTIAL_IN_USE),
        ({"credential_type": CredentialType.SSH}, Code.CREDENTIAL_IN_USE),
        ({"is_active": False}, Code.BAD_USER_INPUT),
    ],
)
async def test_a_replacement_must_fit_every_instance(
    session: WriteSession, other: dict[str, Any], code: Code
) -> None:
    old, new = await make_credential(session), await make_credential(session, **other)
    instance = await make_instance(session, engine=MYSQL, credential_id=old.id)
    await make_instance(session, engine=ORACLE, credential_id=old.id)

    with pytest.raises(Problem) as caught:
        await delete_credential(session, ADA, old.id, replace_with_id=new.id)

    assert caught.value.problem_code is code
    assert caught.value.field == ("replace_with_id",)
    await session.refresh(instance)
    assert instance.credential_id == old.id


async def test_a_replacement_is_there_and_not_the_same(session: WriteSession) -> None:
    old = await make_credential(session)

    for other_id in (old.id, 2**62):
        with pytest.raises(BadInput) as caught:
            await delete_credential(session, ADA, old.id, replace_with_id=other_id)
        assert caught.value.field == ("replace_with_id",)


async def test_unknown_credentials_are_not_found(keys: KeyRing, session: WriteSession) -> None:
    with pytest.raises(NotFound):
        await get_credential(session, VERA, 2**62)
    with pytest.raises(NotFound):
        await update_credential(session, ADA, keys, 2**62, CredentialPatch(name="x"))
    with pytest.raises(NotFound):
        await delete_credential(session, ADA, 2**62)


async def test_writing_needs_the_right_to(keys: KeyRing, session: WriteSession) -> None:
    credential = await make_credential(session)

    for actor in (VERA, OTTO):
        with pytest.raises(PermissionRequired):
            await create_credential(session, actor, keys, asked())
        with pytest.raises(PermissionRequired):
            await delete_credential(session, actor, credential.id)
    patch = CredentialPatch(name="x")
    with pytest.raises(PermissionRequired):
        await update_credential(session, VERA, keys, credential.id, patch)
    assert (await session.execute(select(func.count()).select_from(Credential))).scalar_one() == 1


async def test_filters_narrow_together(session: WriteSession) -> None:
    await make_credential(session, name="any")
    await make_credential(session, name="mysql", engine=MYSQL)
    await make_credential(session, name="oracle", engine=ORACLE, is_active=False)
    await make_credential(session, name="ssh", credential_type=CredentialType.SSH)

    async def names(**given: Any) -> list[str]:
        page = await list_credentials(session, VERA, CredentialFilter(**given))
        return [row.name for row in page.rows]

    database = [CredentialType.DATABASE]
    assert await names(engines=[MYSQL], credential_types=database) == ["any", "mysql"]
    assert await names(is_active=False) == ["oracle"]
    assert await names(search="SQ") == ["mysql"]
    assert len(await names()) == 4
    assert await count_credentials(session, VERA, CredentialFilter(engines=[MYSQL])) == 3
