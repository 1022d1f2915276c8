"""The ledger of databases, its statistics, and one database with its history and tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.db import ReadSession
from whalefall.domain.engines import ENGINES
from whalefall.domain.facts import Quality
from whalefall.domain.paging import MOST_COUNTED, OrderBy
from whalefall.domain.reconciliation import Reconciliation
from whalefall.domain.sizes import alike
from whalefall.domain.states import DatabaseState, Freshness, InstanceStatus
from whalefall.errors import NotFound
from whalefall.resolvers.capacity import (
    SizePointRow,
    database_size_history,
    database_size_lines,
)
from whalefall.resolvers.databases import (
    DatabaseFilter,
    DatabaseOrderField,
    DatabaseRow,
    count_ledger,
    get_database,
    ledger_statistics,
    list_ledger,
)
from whalefall.resolvers.forecasts import get_forecast
from whalefall.resolvers.growth import database_growth
from whalefall.resolvers.instances import (
    InstanceFilter,
    count_instances,
    get_instance,
    list_instance_options,
)
from whalefall.resolvers.table_sizes import TableSnapshotRow
from whalefall.resolvers.tags import list_tag_options
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.html import redirect, render
from whalefall.web.lists import ListState, list_state
from whalefall.web.table_sizes import tables_of
from whalefall.web.words import N_

SPARK_DAYS = 30
MOST_INSTANCES = 200  # in the filter's choice; in larger fleets the search finds them
RANGES = {"1m": 31, "3m": 92, "1y": 366}
SPANS = (7, 30, 90, 365)  # the days of the growth facts
LABELS = {
    "search": N_("Search"),
    "engine": N_("Engine"),
    "instance_id": N_("Instance"),
    "tags": N_("Tag"),
    "freshness": N_("Freshness"),
    "state": N_("State"),
    "min_size": N_("At least"),
    "max_size": N_("At most"),
}


async def home(request: Request) -> Response:
    asked = request.url.query
    return redirect(request, "/databases/ledgers" + (f"?{asked}" if asked else ""))


async def ledger(request: Request) -> Response:
    """The list of all databases; as a fragment only its table."""
    filter, order = ledger_filter(request.query_params), ledger_order(request.query_params)
    state, page = list_state(request, "ledger_table", LABELS, default_order="instance")
    actor, today = request.state.actor, request.app.state.settings.today()
    since = today - timedelta(days=SPARK_DAYS)

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_ledger(session, actor, filter, order, page)
            ids = [row.id for row in rows.rows]
            lines = await database_size_lines(session, actor, ids, since, today)
            return {
                "list": await _in_words(request, session, state, filter),
                "page": rows,
                "total": await count_ledger(session, actor, filter, at_most=MOST_COUNTED),
                "largest": max((row.size_bytes or 0 for row in rows.rows), default=0),
                "lines": lines,
                "has_samples": any(line.has_samples for line in lines.values()),
                **await _choices(request, session),
            }

    return await flow(request, "databases/ledger.html", read, push=state.here)


async def confirm_sync(request: Request) -> Response:
    """What collecting everything means, before it is done."""
    actor = request.state.actor
    actor.require(Permission.EXECUTE)
    async with request.app.state.db.read() as session:
        paused = InstanceFilter(status=InstanceStatus.INACTIVE)
        active = InstanceFilter(status=InstanceStatus.ACTIVE)
        return render(
            request,
            "databases/sync.html",
            instances=await count_instances(session, actor, active),
            paused=await count_instances(session, actor, paused),
            databases=await count_ledger(session, actor),
        )


async def statistics(request: Request) -> Response:
    """The ledger summed up; every number leads to the list that it counts."""
    async with request.app.state.db.read() as session:
        summed = await ledger_statistics(session, request.state.actor)
    return render(request, "databases/statistics.html", summed=summed, totals=summed.totals)


async def detail(request: Request) -> Response:
    """One database: its readings, its history, its tables."""
    actor, database_id = request.state.actor, forms.path_id(request)
    span = request.query_params.get("range", "")
    span = span if span in RANGES else "3m"
    today = request.app.state.settings.today()
    since = today - timedelta(days=RANGES[span] - 1)
    async with request.app.state.db.read() as session:
        row = await get_database(session, actor, database_id)
        instance = await get_instance(session, actor, row.instance_id)
        points = (await database_size_history(session, actor, [database_id], since))[database_id]
        growths = [
            (days, (await database_growth(session, actor, [database_id], days)).get(database_id))
            for days in SPANS
        ]
        tables = await tables_of(request, session, row)
        expected = await get_forecast(session, actor, database_id, today=today)
    space, space_at = _space(row, tables["snapshot"])
    sizes = readings_of(points)
    whole = [point for point, (_, size) in zip(points, sizes, strict=True) if size is not None]
    return render(
        request,
        "databases/detail.html",
        push=request.url.path + f"?range={span}",
        row=row,
        instance=instance,
        sizes=sizes,
        datas=[(point.date, point.data_bytes) for point in whole],
        logs=[(point.date, point.log_bytes) for point in whole],
        parted=any(point.log_bytes is not None for point in points),
        growths=growths,
        expected=expected,
        days=RANGES[span],
        sampled=sum(point.is_sample for point in points),
        range=span,
        ranges=list(RANGES),
        space=space,
        space_at=space_at,
        **tables,
    )


def _space(
    row: DatabaseRow, snapshot: TableSnapshotRow | None
) -> tuple[Reconciliation | None, datetime | None]:
    """Where the bytes are, and as of when: from inside the database, where somebody has asked."""
    if snapshot is not None and snapshot.reconciliation is not None:
        return Reconciliation.of_json(snapshot.reconciliation), snapshot.collected_at
    if row.reconciliation is not None:
        return Reconciliation.of_json(row.reconciliation), row.size_collected_at
    return None, None


def readings_of(points: Sequence[SizePointRow]) -> list[tuple[date, int | None]]:
    """The size of each day; none where it could not be read, or not as a whole like the others."""
    sizes = alike((point.size_bytes, point.quality is Quality.PARTIAL) for point in points)
    return [(point.date, size) for point, size in zip(points, sizes, strict=True)]


def ledger_filter(fields: QueryParams) -> DatabaseFilter:
    """The ledger's query string, the same for the page and its CSV. Raises BadInput."""
    state = forms.choice(fields, "state", DatabaseState)
    return DatabaseFilter(
        search=forms.text(fields, "search"),
        engines=forms.engines(fields, "engine", "db_type"),
        instance_id=forms.integer(fields, "instance_id"),
        tags=forms.texts(fields, "tags"),
        min_size_bytes=forms.size(fields, "min_size"),
        max_size_bytes=forms.size(fields, "max_size"),
        freshness=forms.choice(fields, "freshness", Freshness),
        state=state,
        active_only=state is not DatabaseState.GONE,
    )


def ledger_order(fields: QueryParams) -> OrderBy | None:
    return forms.order(fields, DatabaseOrderField)


async def _choices(request: Request, session: ReadSession) -> dict[str, Any]:
    """What the filters offer."""
    actor = request.state.actor
    tags = await list_tag_options(session, actor, is_active=True)
    instances = await list_instance_options(session, actor, MOST_INSTANCES + 1)
    return {
        "tags": [(tag.name, tag.display_name) for tag in tags],
        "instances": instances if len(instances) <= MOST_INSTANCES else [],
        "freshness": list(Freshness),
        "states": list(DatabaseState),
    }


async def _in_words(
    request: Request, session: ReadSession, state: ListState, filter: DatabaseFilter
) -> ListState:
    """The state with its values as the fields spell them, and names where it has numbers."""
    engines = filter.engines
    values = {
        **state.values,
        "engine": engines,
        "freshness": filter.freshness,
        "state": filter.state,
    }
    texts = {"engine": ", ".join(ENGINES[name].label for name in engines or ())}
    if filter.instance_id is not None:
        texts["instance_id"] = await _instance_name(request, session, filter.instance_id)
    return replace(state, values=values, texts=texts)


async def _instance_name(request: Request, session: ReadSession, instance_id: int) -> str:
    try:
        return (await get_instance(session, request.state.actor, instance_id)).name
    except NotFound:
        return str(instance_id)


ROUTES = [
    Route("/", home),
    Route("/databases", home),
    Route("/databases/ledgers", ledger),
    Route("/databases/ledgers/sync", confirm_sync),
    Route("/databases/stats", statistics),
    Route("/databases/{id:row_id}", detail),
]
