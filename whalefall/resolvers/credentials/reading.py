"""The accounts we sign in with on customers' servers, as they are read: without their secret."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, func, or_, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.engines import Engine
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.states import CredentialType
from whalefall.models.instances import Credential, Instance
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Connection, Noun, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import contains, one_of


@dataclass(kw_only=True)
class CredentialRow:
    """An account on customers' servers; its password can be set, never read."""

    id: int = described("The row's id.")
    name: str = described("What people call it; unique.")
    credential_type: CredentialType = described("What it opens.")
    engine: Engine | None = described("The only engine it is for; null: any.")
    username: str = described("The account's name on the server.")
    description: str | None = described("Free text; null when there is none.")
    is_active: bool = described("Whether connections may use it.")
    created_at: datetime = described("When it was added.")
    updated_at: datetime = described("When it last changed.")
    password_updated_at: datetime = described("When its password was last set.")
    instance_count: int = described("Instances that use it, those in the recycle bin included.")


@dataclass(kw_only=True)
class CredentialFilter:
    """Narrows credentials; all conditions must hold."""

    search: str | None = described(
        "Part of the name, user name or description, in any case.", default=None
    )
    credential_types: list[CredentialType] | None = described("Any of these types.", default=None)
    engines: list[Engine] | None = described(
        "For any of these engines; one without an engine is for all.", default=None
    )
    is_active: bool | None = described("Only active, or only inactive ones.", default=None)


class CredentialOrderField(StrEnum):
    """NAME is the default."""

    NAME = "NAME"
    TYPE = "TYPE"
    ENGINE = "ENGINE"
    USERNAME = "USERNAME"
    PASSWORD_UPDATED_AT = "PASSWORD_UPDATED_AT"  # noqa: S105 (a column)
    CREATED_AT = "CREATED_AT"


def _where(view: Subquery, filter: CredentialFilter) -> Iterator[Condition]:
    if filter.search is not None:
        columns = (view.c.name, view.c.username, view.c.description)
        yield or_(*(contains(column, filter.search) for column in columns))
    if filter.credential_types is not None:
        yield one_of(view.c.credential_type, filter.credential_types)
    if filter.engines is not None:
        yield or_(one_of(view.c.engine, filter.engines), view.c.engine.is_(None))
    if filter.is_active is not None:
        yield view.c.is_active if filter.is_active else ~view.c.is_active


_INSTANCE_COUNT = select(func.count()).where(Instance.credential_id == Credential.id)

CREDENTIALS: Noun[CredentialRow] = Noun(
    name="Credential",
    row=CredentialRow,
    filter=CredentialFilter,
    view=select(
        Credential.id,
        Credential.name,
        Credential.credential_type,
        Credential.engine,
        Credential.username,
        Credential.description,
        Credential.is_active,
        Credential.created_at,
        Credential.updated_at,
        Credential.password_updated_at,
        _INSTANCE_COUNT.correlate(Credential).scalar_subquery().label("instance_count"),
    ),
    where=_where,
    orders={
        CredentialOrderField.NAME: ("name",),
        CredentialOrderField.TYPE: ("credential_type", "name"),
        CredentialOrderField.ENGINE: ("engine", "name"),
        CredentialOrderField.USERNAME: ("username",),
        CredentialOrderField.PASSWORD_UPDATED_AT: ("password_updated_at",),
        CredentialOrderField.CREATED_AT: ("created_at",),
    },
    default_order=OrderBy(CredentialOrderField.NAME),
    relations={"instances": Connection("Instance", ours="id", theirs="credential_id")},
)


async def list_credentials(
    session: Session,
    actor: Actor,
    filter: CredentialFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[CredentialRow]:
    """One page of credentials, by name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, CREDENTIALS, listing)


async def count_credentials(
    session: Session, actor: Actor, filter: CredentialFilter | None = None
) -> int:
    return await reading.count_rows(session, actor, CREDENTIALS, filter)


async def list_credential_options(
    session: Session, actor: Actor, kind: CredentialType, most: int
) -> list[tuple[int, str]]:
    """Ids and names of at most so many of a type, by name: cheaper than the rows."""
    actor.require(CREDENTIALS.permission)
    return await reading.options(
        session, Credential.id, Credential.name, most, Credential.credential_type == kind
    )


async def get_credential(session: Session, actor: Actor, credential_id: int) -> CredentialRow:
    """Raises NotFound."""
    return await reading.get_row(session, actor, CREDENTIALS, credential_id)
