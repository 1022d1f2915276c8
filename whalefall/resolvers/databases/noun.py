"""What a database is: its row, how the ledger is narrowed and ordered, where it leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Subquery,
    and_,
    case,
    literal_column,
    not_,
    or_,
    select,
)

from whalefall.auth import Actor
from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality, SkipReason
from whalefall.domain.paging import OrderBy
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import DatabaseState, Freshness
from whalefall.models.databases import InstanceDatabase as Database
from whalefall.models.instances import Instance
from whalefall.resolvers.capacity import OF_DATABASE
from whalefall.resolvers.growth import GROWTH_DAYS
from whalefall.resolvers.lateness import pauses_ago
from whalefall.resolvers.nouns.noun import (
    Condition,
    Connection,
    Noun,
    One,
    Part,
    RequiredOne,
    described,
)
from whalefall.resolvers.nouns.text import contains, one_of, quoted
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
    used_bytes: Bytes | None = described("Bytes that are not free; null where it does not say.")
    ceiling_bytes: Bytes | None = described(
        "How many bytes its files may take by their own settings; null: nothing but the disk ends"
        " them, or the engine does not say."
    )
    reconciliation: dict[str, Any] | None = described("Where its bytes are.")
    size_collected_at: datetime | None = described("When the size was read; null: there is none.")
    size_quality: Quality = described("How far the size can be trusted.")
    size_reason: SkipReason | None = described("Why there is no size; null when there is one.")
    growth_bytes: Bytes | None = described(
        "Bytes added over the days of growth; null without an older size to compare with."
    )
    growth_percent: float | None = described("The same in per cent; null from nothing, or if null.")
    growth_since: date | None = described("The day that growth counts from; null without growth.")
    growth_days: int = described("The days that growth is about.")
    freshness: Freshness = described(
        "The size's age: FRESH as long as the capacity schedule lets it become by itself and two"
        " hours, which is 26 hours for a daily one; LATE for another such pause; then OVERDUE."
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
    state: DatabaseState | None = described(
        "In this state; those that are gone also take activeOnly: false.", default=None
    )


class DatabaseOrderField(StrEnum):
    """INSTANCE, the default, is the instance's name, then the database's.

    GROWTH is by bytes.
    """

    INSTANCE = "INSTANCE"
    NAME = "NAME"
    SIZE = "SIZE"
    COLLECTED_AT = "COLLECTED_AT"
    GROWTH = "GROWTH"


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
    if filter.state is not None:
        yield from _is(view, filter.state)


def _is(view: Subquery, state: DatabaseState) -> Iterator[Condition]:
    reason = view.c.size_reason
    is_partial = view.c.size_quality == quoted(Quality.PARTIAL)  # read, and its reason is of a part
    not_yet = quoted(SkipReason.NOT_COLLECTED)
    yield not_(view.c.is_active) if state is DatabaseState.GONE else view.c.is_active
    if state is DatabaseState.READ:
        yield or_(reason.is_(None), is_partial)
    elif state is DatabaseState.UNREADABLE:
        yield and_(reason != not_yet, not_(is_partial))
    elif state is DatabaseState.NOT_COLLECTED:
        yield and_(reason == not_yet, not_(is_partial))


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
        (collected_at >= pauses_ago(1), quoted(Freshness.FRESH)),
        (collected_at >= pauses_ago(2), quoted(Freshness.LATE)),
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
        Database.used_bytes,
        Database.ceiling_bytes,
        Database.reconciliation,
        Database.size_collected_at,
        Database.size_quality,
        Database.size_reason,
        Database.growth_bytes,
        Database.growth_percent,
        Database.growth_since,
        literal_column(str(GROWTH_DAYS), Integer).label("growth_days"),
        _freshness().label("freshness"),
    ).join(Instance, Instance.id == Database.instance_id),
    where=_where,
    visible=_visible,
    orders={
        DatabaseOrderField.INSTANCE: ("instance_name", "name"),
        DatabaseOrderField.NAME: ("name",),
        DatabaseOrderField.SIZE: ("size_bytes",),
        DatabaseOrderField.COLLECTED_AT: ("size_collected_at",),
        DatabaseOrderField.GROWTH: ("growth_bytes",),
    },
    default_order=OrderBy(DatabaseOrderField.INSTANCE),
    relations={
        "size_history": OF_DATABASE,
        "instance": RequiredOne("Instance", ours="instance_id", theirs="id"),
        "table_sizes": Connection("TableSize", ours="id", theirs="database_id"),
        "table_snapshot": One("TableSnapshot", ours="id", theirs="id"),
    },
)
GROWTH = Part(  # over GROWTH_DAYS, as it stands beside the size
    {
        "days": "growth_days",
        "bytes": "growth_bytes",
        "percent": "growth_percent",
        "since": "growth_since",
    },
    unless="growth_bytes",
)
