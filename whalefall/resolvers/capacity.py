"""The sizes of past days, of databases and of instances."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Date, Subquery, cast, func, literal_column, null, select

from whalefall.auth import Actor
from whalefall.db import Session
from whalefall.domain.facts import Quality
from whalefall.domain.paging import OrderBy
from whalefall.domain.sizes import Bytes, alike
from whalefall.models.databases import DatabaseSizeStat, InstanceSizeStat
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Condition, Noun, Series, View, described
from whalefall.resolvers.nouns.text import one_of, quoted

DEFAULT_DAYS = 366
SAMPLE = "SAMPLE"  # the source of points that were not read from a server


@dataclass(kw_only=True)
class SizePointRow:
    """The size of a database or an instance on one day."""

    date: dt.date = described("The day, in the business time zone.")
    size_bytes: Bytes | None = described("The size in bytes; null when it could not be read.")
    data_bytes: Bytes | None = described("Bytes of data; null: unknown.")
    log_bytes: Bytes | None = described("Bytes of log; null: unknown.")
    database_count: int | None = described("Active databases of the instance; null of a database.")
    quality: Quality = described(
        "How far the size can be trusted; PARTIAL: it is at least so much."
    )
    is_sample: bool = described("Whether a demo invented this point; false for what was read.")


@dataclass(kw_only=True)
class SizePeriod:
    """A span of days, both included."""

    start: dt.date | None = described(
        "The first day; null: 366 days before the last.", default=None
    )
    end: dt.date | None = described("The last day; null: today.", default=None)


class SizePointOrderField(StrEnum):
    DATE = "DATE"


History = dict[int, list[SizePointRow]]


@dataclass(frozen=True)
class SizeLine:
    """One size for each day of a span; none on days without one, or with one unlike the others."""

    sizes: list[int | None]
    has_samples: bool


Lines = dict[int, SizeLine]


def _where(view: Subquery, filter: SizePeriod) -> Iterator[Condition]:
    last: Any = func.current_date() if filter.end is None else cast(filter.end, Date)
    yield view.c.date >= (
        last - literal_column(str(DEFAULT_DAYS)) if filter.start is None else filter.start
    )
    if filter.end is not None:
        yield view.c.date <= filter.end


def _size_points(name: str, view: View) -> Noun[SizePointRow]:
    """A noun whose id is that of the object measured."""
    return Noun(
        name=name,
        row=SizePointRow,
        filter=SizePeriod,
        view=view,
        where=_where,
        orders={SizePointOrderField.DATE: ("date",)},
        default_order=OrderBy(SizePointOrderField.DATE),
    )


DATABASE_SIZES = _size_points(
    "DatabaseSizePoint",
    select(
        DatabaseSizeStat.database_id.label("id"),
        DatabaseSizeStat.stat_date.label("date"),
        DatabaseSizeStat.size_bytes,
        DatabaseSizeStat.data_bytes,
        DatabaseSizeStat.log_bytes,
        cast(null(), BigInteger).label("database_count"),
        DatabaseSizeStat.quality,
        (DatabaseSizeStat.source == quoted(SAMPLE)).label("is_sample"),
    ),
)
INSTANCE_SIZES = _size_points(
    "InstanceSizePoint",
    select(
        InstanceSizeStat.instance_id.label("id"),
        InstanceSizeStat.stat_date.label("date"),
        InstanceSizeStat.total_bytes.label("size_bytes"),
        InstanceSizeStat.data_bytes,
        InstanceSizeStat.log_bytes,
        InstanceSizeStat.database_count,
        InstanceSizeStat.quality,
        (InstanceSizeStat.source == quoted(SAMPLE)).label("is_sample"),
    ),
)
OF_DATABASE = Series(DATABASE_SIZES, ours="id", theirs="id")
OF_INSTANCE = Series(INSTANCE_SIZES, ours="id", theirs="id")


async def database_size_history(
    session: Session,
    actor: Actor,
    database_ids: Sequence[int],
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> History:
    """The daily sizes of databases by their ids, oldest first, both days included.

    Without a start: the 366 days before `end`, or before today.
    """
    period = SizePeriod(start=start, end=end)
    return await reading.related_rows(session, actor, OF_DATABASE, database_ids, period)


async def instance_size_history(
    session: Session,
    actor: Actor,
    instance_ids: Sequence[int],
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> History:
    """The daily totals of instances by their ids, oldest first, both days included.

    Without a start: the 366 days before `end`, or before today.
    """
    period = SizePeriod(start=start, end=end)
    return await reading.related_rows(session, actor, OF_INSTANCE, instance_ids, period)


async def database_size_lines(
    session: Session, actor: Actor, ids: Sequence[int], start: dt.date, end: dt.date
) -> Lines:
    """The sizes of databases by their ids, both days included; the rows are put together there."""
    return await _size_lines(session, actor, DATABASE_SIZES, ids, (start, end))


async def instance_size_lines(
    session: Session, actor: Actor, ids: Sequence[int], start: dt.date, end: dt.date
) -> Lines:
    """The same of instances."""
    return await _size_lines(session, actor, INSTANCE_SIZES, ids, (start, end))


async def _size_lines(
    session: Session,
    actor: Actor,
    noun: Noun[SizePointRow],
    ids: Sequence[int],
    span: tuple[dt.date, dt.date],
) -> Lines:
    actor.require(noun.permission)
    view, (start, end) = noun.alias(), span
    days, sizes = func.array_agg(view.c.date - start), func.array_agg(view.c.size_bytes)
    parts = func.array_agg(view.c.quality == quoted(Quality.PARTIAL))
    found = await session.execute(
        select(view.c.id, days, sizes, parts, func.bool_or(view.c.is_sample))
        .where(one_of(view.c.id, ids), *_where(view, SizePeriod(start=start, end=end)))
        .group_by(view.c.id)
    )
    empty: list[int | None] = [None] * ((end - start).days + 1)
    lines = {key: SizeLine(empty, has_samples=False) for key in ids}
    for key, at, read, is_part, has_samples in found:
        known = dict(zip(at, alike(zip(read, is_part, strict=True)), strict=True))
        sizes_of_days = [known.get(day) for day in range(len(empty))]
        lines[key] = SizeLine(sizes_of_days, has_samples)
    return lines
