"""Adding and changing credentials: a password goes in and never comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from whalefall.auth import Actor, Permission
from whalefall.crypto import KeyRing
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.engines import Engine
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.states import CredentialType
from whalefall.errors import BadInput, said
from whalefall.models.instances import Credential
from whalefall.resolvers.audit import audit
from whalefall.resolvers.credentials.reading import CREDENTIALS, CredentialRow
from whalefall.resolvers.credentials.usage import in_use, lock, users_of
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.writing import changes, require_unchanged, unique


@dataclass(kw_only=True)
class CredentialInput:
    """A new credential."""

    name: str
    username: str
    password: str = field(repr=False)
    credential_type: CredentialType = CredentialType.DATABASE
    engine: Engine | None = None
    description: str | None = None
    is_active: bool = True


@dataclass(kw_only=True)
class CredentialPatch:
    """What changes on a credential; a password that is not given stays."""

    name: str | Unset | None = UNSET
    credential_type: CredentialType | Unset | None = UNSET
    engine: Engine | Unset | None = UNSET
    username: str | Unset | None = UNSET
    password: str | Unset | None = field(default=UNSET, repr=False)
    description: str | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET


def _type(field: str, value: str | None) -> CredentialType:
    try:
        return CredentialType(value or "")
    except ValueError as error:
        raise BadInput(checks.one_of(CredentialType), field=field) from error


CHECKS: dict[str, checks.Check] = {
    "name": checks.line(100),
    "credential_type": _type,
    "engine": checks.optional_engine,
    "username": checks.line(128),
    "password": checks.secret,
    "description": checks.optional_text(500),
    "is_active": checks.flag,
}


async def create_credential(
    session: WriteSession, actor: Actor, keys: KeyRing, credential: CredentialInput
) -> CredentialRow:
    """Add a credential, its password encrypted. Raises BadInput, Conflict NAME_EXISTS."""
    actor.require(Permission.CREATE)
    values = checked(vars(credential), CHECKS)
    row_id = (await session.execute(select(_NEXT_ID))).scalar_one()
    stored = {**values, **_encrypted(keys, row_id, values.pop("password"))}
    stored.pop("password")
    async with unique(session, _taken(values["name"])):
        await session.execute(insert(Credential).values(id=row_id, **stored))
    await audit(session, actor, "credential.created", "Credential", row_id, None, values)
    return await reading.get_row(session, actor, CREDENTIALS, row_id)


async def update_credential(
    session: WriteSession,
    actor: Actor,
    keys: KeyRing,
    credential_id: int,
    patch: CredentialPatch,
    *,
    expected_updated_at: datetime | None = None,
) -> CredentialRow:
    """Change a credential. Raises NotFound, BadInput, Conflict.

    STALE_OBJECT when it changed after `expected_updated_at`; NAME_EXISTS when the name is taken;
    CREDENTIAL_IN_USE when instances use it that its new engine or type would not fit.
    """
    actor.require(Permission.UPDATE)
    await lock(session, [credential_id])
    row = await reading.get_row(session, actor, CREDENTIALS, credential_id)
    stale = said("Somebody changed this credential in the meantime.")
    require_unchanged(row.updated_at, expected_updated_at, stale)
    values = checked(given(patch), CHECKS)
    password = values.pop("password", None)
    before, after = changes(vars(row), values)
    if not after and password is None:
        return row
    await _check_fit(session, row, after)
    secret = {} if password is None else _encrypted(keys, credential_id, password)
    statement = update(Credential).where(Credential.id == credential_id)
    async with unique(session, _taken(after.get("name"))):
        await session.execute(
            statement.values(**after, **secret, updated_at=func.clock_timestamp())
        )
    if password is not None:
        after["password"] = "changed"  # noqa: S105 (a word for the audit)
    await audit(session, actor, "credential.updated", "Credential", credential_id, before, after)
    return await reading.get_row(session, actor, CREDENTIALS, credential_id)


def _taken(name: str | None) -> str:
    return said("There is already a credential %(name)s.", name=name)


_NEXT_ID = func.nextval(func.pg_get_serial_sequence("credentials", "id"))


def _encrypted(keys: KeyRing, row_id: int, password: str) -> dict[str, Any]:
    key_id, ciphertext = keys.encrypt(password, row_id)
    return {
        "key_id": key_id,
        "password_ciphertext": ciphertext,
        "password_updated_at": func.clock_timestamp(),
    }


async def _check_fit(session: WriteSession, row: CredentialRow, after: Mapping[str, Any]) -> None:
    """Raise CREDENTIAL_IN_USE for a change that instances which use it do not allow."""
    if not after.keys() & {"engine", "credential_type"}:
        return
    users = await users_of(session, row.id)
    if users and after.get("credential_type", CredentialType.DATABASE) != CredentialType.DATABASE:
        raise in_use(users, said("It must stay one for databases."), field="credential_type")
    if others := [user for user in users if after.get("engine") not in (None, user.engine)]:
        raise in_use(others, said("Their engine is another."), field="engine")
