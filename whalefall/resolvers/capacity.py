"""The sizes of past days, of databases and of instances."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
)

from whalefall.auth import Actor, Permission
from whalefall.db import Session
from whalefall.domain.sizes import Bytes
from whalefall.models.databases import DatabaseSizeStat, InstanceSizeStat
from whalefall.resolvers.nouns.noun import Condition, described
from whalefall.resolvers.nouns.text import one_of

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
    is_sample: bool = described("Whether a demo invented this point; false for what was read.")


History = dict[int, list[SizePointRow]]


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
    stat = DatabaseSizeStat
    view = select(
        stat.database_id.label("id"),
        stat.stat_date.label("date"),
        stat.size_bytes,
        stat.data_bytes,
        stat.log_bytes,
        cast(null(), BigInteger).label("database_count"),
        (stat.source == SAMPLE).label("is_sample"),
    )
    return await _history(session, actor, view.subquery(), database_ids, start, end)


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
    stat = InstanceSizeStat
    view = select(
        stat.instance_id.label("id"),
        stat.stat_date.label("date"),
        stat.total_bytes.label("size_bytes"),
        stat.data_bytes,
        stat.log_bytes,
        stat.database_count,
        (stat.source == SAMPLE).label("is_sample"),
    )
    return await _history(session, actor, view.subquery(), instance_ids, start, end)


async def _history(
    session: Session,
    actor: Actor,
    view: Subquery,
    ids: Sequence[int],
    start: dt.date | None,
    end: dt.date | None,
) -> History:
    actor.require(Permission.VIEW)
    conditions = [one_of(view.c.id, ids), *_between(view.c.date, start, end)]
    columns = [view.c[field.name] for field in fields(SizePointRow)]
    statement = select(view.c.id, *columns).where(*conditions).order_by(view.c.id, view.c.date)
    points: History = {row_id: [] for row_id in ids}
    for row in await session.execute(statement):
        named = row._asdict()
        points[named.pop("id")].append(SizePointRow(**named))
    return points


def _between(
    day: ColumnElement[dt.date], start: dt.date | None, end: dt.date | None
) -> Iterator[Condition]:
    last: Any = func.current_date() if end is None else literal(end)
    yield day >= (last - literal_column(str(DEFAULT_DAYS)) if start is None else start)
    if end is not None:
        yield day <= end
