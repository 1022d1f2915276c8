"""The database servers under watch, as they are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, Subquery, and_, case, func, or_, select

from whalefall.auth import Actor
from whalefall.db import Session, Statement
from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality
from whalefall.domain.paging import OrderBy, Page, PageRequest
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import ConnectionState, DeletedFilter, InstanceStatus
from whalefall.domain.tls import TlsMode
from whalefall.errors import Code
from whalefall.models.instances import Credential, Instance
from whalefall.resolvers.capacity import OF_INSTANCE
from whalefall.resolvers.lateness import pauses_ago
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.csv import Cell, csv_of, joined, utc
from whalefall.resolvers.nouns.noun import Condition, Connection, Many, Noun, One, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import contains, equals, one_of, quoted
from whalefall.resolvers.tags import INSTANCE_TAGS, tag_names_of, tagged


@dataclass(kw_only=True)
class InstanceRow:
    """A database server under watch, with its totals as last collected."""

    id: int = described("The row's id.")
    name: str = described("What people call it; unique, also among deleted instances.")
    engine: Engine = described("Its engine; MariaDB counts as MYSQL.")
    host: str = described("Its address: a name, IPv4 or IPv6.")
    port: int = described("Its TCP port.")
    database_name: str | None = described(
        "Where a session begins, for Oracle the service; null: the engine's usual database."
    )
    description: str | None = described("Free text; null when there is none.")
    is_active: bool = described("Whether it is collected.")
    status: InstanceStatus = described("Active, inactive, or deleted (in the recycle bin).")
    version: str | None = described("Product and version; null until a connection succeeded.")
    main_version: str | None = described(
        "The release line, such as 18 or 10.11; null until a connection succeeded."
    )
    created_at: datetime = described("When it was registered.")
    updated_at: datetime = described("When its registration last changed.")
    deleted_at: datetime | None = described("When it went to the recycle bin; null outside.")
    credential_id: int | None = described("The credential it is read with; null: none.")
    tls_mode: TlsMode = described("How strictly connections are protected.")
    options: dict[str, Any] = described("Choices that only its engine has, by name.")
    connect_seconds: int | None = described("Seconds to connect; null: the usual 10.")
    statement_seconds: int | None = described("Seconds of a statement; null: the usual 120.")
    include_databases: list[str] = described(
        "Patterns of the databases that are measured, % and _ as in LIKE; empty: all."
    )
    exclude_databases: list[str] = described(
        "Patterns of databases that are not measured; they stay in the ledger as EXCLUDED."
    )
    tls_server_name: str | None = described(
        "The name that its certificate must carry; null: its host."
    )
    has_tls_ca: bool = described("Whether it has a certificate authority of its own.")
    tag_names: list[str] = described("The names of its active tags, in order.")
    database_count: int | None = described("Active databases; null until first collected.")
    inactive_database_count: int | None = described(
        "Databases that are gone; null until first collected."
    )
    total_size_bytes: Bytes | None = described(
        "The size of its active databases in bytes, but for those left out; null until first"
        " collected."
    )
    size_quality: Quality = described("How far the total can be trusted.")
    size_collected_at: datetime | None = described("When sizes were read; null if never.")
    connection_state: ConnectionState = described(
        "FAILED when the last attempt failed, GOOD while the last success is no older than the"
        " capacity schedule lets it become and two hours, then STALE; UNKNOWN before the first"
        " attempt."
    )
    last_success_at: datetime | None = described("The last connection; null if never.")
    last_failure_at: datetime | None = described("The last failed attempt; null if never.")
    last_error_code: Code | None = described("Why it failed; null if it never did.")
    latency_ms: int | None = described("Milliseconds to connect, last time; null if never.")


@dataclass(kw_only=True)
class InstanceFilter:
    """Narrows instances; all conditions must hold."""

    search: str | None = described(
        "Part of the name, host or description, in any case.", default=None
    )
    engines: list[Engine] | None = described("Any of these engines.", default=None)
    status: InstanceStatus | None = described(
        "This status; DELETED also needs deleted: INCLUDE or ONLY.", default=None
    )
    tags: list[str] | None = described(
        "Any of these active tags, by name; an empty list matches nothing.", default=None
    )
    deleted: DeletedFilter = described(
        "What to do with the recycle bin.", default=DeletedFilter.EXCLUDE
    )
    credential_id: int | None = described("Instances read with this credential.", default=None)
    connection: ConnectionState | None = described(
        "Instances whose connection is in this state.", default=None
    )
    has_credential: bool | None = described(
        "Only with, or only without a credential.", default=None
    )
    main_version: str | None = described(
        "Instances of this release line; the empty text: those whose line is not known.",
        default=None,
    )
    port: int | None = described("Instances on this TCP port.", default=None)


class InstanceOrderField(StrEnum):
    """NAME is the default."""

    NAME = "NAME"
    ENGINE = "ENGINE"
    HOST = "HOST"
    SIZE = "SIZE"
    CREATED_AT = "CREATED_AT"


def _where(view: Subquery, filter: InstanceFilter) -> Iterator[Condition]:
    if filter.search is not None:
        columns = (view.c.name, view.c.host, view.c.description)
        yield or_(*(contains(column, filter.search) for column in columns))
    if filter.engines is not None:
        yield one_of(view.c.engine, filter.engines)
    if filter.status is not None:
        yield view.c.status == quoted(filter.status)
    if filter.tags is not None:
        yield tagged(view.c.id, filter.tags)
    if filter.deleted == DeletedFilter.EXCLUDE:
        yield view.c.deleted_at.is_(None)
    if filter.deleted == DeletedFilter.ONLY:
        yield view.c.deleted_at.is_not(None)
    if filter.credential_id is not None:
        yield view.c.credential_id == filter.credential_id
    if filter.connection is not None:
        yield view.c.connection_state == quoted(filter.connection)
    if filter.has_credential is not None:
        column = view.c.credential_id
        yield column.is_not(None) if filter.has_credential else column.is_(None)
    if filter.main_version is not None:
        yield equals(func.coalesce(view.c.main_version, quoted("")), filter.main_version)
    if filter.port is not None:
        yield view.c.port == filter.port


def _status() -> ColumnElement[str]:
    return case(
        (Instance.deleted_at.is_not(None), quoted(InstanceStatus.DELETED)),
        (Instance.is_active, quoted(InstanceStatus.ACTIVE)),
        else_=quoted(InstanceStatus.INACTIVE),
    ).cast(String)


def _connection_state() -> ColumnElement[str]:
    success, failure = Instance.last_success_at, Instance.last_failure_at
    failed_last = and_(failure.is_not(None), or_(success.is_(None), failure > success))
    return case(
        (failed_last, quoted(ConnectionState.FAILED)),
        (success.is_(None), quoted(ConnectionState.UNKNOWN)),
        (success >= pauses_ago(1), quoted(ConnectionState.GOOD)),
        else_=quoted(ConnectionState.STALE),
    ).cast(String)


INSTANCES: Noun[InstanceRow] = Noun(
    name="Instance",
    row=InstanceRow,
    filter=InstanceFilter,
    view=select(
        Instance.id,
        Instance.name,
        Instance.engine,
        Instance.host,
        Instance.port,
        Instance.database_name,
        Instance.description,
        Instance.is_active,
        _status().label("status"),
        Instance.version,
        Instance.main_version,
        Instance.created_at,
        Instance.updated_at,
        Instance.deleted_at,
        Instance.credential_id,
        Instance.tls_mode,
        Instance.options,
        Instance.connect_seconds,
        Instance.statement_seconds,
        Instance.include_databases,
        Instance.exclude_databases,
        Instance.tls_server_name,
        Instance.tls_ca_pem.is_not(None).label("has_tls_ca"),
        Credential.name.label("credential_name"),
        tag_names_of(Instance.id).label("tag_names"),
        Instance.database_count,
        Instance.inactive_database_count,
        Instance.total_size_bytes,
        Instance.size_quality,
        Instance.size_collected_at,
        _connection_state().label("connection_state"),
        Instance.last_success_at,
        Instance.last_failure_at,
        Instance.last_error_code,
        Instance.latency_ms,
    ).outerjoin(Credential, Credential.id == Instance.credential_id),
    where=_where,
    orders={
        InstanceOrderField.NAME: ("name",),
        InstanceOrderField.ENGINE: ("engine",),
        InstanceOrderField.HOST: ("host",),
        InstanceOrderField.SIZE: ("total_size_bytes",),
        InstanceOrderField.CREATED_AT: ("created_at",),
    },
    default_order=OrderBy(InstanceOrderField.NAME),
    relations={
        "size_history": OF_INSTANCE,
        "credential": One("Credential", ours="credential_id", theirs="id"),
        "tags": Many(INSTANCE_TAGS, ours="id", theirs="instance_id"),
        "databases": Connection("Database", ours="id", theirs="instance_id"),
    },
)
INSTANCES_CSV: dict[str, Cell] = {
    "name": "name",
    "engine": "engine",
    "host": "host",
    "port": "port",
    "database_name": "database_name",
    "tags": lambda view: joined(view.c.tag_names),
    "status": "status",
    "version": "version",
    "databases": "database_count",
    "size_bytes": "total_size_bytes",
    "size_collected_at": lambda view: utc(view.c.size_collected_at),
    "description": "description",
    "credential": "credential_name",
}


async def list_instances(
    session: Session,
    actor: Actor,
    filter: InstanceFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[InstanceRow]:
    """One page of instances, by name unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, INSTANCES, listing)


async def count_instances(
    session: Session,
    actor: Actor,
    filter: InstanceFilter | None = None,
    *,
    at_most: int | None = None,
) -> int:
    """How many instances match; one more than `at_most` if there are more than so many."""
    return await reading.count_rows(session, actor, INSTANCES, filter, at_most=at_most)


async def get_instance(session: Session, actor: Actor, instance_id: int) -> InstanceRow:
    """An instance, also one in the recycle bin. Raises NotFound."""
    return await reading.get_row(session, actor, INSTANCES, instance_id)


def instances_csv(
    actor: Actor, filter: InstanceFilter | None = None, order: OrderBy | None = None
) -> Statement:
    """The instances as CSV, for Database.copy."""
    return csv_of(actor, INSTANCES, Listing(filter=filter, order=order), INSTANCES_CSV)
