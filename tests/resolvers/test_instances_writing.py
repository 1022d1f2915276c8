"""Instances: how they are registered and changed, and by whom."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import ARRAY, Text, bindparam, func, select, text

from tests.factories import (
    ADA,
    MYSQL,
    ORACLE,
    OTTO,
    POSTGRESQL,
    VERA,
    make_credential,
    make_database,
    make_instance,
    make_tag,
)
from whalefall.db import Database, WriteSession
from whalefall.domain.database_rules import compiled
from whalefall.domain.engines import Engine
from whalefall.domain.patch import UNSET
from whalefall.domain.states import ConnectionState, CredentialType, InstanceStatus
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput, Code, Conflict, NotFound, PermissionRequired, Problem
from whalefall.models.instances import Instance
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.instances import (
    InstanceInput,
    InstancePatch,
    count_instances,
    create_instance,
    get_instance,
    update_instance,
)


def asked(**fields: Any) -> InstanceInput:
    defaults: dict[str, Any] = {"name": "orders", "engine": POSTGRESQL, "host": "db.example.com"}
    return InstanceInput(**{**defaults, **fields})


async def audit_entries(session: WriteSession) -> list[AuditEntry]:
    return list((await session.execute(select(AuditEntry).order_by(AuditEntry.id))).scalars())


def fields_of(problem: BadInput) -> list[Any]:
    return [each.field for each in getattr(problem, "problems", [problem])]


async def test_create_registers_an_instance_and_audits_it(session: WriteSession) -> None:
    await make_tag(session, "prod")
    credential = await make_credential(session, engine=POSTGRESQL)
    tls = Tls(mode=TlsMode.VERIFY_FULL, server_name="pg.example.com")
    instance = asked(
        name=" orders ", credential_id=credential.id, tag_names=["prod", "prod"], tls=tls
    )

    row = await create_instance(session, ADA, instance)

    assert (row.name, row.port, row.credential_id) == ("orders", 5432, credential.id)
    assert (row.tag_names, row.status) == (["prod"], InstanceStatus.ACTIVE)
    stored = (await session.execute(select(Instance).where(Instance.id == row.id))).scalar_one()
    assert (stored.tls_mode, stored.tls_server_name) == ("VERIFY_FULL", "pg.example.com")
    (entry,) = await audit_entries(session)
    assert (entry.action, entry.object_type, entry.object_id) == (
        "instance.created",
        "Instance",
        row.id,
    )
    assert entry.before is None
    assert entry.after is not None
    assert entry.after["tag_names"] == ["prod"]


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "::1", "[2001:db8::1]", "db", "db-1.example.com", "xn--bcher-kva.example"]
)
async def test_addresses_and_names_are_hosts(session: WriteSession, host: str) -> None:
    row = await create_instance(session, ADA, asked(host=host))

    assert row.host == host.strip("[]")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "x" * 101),
        ("name", "a\x00b"),
        ("name", "a\nb"),
        ("engine", "DB2"),
        ("host", ""),
        ("host", "999.1.1.1"),
        ("host", "1.2.3"),
        ("host", "a_b"),
        ("host", "-a.example"),
        ("host", "a..b"),
        ("host", "a.example."),
        ("host", "a b"),
        ("host", "x" * 64),
        ("host", "fe80::1%eth0"),
        ("host", "/var/run/postgresql"),
        ("port", 0),
        ("port", 65_536),
        ("database_name", "x" * 129),
        ("database_name", "a\x00"),
        ("description", "x" * 501),
        ("description", "\ud800"),
        ("credential_id", 2**62),
        ("tag_names", ["unknown"]),
        ("tls", Tls(ca_pem="not a certificate")),
        ("tls", Tls(server_name="a_b")),
    ],
)
async def test_create_refuses_bad_input_by_field(
    session: WriteSession, field: str, value: Any
) -> None:
    with pytest.raises(BadInput) as caught:
        await create_instance(session, ADA, asked(**{field: value}))

    assert fields_of(caught.value) == [(field,)]
    assert await count_instances(session, ADA) == 0


async def test_all_bad_fields_are_named_at_once(session: WriteSession) -> None:
    with pytest.raises(BadInput) as caught:
        await create_instance(session, ADA, asked(name="", host="", port=0))

    assert fields_of(caught.value) == [("name",), ("host",), ("port",)]
    assert caught.value.field == ("name",)


@pytest.mark.parametrize("deleted_at", [None, datetime.now(UTC)])
async def test_a_taken_name_is_refused(session: WriteSession, deleted_at: datetime | None) -> None:
    await make_instance(session, name="orders", deleted_at=deleted_at)

    with pytest.raises(Conflict) as caught:
        await create_instance(session, ADA, asked())

    assert (caught.value.problem_code, caught.value.field) == (Code.NAME_EXISTS, ("name",))
    assert ("recycle bin" in caught.value.message) == (deleted_at is not None)
    assert await audit_entries(session) == []


@pytest.mark.parametrize(
    "columns",
    [{"credential_type": CredentialType.SSH}, {"engine": ORACLE}, {"is_active": False}],
)
async def test_a_credential_must_fit_its_instance(
    session: WriteSession, columns: dict[str, Any]
) -> None:
    credential = await make_credential(session, **columns)

    with pytest.raises(BadInput) as caught:
        await create_instance(session, ADA, asked(credential_id=credential.id))

    assert caught.value.field == ("credential_id",)


async def test_update_leaves_what_is_absent_and_clears_what_is_null(session: WriteSession) -> None:
    tag = await make_tag(session, "prod")
    instance = await make_instance(
        session, name="orders", description="old", database_name="app", tags=[tag]
    )

    row = await update_instance(session, OTTO, instance.id, InstancePatch(description=None))

    assert (row.description, row.database_name, row.tag_names) == (None, "app", ["prod"])
    assert row.updated_at > row.created_at
    (entry,) = await audit_entries(session)
    assert (entry.before, entry.after) == ({"description": "old"}, {"description": None})


async def test_given_tag_names_replace_all(session: WriteSession) -> None:
    prod, _crm = await make_tag(session, "prod"), await make_tag(session, "crm")
    instance = await make_instance(session, tags=[prod])

    row = await update_instance(session, OTTO, instance.id, InstancePatch(tag_names=["crm"]))
    assert row.tag_names == ["crm"]
    row = await update_instance(session, OTTO, instance.id, InstancePatch(tag_names=None))
    assert row.tag_names == []


async def test_an_update_that_changes_nothing_leaves_no_trace(session: WriteSession) -> None:
    instance = await make_instance(session, name="orders")

    row = await update_instance(session, OTTO, instance.id, InstancePatch(name="orders"))

    assert row.updated_at == instance.updated_at
    assert await audit_entries(session) == []


@pytest.mark.parametrize("field", ["name", "engine", "host", "port", "is_active", "tls"])
async def test_what_an_instance_needs_cannot_be_cleared(session: WriteSession, field: str) -> None:
    instance = await make_instance(session)

    with pytest.raises(BadInput) as caught:
        await update_instance(session, OTTO, instance.id, InstancePatch(**{field: None}))

    assert fields_of(caught.value) == [(field,)]


async def test_the_engine_is_locked_once_databases_are_known(session: WriteSession) -> None:
    instance = await make_instance(session, engine=POSTGRESQL)
    await update_instance(session, OTTO, instance.id, InstancePatch(engine=MYSQL))
    await make_database(session, instance, is_active=False)

    with pytest.raises(Conflict) as caught:
        await update_instance(session, OTTO, instance.id, InstancePatch(engine=ORACLE))

    assert caught.value.problem_code is Code.ENGINE_LOCKED
    same = InstancePatch(engine=Engine("mysql"), description="kept")
    assert (await update_instance(session, OTTO, instance.id, same)).engine == MYSQL


async def test_a_new_engine_must_fit_the_credential_too(session: WriteSession) -> None:
    credential = await make_credential(session, engine=POSTGRESQL)
    instance = await make_instance(session, credential_id=credential.id)

    with pytest.raises(BadInput):
        await update_instance(session, OTTO, instance.id, InstancePatch(engine=MYSQL))


async def test_an_update_from_an_old_view_is_stale(session: WriteSession) -> None:
    instance = await make_instance(session)
    seen = instance.updated_at
    await update_instance(
        session, OTTO, instance.id, InstancePatch(port=1), expected_updated_at=seen
    )

    with pytest.raises(Conflict) as caught:
        await update_instance(
            session, OTTO, instance.id, InstancePatch(port=2), expected_updated_at=seen
        )

    assert caught.value.problem_code is Code.STALE_OBJECT


async def test_a_new_address_forgets_the_last_attempt(session: WriteSession) -> None:
    instance = await make_instance(session, last_success_at=datetime.now(UTC), latency_ms=3)

    row = await update_instance(session, OTTO, instance.id, InstancePatch(description="same host"))
    assert row.connection_state is ConnectionState.GOOD
    row = await update_instance(session, OTTO, instance.id, InstancePatch(host="other"))
    assert (row.connection_state, row.latency_ms) == (ConnectionState.UNKNOWN, None)


async def test_another_name_to_verify_forgets_the_last_attempt(session: WriteSession) -> None:
    instance = await make_instance(
        session, last_success_at=datetime.now(UTC), tls_mode=TlsMode.VERIFY_FULL
    )
    tls = Tls(mode=TlsMode.VERIFY_FULL, server_name="other.example.com")

    row = await update_instance(session, OTTO, instance.id, InstancePatch(tls=tls))

    assert row.connection_state is ConnectionState.UNKNOWN


async def test_a_name_taken_meanwhile_is_refused_on_update(session: WriteSession) -> None:
    await make_instance(session, name="taken")
    instance = await make_instance(session, name="mine")

    with pytest.raises(Conflict) as caught:
        await update_instance(session, OTTO, instance.id, InstancePatch(name="taken"))

    assert caught.value.problem_code is Code.NAME_EXISTS
    assert (await get_instance(session, VERA, instance.id)).name == "mine"


async def test_what_lies_in_the_recycle_bin_cannot_be_changed(session: WriteSession) -> None:
    instance = await make_instance(session, deleted_at=datetime.now(UTC))

    for instance_id in (instance.id, 2**62):
        with pytest.raises(NotFound):
            await update_instance(session, OTTO, instance_id, InstancePatch(port=1))


async def test_writing_needs_the_right_to(session: WriteSession) -> None:
    instance = await make_instance(session)

    for actor in (VERA, OTTO):
        with pytest.raises(PermissionRequired):
            await create_instance(session, actor, asked())
    with pytest.raises(PermissionRequired):
        await update_instance(session, VERA, instance.id, InstancePatch(port=1))
    assert (await session.execute(select(func.count()).select_from(Instance))).scalar_one() == 1


def test_a_patch_is_empty_until_something_is_given() -> None:
    assert all(value is UNSET for value in vars(InstancePatch()).values())
    assert issubclass(BadInput, Problem)


async def test_rules_for_databases_are_read_as_like_reads_them(db: Database) -> None:
    random = Random(20)
    pairs = [
        ("".join(random.choices("abA%%__\\*?[]!-", k=random.randint(0, 6))).rstrip("\\"), name)
        for name in ("", "a", "ab", "aB", "a_b", "a%b", "a\\b", "[ab]", "a*?", "!a-b", "aab\n")
        for _ in range(200)
    ]
    like = text(r"""
        SELECT name ILIKE pattern ESCAPE '\' FROM unnest(:patterns, :names) WITH ORDINALITY
            AS pair (pattern, name, place) ORDER BY place
    """).bindparams(bindparam("patterns", type_=ARRAY(Text)), bindparam("names", type_=ARRAY(Text)))
    patterns, names = zip(*pairs, strict=True)

    async with db.read() as session:
        values = {"patterns": list(patterns), "names": list(names)}
        expected = list((await session.execute(like, values)).scalars())

    assert [bool(compiled(each).fullmatch(name)) for each, name in pairs] == expected
    assert 100 < sum(expected) < len(pairs) - 100
