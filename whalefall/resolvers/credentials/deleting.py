"""Removing a credential: one that nobody uses, or one whose instances get another with it."""

from sqlalchemy import delete, func, select, update

from whalefall.auth import Actor, Permission
from whalefall.db import WriteSession
from whalefall.domain.states import CredentialType
from whalefall.errors import BadInput, said
from whalefall.models.instances import Credential, Instance
from whalefall.resolvers.audit import audit, audit_many
from whalefall.resolvers.credentials.reading import CREDENTIALS, CredentialRow
from whalefall.resolvers.credentials.usage import Use, in_use, lock, users_of
from whalefall.resolvers.credentials.writing import CHECKS
from whalefall.resolvers.instances.writing import NEVER_TRIED
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.text import one_of

FIELD = "replace_with_id"


async def delete_credential(
    session: WriteSession,
    actor: Actor,
    credential_id: int,
    *,
    replace_with_id: int | None = None,
) -> int:
    """Remove a credential; the instances that use it get the other one. How many there were.

    What their last connections said is forgotten, as after a change of address. Raises NotFound,
    BadInput, and Conflict CREDENTIAL_IN_USE when it is in use and the other one, if any, does not
    fit each of the instances.
    """
    actor.require(Permission.DELETE)
    if replace_with_id is not None:
        actor.require(Permission.UPDATE)
    await _hold(session, credential_id, replace_with_id)
    row = await reading.get_row(session, actor, CREDENTIALS, credential_id)
    users = await users_of(session, credential_id)
    if replace_with_id is not None:
        await _check_other(session, actor, users, credential_id, replace_with_id)
        await _move(session, actor, users, credential_id, replace_with_id)
    elif users:
        raise in_use(users, hint=said("Name the credential that they shall use instead."))
    await session.execute(delete(Credential).where(Credential.id == credential_id))
    before = {name: value for name, value in vars(row).items() if name in CHECKS}
    after = None if replace_with_id is None else {"replaced_with_id": replace_with_id}
    await audit(session, actor, "credential.deleted", "Credential", credential_id, before, after)
    return len(users)


async def _hold(session: WriteSession, credential_id: int, other_id: int | None) -> None:
    """The instances first, as whoever changes one does, then the credentials."""
    users = select(Instance.id).where(Instance.credential_id == credential_id)
    await session.execute(users.order_by(Instance.id).with_for_update())
    await lock(session, [each for each in (credential_id, other_id) if each is not None])


async def _check_other(
    session: WriteSession, actor: Actor, users: list[Use], credential_id: int, other_id: int
) -> None:
    found = await reading.get_rows(session, actor, CREDENTIALS, [other_id])
    other: CredentialRow | None = found.get(other_id)
    if other is None:
        raise BadInput("There is no such credential.", field=FIELD)
    if other_id == credential_id:
        raise BadInput("Choose another credential than the one that goes.", field=FIELD)
    if not other.is_active:
        raise BadInput("This credential is inactive.", field=FIELD)
    if users and other.credential_type != CredentialType.DATABASE:
        reason = said("%(name)s is not for databases.", name=other.name)
        raise in_use(users, reason, field=FIELD)
    if unfit := [user for user in users if other.engine not in (None, user.engine)]:
        reason = said("%(name)s is for another engine.", name=other.name)
        raise in_use(unfit, reason, field=FIELD)


async def _move(
    session: WriteSession, actor: Actor, users: list[Use], credential_id: int, other_id: int
) -> None:
    ids = [user.id for user in users]
    moved = update(Instance).where(one_of(Instance.id, ids))
    changed = {"credential_id": other_id, "updated_at": func.clock_timestamp()}
    await session.execute(moved.values(**changed, **NEVER_TRIED))
    was, now = {"credential_id": credential_id}, {"credential_id": other_id}
    entries = [(each, was, now) for each in ids]
    await audit_many(session, actor, "instance.updated", "Instance", entries)
