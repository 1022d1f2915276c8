"""The ledger: every database of every instance, with its latest size."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, String, Subquery, case, or_, select

from whalefall.auth import Actor
from whalefall.db import Session, Statement
from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality, SkipReason
from whalefall.domain.freshness import FRESH_HOURS, LATE_HOURS
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import Freshness
from whalefall.models.databases import InstanceDatabase as Database
from whalefall.models.instances import Instance
from whalefall.resolvers.capacity import OF_DATABASE
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.csv import Cell, csv_of, human_size, joined, utc
from whalefall.resolvers.nouns.noun import (
    Condition,
    Connection,
    Noun,
    One,
    RequiredOne,
    described,
)
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import contains, hours_ago, one_of, quoted
from whalefall.resolvers.tags import tag_names_of, tagged


@dataclass(kw_only=True)
class DatabaseRow:
    """A database of an instance, as it was last seen, with its latest size."""

    id: int = described("The row's id.")
    instance_id: int = described("The instance it belongs to.")
    instance_name: str = described("The name of its instance.")
    engine: Engine = described("The engine of its instance.")
    host: str = described("The host of its instance.")
    tag_names: list[str] = described("The names of its instance's active tags, in order.")
    name: str = described("The database's name on its server.")
    is_active: bool = described("False once a complete reading no longer found it.")
    is_system: bool = described("Whether it belongs to the engine itself.")
    first_seen_on: date = described("The first day it was seen, in the business time zone.")
    last_seen_on: date = described("The latest day it was seen, in the business time zone.")
    deleted_at: datetime | None = described("When it was found gone; null while it exists.")
    size_bytes: Bytes | None = described(
        "What its engine calls its size, in bytes; null when it could not be read."
    )
    data_bytes: Bytes | None = described("Bytes of data; null where the engine does not say.")
    log_bytes: Bytes | None = described("Bytes of log; null where the engine does not say.")
    size_collected_at: datetime | None = described("When the size was read; null if never.")
    size_quality: Quality = described("How far the size can be trusted.")
    size_reason: SkipReason | None = described("Why there is no size; null when there is one.")
    freshness: Freshness = described(
        f"The size's age: FRESH up to {FRESH_HOURS} hours, LATE up to {LATE_HOURS}, then OVERDUE."
    )


@dataclass(kw_only=True)
class DatabaseFilter:
    """Narrows the ledger; all conditions must hold."""

    search: str | None = described(
        "Part of the database's name, its instance's name or host, in any case.", default=None
    )
    engines: list[Engine] | None = described("Any of these engines.", default=None)
    instance_id: int | None = described("Databases of this instance.", default=None)
    tags: list[str] | None = described(
        "Instances with any of these active tags, by name; an empty list matches nothing.",
        default=None,
    )
    active_only: bool = described("Only active databases of active instances.", default=True)
    min_size_bytes: Bytes | None = described("At least so many bytes.", default=None)
    max_size_bytes: Bytes | None = described("At most so many bytes.", default=None)
    freshness: Freshness | None = described("Sizes of this age.", default=None)


class DatabaseOrderField(StrEnum):
    """INSTANCE, the default, is the instance's name, then the database's."""

    INSTANCE = "INSTANCE"
    NAME = "NAME"
    SIZE = "SIZE"
    COLLECTED_AT = "COLLECTED_AT"


def _where(view: Subquery, filter: DatabaseFilter) -> Iterator[Condition]:
    if filter.search is not None:
        yield or_(contains(view.c.name, filter.search), _instance_has(view, filter.search))
    if filter.engines is not None:
        yield one_of(view.c.engine, filter.engines)
    if filter.instance_id is not None:
        yield view.c.instance_id == filter.instance_id
    if filter.tags is not None:
        yield tagged(view.c.instance_id, filter.tags)
    if filter.active_only:
        yield view.c.is_active
        yield view.c.instance_is_active
    if filter.min_size_bytes is not None:
        yield view.c.size_bytes >= filter.min_size_bytes
    if filter.max_size_bytes is not None:
        yield view.c.size_bytes <= filter.max_size_bytes
    if filter.freshness is not None:
        yield view.c.freshness == quoted(filter.freshness)


def _instance_has(view: Subquery, search: str) -> Condition:
    """Whether the instance's name or host does. Instances are searched once, not per database."""
    found = or_(contains(Instance.name, search), contains(Instance.host, search))
    return view.c.instance_id.in_(select(Instance.id).where(found))


def _visible(view: Subquery, actor: Actor) -> Iterator[Condition]:
    """Databases of an instance in the recycle bin are there with it, whoever asks."""
    yield view.c.instance_deleted_at.is_(None)


def _freshness() -> ColumnElement[str]:
    collected_at = Database.size_collected_at
    return case(
        (collected_at.is_(None), quoted(Freshness.NEVER)),
        (collected_at >= hours_ago(FRESH_HOURS), quoted(Freshness.FRESH)),
        (collected_at >= hours_ago(LATE_HOURS), quoted(Freshness.LATE)),
        else_=quoted(Freshness.OVERDUE),
    ).cast(String)


DATABASES: Noun[DatabaseRow] = Noun(
    name="Database",
    row=DatabaseRow,
    filter=DatabaseFilter,
    view=select(
        Database.id,
        Database.instance_id,
        Instance.name.label("instance_name"),
        Instance.engine,
        Instance.host,
        Instance.is_active.label("instance_is_active"),
        Instance.deleted_at.label("instance_deleted_at"),
        tag_names_of(Database.instance_id).label("tag_names"),
        Database.name,
        Database.is_active,
        Database.is_system,
        Database.first_seen_on,
        Database.last_seen_on,
        Database.deleted_at,
        Database.size_bytes,
        Database.data_bytes,
        Database.log_bytes,
        Database.size_collected_at,
        Database.size_quality,
        Database.size_reason,
        _freshness().label("freshness"),
    ).join(Instance, Instance.id == Database.instance_id),
    where=_where,
    visible=_visible,
    orders={
        DatabaseOrderField.INSTANCE: ("instance_name", "name"),
        DatabaseOrderField.NAME: ("name",),
        DatabaseOrderField.SIZE: ("size_bytes",),
        DatabaseOrderField.COLLECTED_AT: ("size_collected_at",),
    },
    default_order=OrderBy(DatabaseOrderField.INSTANCE),
    relations={
        "size_history": OF_DATABASE,
        "instance": RequiredOne("Instance", ours="instance_id", theirs="id"),
        "table_sizes": Connection("TableSize", ours="id", theirs="database_id"),
        "table_snapshot": One("TableSnapshot", ours="id", theirs="id"),
    },
)
LEDGER_CSV: dict[str, Cell] = {
    "database": "name",
    "instance": "instance_name",
    "host": "host",
    "engine": "engine",
    "tags": lambda view: joined(view.c.tag_names),
    "size_bytes": "size_bytes",
    "size": lambda view: human_size(view.c.size_bytes),
    "collected_at": lambda view: utc(view.c.size_collected_at),
    "freshness": "freshness",
}


async def list_ledger(
    session: Session,
    actor: Actor,
    filter: DatabaseFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[DatabaseRow]:
    """One page of the ledger, by instance and name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, DATABASES, listing)


async def count_ledger(session: Session, actor: Actor, filter: DatabaseFilter | None = None) -> int:
    return await reading.count_rows(session, actor, DATABASES, filter)


def stream_ledger(
    session: Session, actor: Actor, filter: DatabaseFilter | None = None
) -> AsyncIterator[DatabaseRow]:
    """Every row of the ledger, by instance and name."""
    return reading.stream_rows(session, actor, DATABASES, Listing(filter=filter))


def ledger_csv(
    actor: Actor, filter: DatabaseFilter | None = None, order: OrderBy | None = None
) -> Statement:
    """The ledger as CSV, for Database.copy."""
    return csv_of(actor, DATABASES, Listing(filter=filter, order=order), LEDGER_CSV)


async def get_database(session: Session, actor: Actor, database_id: int) -> DatabaseRow:
    """A database, active or not. Raises NotFound."""
    return await reading.get_row(session, actor, DATABASES, database_id)
