"""Who uses a credential: what keeps it from changing or going."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from whalefall.db import WriteSession
from whalefall.domain.engines import Engine
from whalefall.errors import Code, Conflict, counted, said
from whalefall.models.instances import Credential, Instance
from whalefall.resolvers.nouns.text import one_of

NAMED = 5  # of the instances that a message names


class Use(NamedTuple):
    """An instance that uses a credential."""

    id: int
    name: str
    engine: Engine
    is_recycled: bool


async def lock(session: WriteSession, credential_ids: Sequence[int]) -> None:
    """Hold the rows, so that nobody begins to use a credential while it changes or goes."""
    rows = select(Credential.id).where(one_of(Credential.id, credential_ids))
    await session.execute(rows.order_by(Credential.id).with_for_update())


async def users_of(session: WriteSession, credential_id: int) -> list[Use]:
    """The instances that use it, by name, those in the recycle bin included."""
    columns = (Instance.id, Instance.name, Instance.engine, Instance.deleted_at.is_not(None))
    users = select(*columns).where(Instance.credential_id == credential_id)
    return [Use(*row) for row in await session.execute(users.order_by(Instance.name))]


def in_use(
    users: Sequence[Use], reason: str = "", *, field: str | None = None, hint: str | None = None
) -> Conflict:
    """The refusal that says who is in the way."""
    names = [
        said("%(name)s (recycled)", name=user.name) if user.is_recycled else user.name
        for user in users[:NAMED]
    ]
    if more := len(users) - len(names):
        names.append(said("%(more)s more", more=more))
    message = counted(
        "%(count)s instance uses it: %(names)s.",
        "%(count)s instances use it: %(names)s.",
        len(users),
        names=names,
    )
    if reason:
        message = said("%(message)s %(hint)s", message=message, hint=reason)
    return Conflict(message, code=Code.CREDENTIAL_IN_USE, field=field, hint=hint)
