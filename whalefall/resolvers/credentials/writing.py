"""Adding, changing and removing credentials: a password goes in and never comes out."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from whalefall.auth import Actor, Permission
from whalefall.crypto import KeyRing
from whalefall.db import WriteSession
from whalefall.domain import checks
from whalefall.domain.checks import checked
from whalefall.domain.engines import Engine
from whalefall.domain.patch import UNSET, Unset, given
from whalefall.domain.states import CredentialType
from whalefall.errors import Code, Conflict
from whalefall.models.instances import Credential, Instance
from whalefall.resolvers.audit import audit
from whalefall.resolvers.credentials.reading import CREDENTIALS, CredentialRow
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.writing import changes, unique


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
    engine: Engine | Unset | None = UNSET
    username: str | Unset | None = UNSET
    password: str | Unset | None = field(default=UNSET, repr=False)
    description: str | Unset | None = UNSET
    is_active: bool | Unset | None = UNSET


CHECKS: dict[str, checks.Check] = {
    "name": checks.line(100),
    "credential_type": lambda field, value: CredentialType(value),
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
    async with unique(session, f"There is already a credential {values['name']}."):
        await session.execute(insert(Credential).values(id=row_id, **stored))
    await audit(session, actor, "credential.created", "Credential", row_id, None, values)
    return await reading.get_row(session, actor, CREDENTIALS, row_id)


async def update_credential(
    session: WriteSession,
    actor: Actor,
    keys: KeyRing,
    credential_id: int,
    patch: CredentialPatch,
) -> CredentialRow:
    """Change a credential. Raises NotFound, BadInput, Conflict.

    NAME_EXISTS when the name is taken; CREDENTIAL_IN_USE when instances of another engine use it.
    """
    actor.require(Permission.UPDATE)
    await _lock(session, credential_id)
    row = await reading.get_row(session, actor, CREDENTIALS, credential_id)
    values = checked(given(patch), CHECKS)
    password = values.pop("password", None)
    before, after = changes(vars(row), values)
    if not after and password is None:
        return row
    if after.get("engine") is not None:
        await _refuse_other_engines(session, credential_id, after["engine"])
    secret = {} if password is None else _encrypted(keys, credential_id, password)
    statement = update(Credential).where(Credential.id == credential_id)
    async with unique(session, f"There is already a credential {after.get('name')}."):
        await session.execute(
            statement.values(**after, **secret, updated_at=func.clock_timestamp())
        )
    if password is not None:
        after["password"] = "changed"  # noqa: S105 (a word for the audit)
    await audit(session, actor, "credential.updated", "Credential", credential_id, before, after)
    return await reading.get_row(session, actor, CREDENTIALS, credential_id)


async def delete_credential(session: WriteSession, actor: Actor, credential_id: int) -> None:
    """Remove a credential that no instance uses. Raises NotFound, Conflict CREDENTIAL_IN_USE."""
    actor.require(Permission.DELETE)
    await _lock(session, credential_id)
    row = await reading.get_row(session, actor, CREDENTIALS, credential_id)
    if row.instance_count:
        message = f"{row.instance_count} instances use it, those in the recycle bin included."
        hint = "Give them another credential first."
        raise Conflict(message, code=Code.CREDENTIAL_IN_USE, hint=hint)
    await session.execute(delete(Credential).where(Credential.id == credential_id))
    before = {name: value for name, value in vars(row).items() if name in CHECKS}
    await audit(session, actor, "credential.deleted", "Credential", credential_id, before, None)


_NEXT_ID = func.nextval(func.pg_get_serial_sequence("credentials", "id"))


def _encrypted(keys: KeyRing, row_id: int, password: str) -> dict[str, Any]:
    key_id, ciphertext = keys.encrypt(password, row_id)
    return {
        "key_id": key_id,
        "password_ciphertext": ciphertext,
        "password_updated_at": func.clock_timestamp(),
    }


async def _lock(session: WriteSession, credential_id: int) -> None:
    """Hold the row, so that nobody begins to use a credential while it changes or goes."""
    row = select(Credential.id).where(Credential.id == credential_id)
    await session.execute(row.with_for_update())


async def _refuse_other_engines(session: WriteSession, credential_id: int, engine: Engine) -> None:
    uses = select(func.count()).where(
        Instance.credential_id == credential_id, Instance.engine != engine
    )
    if count := (await session.execute(uses)).scalar_one():
        message = f"{count} instances of another engine use it."
        raise Conflict(message, code=Code.CREDENTIAL_IN_USE, field="engine")
