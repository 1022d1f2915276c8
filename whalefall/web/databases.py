"""The ledger of databases, and one database with its history and tables."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.domain.paging import OrderBy
from whalefall.domain.states import Freshness
from whalefall.resolvers.capacity import SizePointRow, database_size_history
from whalefall.resolvers.databases import (
    DatabaseFilter,
    DatabaseOrderField,
    count_ledger,
    get_database,
    list_ledger,
)
from whalefall.resolvers.instances import get_instance
from whalefall.resolvers.tags import TagFilter, list_tags
from whalefall.web import forms
from whalefall.web.html import redirect, render
from whalefall.web.lists import list_state
from whalefall.web.table_sizes import tables_of
from whalefall.web.words import N_

SPARK_DAYS = 30
RANGES = {"1m": 31, "3m": 92, "1y": 366}
LABELS = {
    "search": N_("Search"),
    "engine": N_("Engine"),
    "tags": N_("Tag"),
    "freshness": N_("Freshness"),
    "min_size": N_("At least"),
    "instance_id": N_("Instance"),
}


async def home(request: Request) -> Response:
    return redirect(request, "/databases/ledgers")


async def ledger(request: Request) -> Response:
    """The list of all databases; as a fragment only its table."""
    filter, order = ledger_filter(request.query_params), ledger_order(request.query_params)
    state, page = list_state(request, "ledger_table", LABELS, default_order="instance")
    actor, today = request.state.actor, datetime.now(UTC).date()
    async with request.app.state.db.read() as session:
        rows = await list_ledger(session, actor, filter, order, page)
        total = await count_ledger(session, actor, filter)
        ids = [row.id for row in rows.rows]
        since = today - timedelta(days=SPARK_DAYS)
        history = await database_size_history(session, actor, ids, since)
        tags = await list_tags(session, actor, TagFilter(is_active=True))
    return render(
        request,
        "databases/ledger.html",
        push=state.here,
        list=state,
        page=rows,
        total=total,
        largest=max((row.size_bytes or 0 for row in rows.rows), default=0),
        histories={key: readings_of(points) for key, points in history.items()},
        has_samples=any(point.is_sample for points in history.values() for point in points),
        tags=[(tag.name, tag.display_name) for tag in tags.rows],
        freshness=list(Freshness),
    )


async def detail(request: Request) -> Response:
    """One database: its readings, its history, its tables."""
    actor, database_id = request.state.actor, forms.path_id(request)
    span = request.query_params.get("range", "")
    today = datetime.now(UTC).date()
    since = today - timedelta(days=RANGES.get(span, RANGES["3m"]))
    async with request.app.state.db.read() as session:
        row = await get_database(session, actor, database_id)
        instance = await get_instance(session, actor, row.instance_id)
        history = await database_size_history(session, actor, [database_id], since)
        tables = await tables_of(request, session, row)
    return render(
        request,
        "databases/detail.html",
        row=row,
        instance=instance,
        history=readings_of(history[database_id]),
        sampled=sum(point.is_sample for point in history[database_id]),
        range=span if span in RANGES else "3m",
        ranges=list(RANGES),
        **tables,
    )


def readings_of(points: Sequence[SizePointRow]) -> list[tuple[date, int]]:
    """The days on which a size could be read."""
    return [(point.date, point.size_bytes) for point in points if point.size_bytes is not None]


def ledger_filter(fields: QueryParams) -> DatabaseFilter:
    """The ledger's query string, the same for the page and its CSV. Raises BadInput."""
    return DatabaseFilter(
        search=forms.text(fields, "search"),
        engines=forms.engines(fields, "engine", "db_type"),
        instance_id=forms.integer(fields, "instance_id"),
        tags=forms.texts(fields, "tags"),
        min_size_bytes=forms.size(fields, "min_size"),
        freshness=forms.choice(fields, "freshness", Freshness),
    )


def ledger_order(fields: QueryParams) -> OrderBy | None:
    return forms.order(fields, DatabaseOrderField)


ROUTES = [
    Route("/", home),
    Route("/databases", home),
    Route("/databases/ledgers", ledger),
    Route("/databases/{id:row_id}", detail),
]
