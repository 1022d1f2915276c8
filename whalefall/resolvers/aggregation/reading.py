"""Sizes by period, of databases and of instances, as they are read."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Date, Float, String, Subquery, case, cast, null, select

from whalefall.domain.engines import Engine
from whalefall.domain.facts import Quality
from whalefall.domain.paging import Direction, OrderBy
from whalefall.domain.periods import LONGEST_DAYS
from whalefall.domain.sizes import Bytes
from whalefall.domain.states import AggregationPeriod, Trend
from whalefall.models.capacity import DatabaseSizeAggregation, InstanceSizeAggregation
from whalefall.models.databases import InstanceDatabase
from whalefall.models.instances import Instance
from whalefall.resolvers.nouns.noun import Condition, Noun, RequiredOne, View, described
from whalefall.resolvers.nouns.text import contains, one_of, quoted

TREND_PERCENT = 5


@dataclass(kw_only=True)
class SizeAggregationRow:
    """The sizes of one period. A period without a size that could be read has none."""

    id: int = described("The row's id.")
    instance_id: int = described("The instance.")
    instance_name: str = described("Its name.")
    engine: Engine = described("Its engine.")
    period: AggregationPeriod = described("How long the period is.")
    period_start: dt.date = described("Its first day, in the business time zone.")
    period_end: dt.date = described("Its last day, which may be still to come.")
    days: int = described("Its days that had come when it was summed up.")
    readings: int = described("Those of them with a size.")
    coverage: float = described("The part of its days with a size, from 0 to 1.")
    avg_bytes: Bytes = described("The average of its days' sizes.")
    min_bytes: Bytes = described("The smallest.")
    max_bytes: Bytes = described("The largest.")
    first_bytes: Bytes = described("The first.")
    last_bytes: Bytes = described("The last.")
    delta_bytes: Bytes = described("The last less the first; negative when it shrank.")
    change_bytes: Bytes | None = described(
        "The average less that of the period before; null: there is nothing to compare with."
    )
    change_percent: float | None = described("The same in per cent; null from nothing.")
    trend: Trend | None = described(
        f"Whether the average changed by more than {TREND_PERCENT} %; null: not known."
    )
    quality: Quality = described("How far the sizes can be trusted: PARTIAL if any was in part.")
    is_sample: bool = described("Whether a demo invented some of the sizes.")
    calculated_at: dt.datetime = described("When it was summed up.")


@dataclass(kw_only=True)
class DatabaseAggregationRow(SizeAggregationRow):
    """The sizes of a database in one period."""

    database_id: int = described("The database.")
    database_name: str = described("Its name.")


@dataclass(kw_only=True)
class InstanceAggregationRow(SizeAggregationRow):
    """The sizes of an instance, the sum of its active databases, in one period."""

    avg_database_count: float = described("How many databases it had on average.")


@dataclass(kw_only=True)
class InstanceAggregationFilter:
    """Narrows sums of sizes; all conditions must hold. Sums of different periods do not mix."""

    period: AggregationPeriod = described(
        "How long the periods are.", default=AggregationPeriod.DAILY
    )
    start: dt.date | None = described("Periods that end on this day or later.", default=None)
    end: dt.date | None = described("Periods that begin on this day or earlier.", default=None)
    search: str | None = described("Part of the name.", default=None)
    engines: list[Engine] | None = described("Any of these engines.", default=None)
    instance_id: int | None = described("Of this instance.", default=None)


@dataclass(kw_only=True)
class DatabaseAggregationFilter(InstanceAggregationFilter):
    """Narrows sums of sizes; all conditions must hold. Sums of different periods do not mix."""

    database_id: int | None = described("Of this database.", default=None)
    include_gone: bool = described("Also of databases that are no longer there.", default=False)


class DatabaseAggregationOrderField(StrEnum):
    """PERIOD_START, latest first, is the default."""

    PERIOD_START = "PERIOD_START"
    SIZE = "SIZE"
    CHANGE = "CHANGE"
    CHANGE_PERCENT = "CHANGE_PERCENT"


class InstanceAggregationOrderField(StrEnum):
    """PERIOD_START, latest first, is the default."""

    PERIOD_START = "PERIOD_START"
    SIZE = "SIZE"
    CHANGE = "CHANGE"
    CHANGE_PERCENT = "CHANGE_PERCENT"


_ORDERS = {
    "PERIOD_START": ("period_start",),
    "SIZE": ("last_bytes",),
    "CHANGE": ("change_bytes",),
    "CHANGE_PERCENT": ("change_percent",),
}


def _longest(period: AggregationPeriod) -> ColumnElement[int]:
    """How many days before its last one a period of this kind begins at most."""
    days = {kind.value: most - 1 for kind, most in LONGEST_DAYS.items()}
    return case(days, value=cast(period, String))


def _instances_where(view: Subquery, filter: InstanceAggregationFilter) -> Iterator[Condition]:
    yield view.c.period == filter.period
    if filter.start is not None:
        yield view.c.period_end >= filter.start
        # Says no more, but is what rows are found and partitioned by.
        yield view.c.period_start >= cast(filter.start, Date) - _longest(filter.period)
    if filter.end is not None:
        yield view.c.period_start <= filter.end
    if filter.engines is not None:
        yield one_of(view.c.engine, filter.engines)
    if filter.instance_id is not None:
        yield view.c.instance_id == filter.instance_id
    if filter.search is not None and not isinstance(filter, DatabaseAggregationFilter):
        yield contains(view.c.instance_name, filter.search)


def _databases_where(view: Subquery, filter: DatabaseAggregationFilter) -> Iterator[Condition]:
    yield from _instances_where(view, filter)
    if filter.database_id is not None:
        yield view.c.database_id == filter.database_id
    if filter.search is not None:
        yield contains(view.c.database_name, filter.search)
    if not filter.include_gone:
        yield view.c.is_active


def _visible(view: Subquery, actor: Any) -> Iterator[Condition]:
    yield view.c.instance_deleted_at.is_(None)


def _shared(model: Any) -> list[ColumnElement[Any]]:
    percent = model.change_percent
    trend = case(
        (percent > TREND_PERCENT, quoted(Trend.GROWING)),
        (percent < -TREND_PERCENT, quoted(Trend.SHRINKING)),
        (percent.is_not(None), quoted(Trend.STABLE)),
        else_=null(),
    ).cast(String)
    return [
        model.id,
        model.instance_id,
        Instance.name.label("instance_name"),
        Instance.engine,
        Instance.deleted_at.label("instance_deleted_at"),
        model.period,
        model.period_start,
        model.period_end,
        model.days,
        model.readings,
        (cast(model.readings, Float) / model.days).label("coverage"),
        model.avg_bytes,
        model.min_bytes,
        model.max_bytes,
        model.first_bytes,
        model.last_bytes,
        (model.last_bytes - model.first_bytes).label("delta_bytes"),
        model.change_bytes,
        percent,
        trend.label("trend"),
        model.quality,
        model.is_sample,
        model.calculated_at,
    ]


_OF_DATABASES: View = (
    select(
        *_shared(DatabaseSizeAggregation),
        DatabaseSizeAggregation.database_id,
        InstanceDatabase.name.label("database_name"),
        InstanceDatabase.is_active,
    )
    .join(InstanceDatabase, InstanceDatabase.id == DatabaseSizeAggregation.database_id)
    .join(Instance, Instance.id == DatabaseSizeAggregation.instance_id)
)
_OF_INSTANCES: View = select(
    *_shared(InstanceSizeAggregation), InstanceSizeAggregation.avg_database_count
).join(Instance, Instance.id == InstanceSizeAggregation.instance_id)

DATABASE_AGGREGATIONS: Noun[DatabaseAggregationRow] = Noun(
    name="DatabaseAggregation",
    row=DatabaseAggregationRow,
    filter=DatabaseAggregationFilter,
    view=_OF_DATABASES,
    where=_databases_where,
    visible=_visible,
    orders={field: _ORDERS[field] for field in DatabaseAggregationOrderField},
    default_order=OrderBy(DatabaseAggregationOrderField.PERIOD_START, Direction.DESC),
    relations={
        "database": RequiredOne("Database", ours="database_id", theirs="id"),
        "instance": RequiredOne("Instance", ours="instance_id", theirs="id"),
    },
)
INSTANCE_AGGREGATIONS: Noun[InstanceAggregationRow] = Noun(
    name="InstanceAggregation",
    row=InstanceAggregationRow,
    filter=InstanceAggregationFilter,
    view=_OF_INSTANCES,
    where=_instances_where,
    visible=_visible,
    orders={field: _ORDERS[field] for field in InstanceAggregationOrderField},
    default_order=OrderBy(InstanceAggregationOrderField.PERIOD_START, Direction.DESC),
    relations={"instance": RequiredOne("Instance", ours="instance_id", theirs="id")},
)
