"""Sync sessions and their records, as they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Subquery, exists, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.domain.states import ScheduleTask, SyncCategory, SyncStatus, SyncTrigger
from whalefall.errors import Code
from whalefall.models.databases import InstanceDatabase as Database
from whalefall.models.instances import Instance
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import (
    Condition,
    Connection,
    Noun,
    One,
    RequiredOne,
    described,
)
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import one_of
from whalefall.resolvers.users import AUTHORS


@dataclass(kw_only=True)
class SyncSessionRow:
    """One run of a collection, with one record per target."""

    id: int = described("The row's id.")
    category: SyncCategory = described("What is collected.")
    trigger: SyncTrigger = described("What set it off.")
    status: SyncStatus = described("How it stands; final once `finishedAt` is set.")
    created_at: datetime = described("When it was asked for.")
    started_at: datetime | None = described("When its first record began; null until then.")
    finished_at: datetime | None = described("When its last record ended; null until then.")
    total: int = described("Its records.")
    succeeded: int = described("Records that completed, with or without errors.")
    failed: int = described("Records that failed.")
    cancelled: int = described("Records that were cancelled.")
    created_by_id: int | None = described("Who asked for it; null: WhaleFall, or a gone user.")


@dataclass(kw_only=True)
class SyncSessionFilter:
    """Narrows sync sessions; all conditions must hold."""

    categories: list[SyncCategory] | None = described("Any of these categories.", default=None)
    statuses: list[SyncStatus] | None = described("Any of these statuses.", default=None)
    triggers: list[SyncTrigger] | None = described("Set off by any of these.", default=None)
    instance_id: int | None = described("Sessions with a record of this instance.", default=None)
    database_id: int | None = described("Sessions with a record of this database.", default=None)


class SyncSessionOrderField(StrEnum):
    """CREATED_AT, descending, is the default."""

    CREATED_AT = "CREATED_AT"


@dataclass(kw_only=True)
class SyncRecordRow:
    """What became of one target in a sync session."""

    id: int = described("The row's id.")
    session_id: int = described("The session it belongs to.")
    instance_id: int | None = described("The instance that is read; null for work of our own.")
    instance_name: str | None = described("The name of that instance.")
    database_id: int | None = described("The database whose tables are read; null otherwise.")
    database_name: str | None = described("The name of that database.")
    category: SyncCategory = described("What is collected.")
    task: ScheduleTask | None = described("What is done where no instance is read; null elsewhere.")
    status: SyncStatus = described("How it stands.")
    attempt: int = described("How often a worker took it; 0 while it waits.")
    created_at: datetime = described("When it was asked for.")
    started_at: datetime | None = described("When a worker last took it; null until then.")
    finished_at: datetime | None = described("When it ended; null until then.")
    elapsed_ms: int | None = described("Milliseconds of work; null until it ended.")
    stage: str | None = described("What the worker is at; null before it starts.")
    progress: float | None = described("From 0 to 1; null when unknown.")
    items_seen: int | None = described("Things read; null until saved.")
    items_created: int | None = described("Things new; null until saved.")
    items_updated: int | None = described("Things changed; null until saved.")
    items_removed: int | None = described("Things gone; null until saved.")
    items_reactivated: int | None = described("Things that came back; null until saved.")
    error_code: Code | None = described("Why it failed; null when it did not.")
    error_message: str | None = described("The same for people; null when it did not fail.")


@dataclass(kw_only=True)
class SyncRecordFilter:
    """Narrows the records of a session; all conditions must hold."""

    statuses: list[SyncStatus] | None = described("Any of these statuses.", default=None)
    instance_id: int | None = described("Records of this instance.", default=None)


class SyncRecordOrderField(StrEnum):
    """CREATED_AT, descending, is the default."""

    CREATED_AT = "CREATED_AT"


def _sessions_where(view: Subquery, filter: SyncSessionFilter) -> Iterator[Condition]:
    if filter.categories is not None:
        yield one_of(view.c.category, filter.categories)
    if filter.statuses is not None:
        yield one_of(view.c.status, filter.statuses)
    if filter.triggers is not None:
        yield one_of(view.c.trigger, filter.triggers)
    record = exists().where(SyncRecord.session_id == view.c.id)
    if filter.instance_id is not None:
        yield record.where(SyncRecord.instance_id == filter.instance_id)
    if filter.database_id is not None:
        yield record.where(SyncRecord.database_id == filter.database_id)


def _records_where(view: Subquery, filter: SyncRecordFilter) -> Iterator[Condition]:
    if filter.statuses is not None:
        yield one_of(view.c.status, filter.statuses)
    if filter.instance_id is not None:
        yield view.c.instance_id == filter.instance_id


SYNC_SESSIONS: Noun[SyncSessionRow] = Noun(
    name="SyncSession",
    row=SyncSessionRow,
    filter=SyncSessionFilter,
    view=select(
        SyncSession.id,
        SyncSession.category,
        SyncSession.trigger,
        SyncSession.status,
        SyncSession.created_at,
        SyncSession.started_at,
        SyncSession.finished_at,
        SyncSession.total,
        SyncSession.succeeded,
        SyncSession.failed,
        SyncSession.cancelled,
        SyncSession.created_by_id,
    ),
    where=_sessions_where,
    orders={SyncSessionOrderField.CREATED_AT: ("created_at",)},
    default_order=OrderBy(SyncSessionOrderField.CREATED_AT, Direction.DESC),
    relations={
        "records": Connection("SyncRecord", ours="id", theirs="session_id"),
        "created_by": One(AUTHORS, ours="created_by_id", theirs="id"),
    },
)
SYNC_RECORDS: Noun[SyncRecordRow] = Noun(
    name="SyncRecord",
    row=SyncRecordRow,
    filter=SyncRecordFilter,
    view=select(
        SyncRecord.id,
        SyncRecord.session_id,
        SyncRecord.instance_id,
        Instance.name.label("instance_name"),
        SyncRecord.database_id,
        Database.name.label("database_name"),
        SyncRecord.category,
        SyncRecord.task,
        SyncRecord.status,
        SyncRecord.attempt,
        SyncRecord.created_at,
        SyncRecord.started_at,
        SyncRecord.finished_at,
        SyncRecord.elapsed_ms,
        SyncRecord.stage,
        SyncRecord.progress,
        SyncRecord.items_seen,
        SyncRecord.items_created,
        SyncRecord.items_updated,
        SyncRecord.items_removed,
        SyncRecord.items_reactivated,
        SyncRecord.error_code,
        SyncRecord.error_message,
    )
    .outerjoin(Instance, Instance.id == SyncRecord.instance_id)
    .outerjoin(Database, Database.id == SyncRecord.database_id),
    where=_records_where,
    orders={SyncRecordOrderField.CREATED_AT: ("created_at",)},
    default_order=OrderBy(SyncRecordOrderField.CREATED_AT, Direction.DESC),
    relations={
        "session": RequiredOne("SyncSession", ours="session_id", theirs="id"),
        "instance": One("Instance", ours="instance_id", theirs="id"),
        "database": One("Database", ours="database_id", theirs="id"),
    },
)


async def list_sync_sessions(
    session: Session,
    actor: Actor,
    filter: SyncSessionFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[SyncSessionRow]:
    """One page of sync sessions, latest first unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    return await reading.list_rows(session, actor, SYNC_SESSIONS, listing)


async def get_sync_session(session: Session, actor: Actor, sync_session_id: int) -> SyncSessionRow:
    """Raises NotFound."""
    return await reading.get_row(session, actor, SYNC_SESSIONS, sync_session_id)


async def list_sync_records(
    session: Session,
    actor: Actor,
    sync_session_id: int,
    filter: SyncRecordFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[SyncRecordRow]:
    """One page of a session's records, latest first unless asked otherwise."""
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    relation = SYNC_SESSIONS.relations["records"]
    pages = await reading.related_pages(session, actor, relation, [sync_session_id], listing)
    return pages[sync_session_id]


async def first_sync_records(
    session: Session, actor: Actor, sync_session_ids: Sequence[int]
) -> dict[int, SyncRecordRow]:
    """The latest record of each session: where there is but one, what the session is about."""
    listing, relation = Listing(page=PageRequest(first=1)), SYNC_SESSIONS.relations["records"]
    pages = await reading.related_pages(session, actor, relation, sync_session_ids, listing)
    return {sync_id: page.rows[0] for sync_id, page in pages.items() if page.rows}


async def sync_session_authors(
    session: Session, actor: Actor, rows: Sequence[SyncSessionRow]
) -> dict[int, str]:
    """The names of those who asked for these sessions, by the ids of the sessions."""
    asked = {row.id: row.created_by_id for row in rows if row.created_by_id is not None}
    relation = SYNC_SESSIONS.relations["created_by"]
    users = await reading.related_rows(session, actor, relation, list({*asked.values()}))
    return {sync_id: user.username for sync_id, by in asked.items() for user in users[by]}


async def list_instance_records(
    session: Session, actor: Actor, instance_id: int, page: PageRequest | None = None
) -> Page[SyncRecordRow]:
    """One page of what became of an instance in its sync sessions, latest first."""
    listing = Listing(filter=SyncRecordFilter(instance_id=instance_id), page=page or PageRequest())
    return await reading.list_rows(session, actor, SYNC_RECORDS, listing)
