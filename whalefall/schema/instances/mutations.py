"""Registering, changing and testing instances."""

from datetime import datetime
from typing import Any

import strawberry

from whalefall.auth import Permission
from whalefall.domain import checks
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Problem
from whalefall.resolvers.collection import (
    ConnectionOutcome,
    Endpoint,
    test_connection,
    test_instance,
)
from whalefall.resolvers.instances import (
    InstanceInput,
    InstancePatch,
    create_instance,
    get_instance,
    update_instance,
)
from whalefall.schema.context import Info
from whalefall.schema.enums import ENGINE
from whalefall.schema.ids import row_id
from whalefall.schema.instances.types import Instance
from whalefall.schema.patches import absent, given
from whalefall.schema.problems import UserError, errors_field, mutation
from whalefall.schema.scalars import JsonObject

NAME = "What people call it; unique, also among deleted instances. 1 to 100 characters."
HOST = "A host name, an IPv4 or an IPv6 address."
PORT = "Its TCP port; the engine's usual one if not given."
DATABASE_NAME = "Where a session begins, for Oracle the service; null: the engine's usual database."
OPTIONS = (
    "Choices that only its engine has, by name: name_kind of Oracle (SERVICE_NAME, SID),"
    " application_intent of SQL Server (READ_WRITE, READ_ONLY). Null: the usual ones."
)
CONNECT_SECONDS = "Seconds that connecting may take, 1 to 60; null: 10."
INCLUDE = (
    "Patterns of the databases to measure: % is any run of characters, _ any one, a backslash takes"
    " the next as it is. None or empty: all."
)
EXCLUDE = (
    "Patterns of databases that are not measured; they stay in the ledger as EXCLUDED, and their"
    " tables can still be refreshed by hand."
)
STATEMENT_SECONDS = "Seconds that a statement may take, 1 to 600; null: 120."
CREDENTIAL = "The id of the credential to read it with."


@strawberry.input(description="How connections to a server are protected.")
class TlsInput:
    mode: TlsMode = strawberry.field(description="How strictly.", default=TlsMode.PREFER)
    ca_pem: str | None = strawberry.field(
        description="Certificates in PEM to trust instead of the system's.", default=None
    )
    server_name: str | None = strawberry.field(
        description="The name that the certificate must carry, if not the host.", default=None
    )


@strawberry.input(description="A new instance.")
class CreateInstanceInput:
    name: str = strawberry.field(description=NAME)
    engine: ENGINE = strawberry.field(description="Its engine.")
    host: str = strawberry.field(description=HOST)
    port: int | None = strawberry.field(description=PORT, default=None)
    database_name: str | None = strawberry.field(description=DATABASE_NAME, default=None)
    description: str | None = strawberry.field(description="Free text.", default=None)
    credential_id: strawberry.ID | None = strawberry.field(description=CREDENTIAL, default=None)
    tag_names: list[str] | None = strawberry.field(
        description="The names of its tags; they must exist.", default=None
    )
    is_active: bool = strawberry.field(description="Whether it is collected.", default=True)
    tls: TlsInput | None = strawberry.field(
        description="How connections are protected; PREFER if not given.", default=None
    )
    options: JsonObject | None = strawberry.field(description=OPTIONS, default=None)
    connect_seconds: int | None = strawberry.field(description=CONNECT_SECONDS, default=None)
    statement_seconds: int | None = strawberry.field(description=STATEMENT_SECONDS, default=None)
    include_databases: list[str] | None = strawberry.field(description=INCLUDE, default=None)
    exclude_databases: list[str] | None = strawberry.field(description=EXCLUDE, default=None)


@strawberry.input(description="Changes to an instance; what is left out stays as it is.")
class UpdateInstanceInput:
    id: strawberry.ID = strawberry.field(description="The id of the instance.")
    expected_updated_at: datetime | None = absent(
        "Refuse with STALE_OBJECT if it has changed since this `updatedAt`."
    )
    name: str | None = absent(NAME)
    engine: ENGINE | None = absent("Its engine; locked once databases of it are known.")
    host: str | None = absent(HOST)
    port: int | None = absent("Its TCP port.")
    database_name: str | None = absent(DATABASE_NAME)
    description: str | None = absent("Free text; null clears it.")
    credential_id: strawberry.ID | None = absent(f"{CREDENTIAL} Null takes it away.")
    tag_names: list[str] | None = absent("The names of all its tags; null takes them all away.")
    is_active: bool | None = absent("Whether it is collected.")
    tls: TlsInput | None = absent("How connections are protected.")
    options: JsonObject | None = absent(OPTIONS)
    connect_seconds: int | None = absent(CONNECT_SECONDS)
    statement_seconds: int | None = absent(STATEMENT_SECONDS)
    include_databases: list[str] | None = absent(INCLUDE)
    exclude_databases: list[str] | None = absent(EXCLUDE)


@strawberry.input(description="Which instance to test.")
class TestInstanceInput:
    __test__ = False  # not for pytest
    instance_id: strawberry.ID = strawberry.field(description="The id of the instance.")


@strawberry.input(description="A server that is not registered, or not yet.")
class TestConnectionInput:
    __test__ = False
    engine: ENGINE = strawberry.field(description="Its engine.")
    host: str = strawberry.field(description=HOST)
    port: int | None = strawberry.field(description=PORT, default=None)
    database_name: str | None = strawberry.field(description=DATABASE_NAME, default=None)
    credential_id: strawberry.ID | None = strawberry.field(description=CREDENTIAL, default=None)
    tls: TlsInput | None = strawberry.field(
        description="How the connection is protected; PREFER if not given.", default=None
    )
    options: JsonObject | None = strawberry.field(description=OPTIONS, default=None)
    connect_seconds: int | None = strawberry.field(description=CONNECT_SECONDS, default=None)


@strawberry.type(description="The new instance, or why there is none.")
class CreateInstancePayload:
    instance: Instance | None = strawberry.field(description="As registered.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="The changed instance, or why it stayed as it was.")
class UpdateInstancePayload:
    instance: Instance | None = strawberry.field(description="As it is now.", default=None)
    errors: list[UserError] = errors_field()


@strawberry.type(description="What one short connection said.")
class TestConnectionPayload:
    __test__ = False
    ok: bool | None = strawberry.field(
        description="Whether it answered; null when the request was refused.", default=None
    )
    version: str | None = strawberry.field(
        description="Product and version; null when it did not answer.", default=None
    )
    latency_ms: int | None = strawberry.field(
        description="Milliseconds to connect; null when it did not answer.", default=None
    )
    checked_at: datetime | None = strawberry.field(
        description="When it was tried; null when the request was refused.", default=None
    )
    errors: list[UserError] = errors_field()


@strawberry.type(description="What one short connection to an instance said.")
class TestInstancePayload(TestConnectionPayload):
    instance: Instance | None = strawberry.field(
        description="The instance, which remembers the outcome.", default=None
    )


@strawberry.type
class InstanceMutations:
    @mutation("Register an instance.", needs=Permission.CREATE)
    async def create_instance(
        self, info: Info, input: CreateInstanceInput
    ) -> CreateInstancePayload:
        values = _domain_values(vars(input))
        async with info.context.db.write() as session:
            row = await create_instance(session, info.context.actor, InstanceInput(**values))
        return CreateInstancePayload(instance=Instance.of(row))

    @mutation("Change an instance.", needs=Permission.UPDATE)
    async def update_instance(
        self, info: Info, input: UpdateInstanceInput
    ) -> UpdateInstancePayload:
        values = _domain_values(given(input))
        instance_id = row_id(values.pop("id"), "Instance", field="id")
        expected = values.pop("expected_updated_at", None)
        async with info.context.db.write() as session:
            row = await update_instance(
                session,
                info.context.actor,
                instance_id,
                InstancePatch(**values),
                expected_updated_at=expected,
            )
        return UpdateInstancePayload(instance=Instance.of(row))

    @mutation("Connect to an instance once, for at most ten seconds.", needs=Permission.EXECUTE)
    async def test_instance(self, info: Info, input: TestInstanceInput) -> TestInstancePayload:
        context = info.context
        instance_id = row_id(input.instance_id, "Instance", field="instance_id")
        outcome = await test_instance(context.db, context.actor, instance_id)
        async with context.db.read() as session:
            row = await get_instance(session, context.actor, instance_id)
        return TestInstancePayload(instance=Instance.of(row), **_outcome(outcome))

    @mutation(
        "Connect once to a server that is not registered, for at most ten seconds.",
        needs=Permission.CREATE,
    )
    async def test_connection(
        self, info: Info, input: TestConnectionInput
    ) -> TestConnectionPayload:
        values = _domain_values(vars(input))
        values["port"] = values["port"] or ENGINES[Engine(values["engine"])].default_port
        clean = checks.checked(values, ENDPOINT_CHECKS)
        checks.options_of("options", clean["engine"], clean["options"])
        outcome = await test_connection(info.context.db, info.context.actor, Endpoint(**clean))
        return TestConnectionPayload(**_outcome(outcome))


ENDPOINT_CHECKS: dict[str, checks.Check] = {
    "engine": checks.engine,
    "host": checks.host,
    "port": checks.port,
    "database_name": checks.optional_line(128),
    "credential_id": lambda field, value: value,
    "tls": checks.tls,
    "options": checks.options,
    "connect_seconds": checks.seconds(60),
}


def _domain_values(given: dict[str, Any]) -> dict[str, Any]:
    """The input's values as the domain knows them: row ids, its own Tls."""
    values = dict(given)
    if values.get("credential_id") is not None:
        values["credential_id"] = row_id(
            values["credential_id"], "Credential", field="credential_id"
        )
    if "options" in values:
        values["options"] = values["options"] or {}
    if "tls" in values:
        values["tls"] = Tls(**vars(values["tls"])) if values["tls"] is not None else Tls()
    return values


def _outcome(outcome: ConnectionOutcome) -> dict[str, Any]:
    """A server that did not answer is an outcome; why is in `errors`."""
    errors = []
    if outcome.code is not None:
        problem = Problem(outcome.message, code=outcome.code, hint=outcome.hint)
        errors.append(UserError.of(problem))
    return {
        "ok": outcome.ok,
        "version": outcome.version,
        "latency_ms": outcome.latency_ms,
        "checked_at": outcome.checked_at,
        "errors": errors,
    }
