"""Registering instances and changing what is known of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.states import CredentialType
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput, Code, Conflict, NotFound, said
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Credential, Instance, InstanceTag, Tag
from whalefall.resolvers.audit import audit
from whalefall.resolvers.instances.reading import INSTANCES, InstanceRow
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.text import one_of
from whalefall.resolvers.nouns.writing import changes, require_unchanged, unique


@dataclass(kw_only=True)
class InstanceInput:
    """A new instance. Without a port it gets its engine's usual one."""

    name: str
    engine: Engine
    host: str
    port: int | None = None
    database_name: str | None = None
    description: str | None = None
    credential_id: int | None = None
    tag_names: list[str] = field(default_factory=list)
    is_active: bool = True
    tls: Tls = field(default_factory=Tls)
    options: dict[str, str] = field(default_factory=dict)
    connect_seconds: int | None = None
    statement_seconds: int | None = None
    include_databases: list[str] = field(default_factory=list)
    exclude_databases: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class InstancePatch:
    """What changes on an instance; given tag names replace all it had."""

    name: str | Unset | None = UNSET
    engine: Engine | Unset | None = UNSET
    host: str | Unset | None = UNSET
    port: int | Unset | None = UNSET
    database_name: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    credential_id: int | Unset | None = UNSET
    tag_names: list[str] | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET
    tls: Tls | Unset | None = UNSET
    options: dict[str, str] | Unset | None = UNSET
    connect_seconds: int | Unset | None = UNSET
    statement_seconds: int | Unset | None = UNSET
    include_databases: list[str] | Unset | None = UNSET
    exclude_databases: list[str] | Unset | None = UNSET


CHECKS: dict[str, checks.Check] = {
    "name": checks.line(100),
    "engine": checks.engine,
    "host": checks.host,
    "port": checks.port,
    "database_name": checks.optional_line(128),
    "description": checks.optional_text(500),
    "credential_id": lambda field, value: value,
    "tag_names": lambda field, value: sorted(set(value or ())),
    "is_active": checks.flag,
    "tls": checks.tls,
    "options": checks.options,
    "connect_seconds": checks.seconds(60),
    "statement_seconds": checks.seconds(600),
    "include_databases": checks.patterns,
    "exclude_databases": checks.patterns,
}
# What a connection depends on: once one of these changes, the last attempt says nothing any more.
ADDRESS = {
    *("engine", "host", "port", "database_name", "credential_id"),
    *("tls_mode", "tls_ca_pem", "tls_server_name", "options"),
}
NEVER_TRIED = {
    "last_success_at": None,
    "last_failure_at": None,
    "last_error_code": None,
    "latency_ms": None,
}


async def create_instance(
    session: WriteSession, actor: Actor, instance: InstanceInput
) -> InstanceRow:
    """Register an instance. Raises BadInput, Conflict NAME_EXISTS."""
    actor.require(Permission.CREATE)
    values = flat(checked(_with_port(instance), CHECKS))
    checks.options_of("options", values["engine"], values["options"])
    names = values.pop("tag_names")
    tag_ids = await _tag_ids(session, names)
    await _check_credential(session, values["credential_id"], values["engine"])
    async with unique(session, await _taken(session, values["name"])):
        result = await session.execute(insert(Instance).values(values).returning(Instance.id))
    instance_id = result.scalar_one()
    await _set_tags(session, instance_id, tag_ids)
    after = {**values, "tag_names": names}
    await audit(session, actor, "instance.created", "Instance", instance_id, None, after)
    return await reading.get_row(session, actor, INSTANCES, instance_id)


async def update_instance(
    session: WriteSession,
    actor: Actor,
    instance_id: int,
    patch: InstancePatch,
    *,
    expected_updated_at: datetime | None = None,
) -> InstanceRow:
    """Change an instance that is not in the recycle bin.

    Raises NotFound, BadInput, Conflict: STALE_OBJECT when it changed after `expected_updated_at`,
    ENGINE_LOCKED when its engine would change though it has databases, NAME_EXISTS.
    """
    actor.require(Permission.UPDATE)
    stored = await _lock(session, instance_id)
    stale = said("Somebody changed this instance in the meantime.")
    require_unchanged(stored["updated_at"], expected_updated_at, stale)
    before, after = changes(stored, flat(checked(given(patch), CHECKS)))
    if not after:
        return await reading.get_row(session, actor, INSTANCES, instance_id)
    await _check_change(session, instance_id, stored, after)
    await _save(session, instance_id, after)
    await audit(session, actor, "instance.updated", "Instance", instance_id, before, after)
    return await reading.get_row(session, actor, INSTANCES, instance_id)


async def _lock(session: WriteSession, instance_id: int) -> dict[str, Any]:
    """The instance's columns and tag names, its row held until the transaction ends."""
    row = select(*Instance.__table__.c).where(Instance.id == instance_id).with_for_update()
    found = (await session.execute(row)).mappings().one_or_none()
    if found is None or found["deleted_at"] is not None:
        raise NotFound("There is no such instance.")
    names = select(Tag.name).join(InstanceTag).where(InstanceTag.instance_id == instance_id)
    return {**found, "tag_names": sorted((await session.execute(names)).scalars())}


async def _check_change(
    session: WriteSession, instance_id: int, stored: dict[str, Any], after: dict[str, Any]
) -> None:
    merged = {**stored, **after}
    if "engine" in after and await _has_databases(session, instance_id):
        message = said("The engine cannot change while databases of it are known.")
        raise Conflict(message, code=Code.ENGINE_LOCKED, field="engine")
    if {"engine", "options"} & after.keys():
        checks.options_of("options", merged["engine"], merged["options"])
    if {"engine", "credential_id"} & after.keys():
        await _check_credential(session, merged["credential_id"], merged["engine"])


async def _save(session: WriteSession, instance_id: int, after: dict[str, Any]) -> None:
    values = {name: value for name, value in after.items() if name != "tag_names"}
    if ADDRESS & values.keys():
        values |= NEVER_TRIED
    if "tag_names" in after:
        await _set_tags(session, instance_id, await _tag_ids(session, after["tag_names"]))
    statement = update(Instance).where(Instance.id == instance_id)
    async with unique(session, await _taken(session, after.get("name"))):
        await session.execute(statement.values(**values, updated_at=func.clock_timestamp()))


def _with_port(instance: InstanceInput) -> dict[str, Any]:
    """The input's values; a port that is not given is the engine's, if there is such an engine."""
    values = dict(vars(instance))
    if instance.port is None and (kind := ENGINES.get(instance.engine)):
        values["port"] = kind.default_port
    elif instance.port is None:
        del values["port"]
    return values


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """The same with the columns that TLS consists of."""
    if (tls := values.pop("tls", None)) is not None:
        values["tls_mode"] = TlsMode(tls.mode).value
        values["tls_ca_pem"] = tls.ca_pem
        values["tls_server_name"] = tls.server_name
    return values


async def _taken(session: WriteSession, name: str | None) -> str:
    """What to say should the name be taken."""
    holder = select(Instance.deleted_at).where(Instance.name == name)
    return taken_text(name, (await session.execute(holder)).scalar_one_or_none())


def taken_text(name: str | None, deleted_at: datetime | None) -> str:
    """Whose name it is: also the recycle bin keeps names."""
    if deleted_at is not None:
        return said("The name %(name)s belongs to an instance in the recycle bin.", name=name)
    return said("There is already an instance %(name)s.", name=name)


async def _has_databases(session: WriteSession, instance_id: int) -> bool:
    known = select(InstanceDatabase.id).where(InstanceDatabase.instance_id == instance_id)
    return (await session.execute(known.limit(1))).first() is not None


async def _check_credential(
    session: WriteSession, credential_id: int | None, engine: Engine
) -> None:
    """The credential exists, is active, and is for databases of this engine; held as it is."""
    if credential_id is None:
        return
    columns = (Credential.credential_type, Credential.engine, Credential.is_active)
    row = select(*columns).where(Credential.id == credential_id).with_for_update(key_share=True)
    if problem := credential_problem((await session.execute(row)).one_or_none(), engine):
        raise BadInput(problem, field="credential_id")


def credential_problem(found: Any, engine: Engine | None) -> str | None:
    """Why a credential's row is not one to read databases of this engine with."""
    if found is None:
        return said("There is no such credential.")
    if found.credential_type != CredentialType.DATABASE:
        return said("This credential is not for databases.")
    if engine is not None and found.engine not in (None, engine):
        return said("This credential is for another engine.")
    if not found.is_active:
        return said("This credential is inactive.")
    return None


def no_tags(names: list[str]) -> str:
    return said("There are no tags %(names)s.", names=names)


async def _tag_ids(session: WriteSession, names: list[str]) -> list[int]:
    """The ids of tags by name, held as they are. Raises BadInput that names the unknown ones."""
    rows = select(Tag.name, Tag.id).where(one_of(Tag.name, names)).order_by(Tag.id)
    result = await session.execute(rows.with_for_update(read=True, key_share=True))
    ids: dict[str, int] = {row.name: row.id for row in result}
    if unknown := [name for name in names if name not in ids]:
        raise BadInput(no_tags(unknown), field="tag_names")
    return list(ids.values())


async def _set_tags(session: WriteSession, instance_id: int, tag_ids: list[int]) -> None:
    await session.execute(delete(InstanceTag).where(InstanceTag.instance_id == instance_id))
    if tag_ids:
        rows = [{"instance_id": instance_id, "tag_id": tag_id} for tag_id in tag_ids]
        await session.execute(insert(InstanceTag), rows)
