"""Capacity: what has grown, how much and since when, what will be full, and what stood out."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.db import ReadSession
from whalefall.domain.paging import MOST_COUNTED, Direction, OrderBy, PageRequest
from whalefall.domain.periods import span_of, spans
from whalefall.domain.states import AggregationPeriod
from whalefall.errors import BadInput, NotFound
from whalefall.resolvers.aggregation.computing import DATABASES, INSTANCES
from whalefall.resolvers.aggregation.ranking import (
    PastRow,
    count_database_sums,
    count_instance_sums,
    fullness_of,
    latest_period,
    list_database_sums,
    list_instance_sums,
    past_of,
)
from whalefall.resolvers.aggregation.reading import (
    DatabaseAggregationFilter,
    DatabaseAggregationOrderField,
    InstanceAggregationFilter,
    InstanceAggregationOrderField,
)
from whalefall.resolvers.aggregation.summary import capacity_summary
from whalefall.resolvers.growth_events import (
    GrowthEventFilter,
    get_growth_rule,
    list_growth_events,
)
from whalefall.resolvers.instances import list_instance_options
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.lists import list_state
from whalefall.web.words import N_

COUNTS = (14, 7, 30, 90)  # of periods, the usual one first
TOPS = (6, 10, 20)
SIZES = (20, 50, 100)
OPTIONS = 200
LABELS = {
    "search": N_("Search"),
    "engine": N_("Engine"),
    "instance_id": N_("Instance"),
}
HIDDEN = ("level", "period", "count", "top", "measure", "look")


class Level(StrEnum):
    DATABASES = "DATABASES"
    INSTANCES = "INSTANCES"


class Measure(StrEnum):
    SIZE = "SIZE"
    CHANGE = "CHANGE"
    PERCENT = "PERCENT"


class Look(StrEnum):
    LINE = "LINE"
    BAR = "BAR"


ORDERS = {Measure.SIZE: "SIZE", Measure.CHANGE: "CHANGE", Measure.PERCENT: "CHANGE_PERCENT"}


async def capacity(request: Request) -> Response:
    """The latest period, ranked; above it the past of the first of them, and what stood out."""
    fields, actor, settings = (
        request.query_params,
        request.state.actor,
        request.app.state.settings,
    )
    level = forms.choice(fields, "level", Level) or Level.DATABASES
    period = forms.choice(fields, "period", AggregationPeriod) or AggregationPeriod.DAILY
    measure = forms.choice(fields, "measure", Measure) or Measure.SIZE
    count, top = _one_of(fields, "count", COUNTS), _one_of(fields, "top", TOPS)
    state, page = list_state(
        request,
        "capacity_panel",
        LABELS,
        hidden=HIDDEN,
        default_order="-change",
        choices=SIZES,
    )
    filters, order = _wanted(fields), _order(fields, level)
    by_measure = OrderBy(_field(level, ORDERS[measure]), Direction.DESC)
    look = forms.choice(fields, "look", Look) or Look.LINE

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            day = await latest_period(session, actor, _level(level), period) or settings.today()
            wanted = {**filters, "period": period, "start": day, "end": day}
            shown = await _ranked(session, actor, level, wanted, order, page)
            tops = PageRequest(first=top)
            first = await _ranked(session, actor, level, wanted, by_measure, tops)
            ids = [_key(level, row) for row in (*shown.rows, *first.rows)]
            since = spans(period, day, count)[0].start
            total = await _total(session, actor, level, wanted)
            past = await past_of(session, actor, _level(level), ids, period, since)
            full = (
                await fullness_of(
                    session, actor, ids, today=settings.today(), zone=settings.time_zone
                )
                if level is Level.DATABASES
                else {}
            )
            summary = await capacity_summary(session, actor, period)
            events = await list_growth_events(
                session, actor, GrowthEventFilter(is_open=True), PageRequest(first=10)
            )
            rule = await _rule(session, actor)
            options = await list_instance_options(session, actor, OPTIONS)
        return {
            "page": shown,
            "total": total,
            "key": {row.id: _key(level, row) for row in (*shown.rows, *first.rows)},
            "name": {row.id: _name(level, row) for row in (*shown.rows, *first.rows)},
            "lines": [
                (_name(level, row), _line(past[_key(level, row)], measure)) for row in first.rows
            ],
            "first": first.rows,
            "bells": [
                (_name(level, row), *ends)
                for row in first.rows
                if (ends := _ends(past[_key(level, row)]))
            ],
            "sparks": {key: _spark(rows, period, since, count) for key, rows in past.items()},
            "full": full,
            "sampled": any(row.is_sample for rows in past.values() for row in rows),
            "summary": summary,
            "events": events.rows,
            "more_events": events.has_next_page,
            "rule": rule,
            "instance_options": options,
        }

    return await flow(
        request,
        "capacity/list.html",
        read,
        push=state.here,
        list=state,
        level=level,
        period=period,
        measure=measure,
        look=look,
        count=count,
        top=top,
        counts=[(each, each) for each in sorted(COUNTS)],
        tops=[(each, each) for each in TOPS],
        levels=list(Level),
        periods=list(AggregationPeriod),
        measures=list(Measure),
        looks=list(Look),
    )


async def _ranked(
    session: ReadSession,
    actor: Any,
    level: Level,
    wanted: Mapping[str, Any],
    order: OrderBy,
    page: PageRequest,
) -> Any:
    """One page of a period: `wanted` are the fields of the filter."""
    if level is Level.INSTANCES:
        by_instance = InstanceAggregationFilter(**wanted)
        return await list_instance_sums(session, actor, by_instance, order, page)
    by_database = DatabaseAggregationFilter(**wanted)
    return await list_database_sums(session, actor, by_database, order, page)


async def _total(session: ReadSession, actor: Any, level: Level, wanted: Mapping[str, Any]) -> int:
    if level is Level.INSTANCES:
        by_instance = InstanceAggregationFilter(**wanted)
        return await count_instance_sums(session, actor, by_instance, MOST_COUNTED)
    by_database = DatabaseAggregationFilter(**wanted)
    return await count_database_sums(session, actor, by_database, MOST_COUNTED)


def _wanted(fields: forms.Fields) -> dict[str, Any]:
    """The filters in the address. Raises BadInput."""
    return {
        "search": forms.text(fields, "search"),
        "engines": forms.engines(fields, "engine"),
        "instance_id": forms.integer(fields, "instance_id"),
    }


def _order(fields: forms.Fields, level: Level) -> OrderBy:
    """The order in the address, or what grew most. Raises BadInput."""
    known: Any = (
        InstanceAggregationOrderField if level is Level.INSTANCES else DatabaseAggregationOrderField
    )
    return forms.order(fields, known) or OrderBy(_field(level, "CHANGE"), Direction.DESC)


def _field(level: Level, name: str) -> StrEnum:
    if level is Level.INSTANCES:
        return InstanceAggregationOrderField(name)
    return DatabaseAggregationOrderField(name)


def _level(level: Level) -> Any:
    return INSTANCES if level is Level.INSTANCES else DATABASES


def _key(level: Level, row: Any) -> int:
    return int(row.instance_id if level is Level.INSTANCES else row.database_id)


def _name(level: Level, row: Any) -> str:
    return str(row.instance_name if level is Level.INSTANCES else row.database_name)


def _line(past: Sequence[PastRow], measure: Measure) -> list[tuple[date, float | None]]:
    values = {Measure.SIZE: "size", Measure.CHANGE: "change", Measure.PERCENT: "percent"}
    return [(row.start, getattr(row, values[measure])) for row in past]


def _ends(past: Sequence[PastRow]) -> tuple[int, int] | None:
    """The first and the last size of what is shown; none of one reading alone."""
    known = [row.size for row in past if row.size is not None]
    return (known[0], known[-1]) if len(known) > 1 else None


def _spark(
    past: Sequence[PastRow], period: AggregationPeriod, since: date, count: int
) -> list[int | None]:
    """A size for each period, none where there was no reading: a gap in the line."""
    known = {row.start: row.size for row in past}
    found, day = [], since
    for _ in range(count):
        found.append(known.get(day))
        day = span_of(period, day).end + timedelta(days=1)
    return found


def _one_of(fields: forms.Fields, name: str, known: tuple[int, ...]) -> int:
    value = forms.integer(fields, name)
    if value is None:
        return known[0]
    if value not in known:
        raise BadInput("Choose one of the numbers that are offered.", field=name)
    return value


async def _rule(session: ReadSession, actor: Any) -> Any:
    try:
        return await get_growth_rule(session, actor)
    except NotFound:
        return None


ROUTES = [
    Route("/capacity", capacity),
]
