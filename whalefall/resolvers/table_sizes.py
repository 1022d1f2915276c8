"""The tables of a database with their sizes, and the head of the snapshot they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Float, String, Subquery, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.facts import Quality, SkipReason, TableKind
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.domain.sizes import Bytes, Count
from whalefall.domain.states import TERMINAL, SnapshotStatus, SyncCategory, SyncStatus
from whalefall.errors import Code
from whalefall.models.databases import InstanceDatabase as Database
from whalefall.models.databases import TableSize, TableSnapshot
from whalefall.models.sync import SyncRecord
from whalefall.resolvers.databases import DATABASES, get_database
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, RequiredOne, Scope, described
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.nouns.text import contains, equals, quoted

MEGABYTE = 1_048_576


@dataclass(kw_only=True)
class TableSizeRow:
    """A table and the space it takes, as of its database's latest snapshot."""

    id: int = described("The row's id.")
    database_id: int = described("The database it belongs to.")
    schema_name: str = described("Its schema; for MySQL and Oracle the database's own name.")
    table_name: str = described("Its name.")
    kind: TableKind = described("What sort of table it is.")
    size_bytes: Bytes | None = described(
        "Data, indexes and large objects, in bytes; null when it could not be read."
    )
    data_bytes: Bytes | None = described("Bytes of data, large objects included; null: unknown.")
    index_bytes: Bytes | None = described("Bytes of indexes; null: unknown.")
    lob_bytes: Bytes | None = described("Bytes of large objects, within data; null: unknown.")
    allocated_bytes: Bytes | None = described("Bytes its files take on disk; null: unknown.")
    size_mb: float | None = described("Its size in mebibytes; null with it.")
    row_count: Count | None = described("The optimiser's estimate of its rows; null: none.")
    quality: Quality = described("How far its numbers can be trusted.")
    size_reason: SkipReason | None = described("Why there is no size; null when there is one.")
    collected_at: datetime = described("When its snapshot was taken.")


@dataclass(kw_only=True)
class TableSizeFilter:
    """Narrows the tables of a database; all conditions must hold."""

    search: str | None = described("Part of the schema's or the table's name.", default=None)
    schema_name: str | None = described("Tables of exactly this schema.", default=None)
    table_name: str | None = described("Tables of exactly this name.", default=None)
    min_size_bytes: Bytes | None = described("At least so many bytes.", default=None)


class TableSizeOrderField(StrEnum):
    """SIZE, descending, is the default. NAME is the table's name, then its schema's."""

    SIZE = "SIZE"
    NAME = "NAME"
    ROWS = "ROWS"
    INDEX_SIZE = "INDEX_SIZE"
    DATA_SIZE = "DATA_SIZE"


def _where(view: Subquery, filter: TableSizeFilter) -> Iterator[Condition]:
    if filter.search is not None:
        columns = (view.c.schema_name, view.c.table_name)
        yield or_(*(contains(column, filter.search) for column in columns))
    if filter.schema_name is not None:
        yield equals(view.c.schema_name, filter.schema_name)
    if filter.table_name is not None:
        yield equals(view.c.table_name, filter.table_name)
    if filter.min_size_bytes is not None:
        yield view.c.size_bytes >= filter.min_size_bytes


TABLE_SIZES: Noun[TableSizeRow] = Noun(
    name="TableSize",
    row=TableSizeRow,
    filter=TableSizeFilter,
    view=select(
        TableSize.id,
        TableSize.database_id,
        TableSize.schema_name,
        TableSize.table_name,
        TableSize.kind,
        TableSize.size_bytes,
        TableSize.data_bytes,
        TableSize.index_bytes,
        TableSize.lob_bytes,
        TableSize.allocated_bytes,
        (cast(TableSize.size_bytes, Float) / MEGABYTE).label("size_mb"),
        TableSize.row_count,
        TableSize.quality,
        TableSize.size_reason,
        TableSnapshot.collected_at,
    ).outerjoin(TableSnapshot, TableSnapshot.database_id == TableSize.database_id),
    where=_where,
    orders={
        TableSizeOrderField.SIZE: ("size_bytes",),
        TableSizeOrderField.NAME: ("table_name", "schema_name"),
        TableSizeOrderField.ROWS: ("row_count",),
        TableSizeOrderField.INDEX_SIZE: ("index_bytes",),
        TableSizeOrderField.DATA_SIZE: ("data_bytes",),
    },
    default_order=OrderBy(TableSizeOrderField.SIZE, Direction.DESC),
    relations={"database": RequiredOne("Database", ours="database_id", theirs="id")},
    scope=Scope(
        column="collected_at",
        current=select(
            TableSnapshot.database_id.label("key"), TableSnapshot.collected_at.label("scope")
        ),
    ),
    max_page_size=2000,
)


@dataclass(kw_only=True)
class TableSnapshotRow:
    """When and how completely the tables of a database were read.

    A database whose first refresh is still under way has a snapshot that is REFRESHING and empty.
    """

    id: int = described("The id of the database.")
    status: SnapshotStatus = described(
        "REFRESHING while a refresh is queued or running, FAILED when the last attempt failed."
    )
    collected_at: datetime | None = described(
        "When the tables that are shown were read; null until an attempt succeeded."
    )
    elapsed_ms: int | None = described("Milliseconds that reading took; null without a snapshot.")
    table_count: int | None = described("Tables in the snapshot; null without one.")
    source: str | None = described("The views or functions read; null without a snapshot.")
    complete: bool = described("Whether every table was read.")
    skipped: list[dict[str, Any]] = described("Objects that were not read, and why.")
    reconciliation: dict[str, Any] | None = described("Where all bytes of the database are.")
    last_attempt_at: datetime | None = described("The latest attempt; null before the first ends.")
    last_error_code: Code | None = described("Why the last attempt failed; null if it did not.")
    last_error_message: str | None = described("The same for people; null if it did not fail.")


class TableSnapshotOrderField(StrEnum):
    ID = "ID"


_LIVE = [quoted(status) for status in SyncStatus if status not in TERMINAL]


def _snapshot_status() -> ColumnElement[str]:
    failed = or_(TableSnapshot.last_error_code.is_not(None), TableSnapshot.collected_at.is_(None))
    return case(
        (SyncRecord.id.is_not(None), quoted(SnapshotStatus.REFRESHING)),
        (failed, quoted(SnapshotStatus.FAILED)),
        else_=quoted(SnapshotStatus.READY),
    ).cast(String)


TABLE_SNAPSHOTS: Noun[TableSnapshotRow] = Noun(
    name="TableSnapshot",
    row=TableSnapshotRow,
    view=select(
        Database.id,
        _snapshot_status().label("status"),
        TableSnapshot.collected_at,
        TableSnapshot.elapsed_ms,
        TableSnapshot.table_count,
        TableSnapshot.source,
        func.coalesce(TableSnapshot.complete, False).label("complete"),
        func.coalesce(TableSnapshot.skipped, cast(quoted("[]"), JSONB)).label("skipped"),
        TableSnapshot.reconciliation,
        TableSnapshot.last_attempt_at,
        TableSnapshot.last_error_code,
        TableSnapshot.last_error_message,
    )
    .outerjoin(TableSnapshot, TableSnapshot.database_id == Database.id)
    .outerjoin(  # at most one: a unique index says so
        SyncRecord,
        and_(
            SyncRecord.database_id == Database.id,
            SyncRecord.category == quoted(SyncCategory.TABLE_SIZES),
            SyncRecord.status.in_(_LIVE),
        ),
    )
    .where(or_(TableSnapshot.database_id.is_not(None), SyncRecord.id.is_not(None))),
    orders={TableSnapshotOrderField.ID: ("id",)},
    default_order=OrderBy(TableSnapshotOrderField.ID),
)


async def list_table_sizes(
    session: Session,
    actor: Actor,
    database_id: int,
    filter: TableSizeFilter | None = None,
    order: OrderBy | None = None,
    page: PageRequest | None = None,
) -> Page[TableSizeRow]:
    """One page of a database's tables, largest first unless asked otherwise. Raises NotFound."""
    await get_database(session, actor, database_id)
    listing = Listing(filter=filter, order=order, page=page or PageRequest())
    relation = DATABASES.relations["table_sizes"]
    pages = await reading.related_pages(session, actor, relation, [database_id], listing)
    return pages[database_id]


async def count_table_sizes(
    session: Session, actor: Actor, database_id: int, filter: TableSizeFilter | None = None
) -> int:
    relation = DATABASES.relations["table_sizes"]
    counts = await reading.related_counts(session, actor, relation, [database_id], filter)
    return counts[database_id]


@dataclass(frozen=True, kw_only=True)
class TableTotals:
    """All tables of a snapshot together; `sized` are those whose size is known."""

    count: int
    sized: int
    size_bytes: Bytes


async def get_table_totals(session: Session, actor: Actor, database_id: int) -> TableTotals:
    """What the tables of a database add up to, whatever a page shows of them."""
    actor.require(TABLE_SIZES.permission)
    sizes = TableSize.size_bytes
    summed = select(func.count(), func.count(sizes), func.sum(sizes))
    found = await session.execute(summed.where(TableSize.database_id == database_id))
    count, sized, size_bytes = found.one()
    return TableTotals(count=count, sized=sized, size_bytes=Bytes(int(size_bytes or 0)))


async def get_table_snapshot(
    session: Session, actor: Actor, database_id: int
) -> TableSnapshotRow | None:
    """The head of a database's table sizes; null when nobody ever asked for them."""
    rows = await reading.get_rows(session, actor, TABLE_SNAPSHOTS, [database_id])
    return rows.get(database_id)
