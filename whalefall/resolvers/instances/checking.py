"""Looking at an instance before it is saved: one field, its address, what it still lacks."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput, Conflict, NotFound, Problem
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Instance
from whalefall.resolvers.instances.reading import INSTANCES
from whalefall.resolvers.instances.writing import CHECKS, taken_text
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.text import equals
from whalefall.resolvers.tags import TagRow

ADDRESS = (
    *("engine", "host", "port", "database_name", "credential_id", "tls"),
    *("options", "connect_seconds", "statement_seconds"),
)
FIELDS: dict[str, checks.Check] = {
    **{name: CHECKS[name] for name in ("name", "host", "database_name", "description")},
    "port": lambda field, value: value if value is None else checks.port(field, value),
    "connect_seconds": CHECKS["connect_seconds"],
    "statement_seconds": CHECKS["statement_seconds"],
    "include_databases": CHECKS["include_databases"],
    "exclude_databases": CHECKS["exclude_databases"],
    "tls_ca_pem": lambda field, value: checks.tls(field, Tls(ca_pem=value)),
    "tls_server_name": lambda field, value: checks.host(field, value) if value else None,
}


def checked_address(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a connection is made with, clean. Raises BadInput with everything that is wrong."""
    clean = checked({name: values[name] for name in ADDRESS}, CHECKS)
    checks.options_of("options", clean["engine"], clean["options"])
    return clean


async def problem_of(
    session: Session, actor: Actor, field: str, value: Any, *, instance_id: int | None = None
) -> Problem | None:
    """What is wrong with a field of FIELDS, of a new instance or of this one; null: nothing."""
    actor.require(Permission.UPDATE)
    try:
        clean = FIELDS[field](field, value)
    except BadInput as problem:
        return problem
    if field != "name":
        return None
    holder = select(Instance.id, Instance.deleted_at).where(equals(Instance.name, clean))
    found = (await session.execute(holder)).one_or_none()
    if found is None or found.id == instance_id:
        return None
    return Conflict(taken_text(clean, found.deleted_at), field="name")


async def is_engine_locked(session: Session, actor: Actor, instance_id: int) -> bool:
    """Whether databases of it are known, gone ones included: then its engine cannot change."""
    actor.require(INSTANCES.permission)
    known = select(InstanceDatabase.id).where(InstanceDatabase.instance_id == instance_id)
    return (await session.execute(known.limit(1))).first() is not None


async def tls_of(session: Session, actor: Actor, instance_id: int) -> Tls:
    """How its connections are protected, with its own certificate authority.

    Raises NotFound, also for an instance in the recycle bin.
    """
    actor.require(Permission.UPDATE)
    columns = (Instance.tls_mode, Instance.tls_ca_pem, Instance.tls_server_name)
    found = select(*columns).where(Instance.id == instance_id, Instance.deleted_at.is_(None))
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFound("There is no such instance.")
    mode, ca_pem, server_name = row
    return Tls(mode=TlsMode(mode), ca_pem=ca_pem, server_name=server_name)


async def tags_of(session: Session, actor: Actor, instance_id: int) -> list[TagRow]:
    """All its tags by name, inactive ones included."""
    relation = INSTANCES.relations["tags"]
    related = await reading.related_rows(session, actor, relation, [instance_id])
    return related[instance_id]
