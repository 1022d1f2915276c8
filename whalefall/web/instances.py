"""Instances: the list, one of them with its databases, and what can be done to it."""

from datetime import UTC, datetime, timedelta

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.paging import OrderBy
from whalefall.domain.states import InstanceStatus, SyncTrigger
from whalefall.resolvers.capacity import instance_size_history
from whalefall.resolvers.collection import test_instance
from whalefall.resolvers.databases import (
    DatabaseFilter,
    DatabaseOrderField,
    count_ledger,
    list_ledger,
)
from whalefall.resolvers.instances import (
    InstanceFilter,
    InstanceOrderField,
    count_instances,
    get_instance,
    list_instances,
)
from whalefall.resolvers.sessions import start_capacity, start_capacity_of_many
from whalefall.resolvers.sync import SyncSessionFilter, list_sync_sessions
from whalefall.resolvers.tags import TagFilter, list_tags
from whalefall.web import forms
from whalefall.web.databases import readings_of
from whalefall.web.html import is_fragment, redirect, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

HISTORY_DAYS = 92
LATEST_SESSIONS = 5
LABELS = {
    "search": N_("Search"),
    "engine": N_("Engine"),
    "tags": N_("Tag"),
    "status": N_("Status"),
}


async def instances(request: Request) -> Response:
    """The list of instances; as a fragment only its table."""
    fields, actor = request.query_params, request.state.actor
    filter, order = instance_filter(fields), instance_order(fields)
    state, page = list_state(request, "instances_table", LABELS, default_order="name")
    async with request.app.state.db.read() as session:
        rows = await list_instances(session, actor, filter, order, page)
        total = await count_instances(session, actor, filter)
        tags = await list_tags(session, actor, TagFilter(is_active=True))
    return render(
        request,
        "instances/list.html",
        push=state.here,
        list=state,
        page=rows,
        total=total,
        largest=max((row.total_size_bytes or 0 for row in rows.rows), default=0),
        tags=[(tag.name, tag.display_name) for tag in tags.rows],
        statuses=[InstanceStatus.ACTIVE, InstanceStatus.INACTIVE],
    )


async def detail(request: Request) -> Response:
    """One instance: its health, its growth, its databases, its latest sessions."""
    actor, instance_id = request.state.actor, forms.path_id(request)
    fields = request.query_params
    filter = DatabaseFilter(
        instance_id=instance_id,
        search=forms.text(fields, "search"),
        active_only=forms.text(fields, "gone") is None,
    )
    order = forms.order(fields, DatabaseOrderField) or forms.descending(DatabaseOrderField.SIZE)
    labels = {"search": N_("Search"), "gone": N_("Gone ones too")}
    state, page = list_state(request, "databases_table", labels, default_order="-size")
    since = datetime.now(UTC).date() - timedelta(days=HISTORY_DAYS)
    async with request.app.state.db.read() as session:
        row = await get_instance(session, actor, instance_id)
        databases = await list_ledger(session, actor, filter, order, page)
        history = await instance_size_history(session, actor, [instance_id], since)
        total = await count_ledger(session, actor, filter)
        sessions = await list_sync_sessions(
            session,
            actor,
            SyncSessionFilter(instance_id=instance_id),
            page=forms.first(LATEST_SESSIONS),
        )
    return render(
        request,
        "instances/detail.html",
        push=state.here,
        row=row,
        list=state,
        page=databases,
        total=total,
        largest=max((found.size_bytes or 0 for found in databases.rows), default=0),
        history=readings_of(history[instance_id]),
        sampled=sum(point.is_sample for point in history[instance_id]),
        sessions=sessions.rows,
        outcome=None,
    )


async def test(request: Request) -> Response:
    """Try the connection; htmx gets the result as a banner, others the page with its health."""
    instance_id = forms.path_id(request)
    db, actor = request.app.state.db, request.state.actor
    outcome = await test_instance(db, actor, instance_id)
    if not is_fragment(request):
        return redirect(request, f"/instances/{instance_id}")
    async with db.read() as session:
        row = await get_instance(session, actor, instance_id)
    return render(request, "instances/health.html", row=row, outcome=outcome)


async def sync_capacity(request: Request) -> Response:
    """Begin to collect one instance, and show the session."""
    async with request.app.state.db.write() as session:
        sync_id = await start_capacity(
            session, request.state.actor, forms.path_id(request), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{sync_id}")


async def sync_all(request: Request) -> Response:
    """Begin to collect every active instance, and show the session."""
    actor = request.state.actor
    actor.require(Permission.EXECUTE)
    async with request.app.state.db.write() as session:
        sync_id = await start_capacity_of_many(
            session, actor, InstanceFilter(), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{sync_id}")


def instance_filter(fields: QueryParams) -> InstanceFilter:
    """The query string of the list, the same for the page and its CSV. Raises BadInput."""
    return InstanceFilter(
        search=forms.text(fields, "search"),
        engines=forms.engines(fields, "engine", "db_type"),
        status=forms.choice(fields, "status", InstanceStatus),
        tags=forms.texts(fields, "tags"),
    )


def instance_order(fields: QueryParams) -> OrderBy | None:
    return forms.order(fields, InstanceOrderField)


ROUTES = [
    Route("/instances", instances),
    Route("/instances/actions/sync-capacity", sync_all, methods=["POST"]),
    Route("/instances/{id:row_id}", detail),
    Route("/instances/{id:row_id}/actions/test", test, methods=["POST"]),
    Route("/instances/{id:row_id}/actions/sync-capacity", sync_capacity, methods=["POST"]),
]
