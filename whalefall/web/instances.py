"""Instances: their list, and what can be done to all of them."""

from datetime import timedelta
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Actor, Permission
from whalefall.db import ReadSession
from whalefall.domain.paging import MOST_COUNTED, OrderBy
from whalefall.domain.states import (
    ConnectionState,
    CredentialType,
    DeletedFilter,
    InstanceStatus,
    SyncTrigger,
)
from whalefall.errors import NotFound
from whalefall.resolvers.capacity import instance_size_lines
from whalefall.resolvers.collection import test_instance
from whalefall.resolvers.credentials import get_credential, list_credential_options
from whalefall.resolvers.instances import (
    InstanceFilter,
    InstanceOrderField,
    count_instances,
    get_instance,
    list_instances,
)
from whalefall.resolvers.sessions import start_capacity_of_many
from whalefall.resolvers.tags import list_tag_options
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.html import is_fragment, redirect, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

LABELS = {
    "search": N_("Search"),
    "engine": N_("Engine"),
    "tags": N_("Tag"),
    "status": N_("Status"),
    "connection": N_("Connection"),
    "credential_id": N_("Credential"),
    "has_credential": N_("With a credential"),
    "version": N_("Version"),
    "port": N_("Port"),
    "deleted": N_("Recycle bin"),
}
TREND_DAYS = 30
MOST_CREDENTIALS = 100  # in the filter's choice; where there are more, each leads to its instances


class YesNo(StrEnum):
    """A yes or no in an address."""

    YES = "YES"
    NO = "NO"


async def instances(request: Request) -> Response:
    """The list of instances, or of those in the recycle bin; as a fragment only its table."""
    fields, actor = request.query_params, request.state.actor
    filter, order = instance_filter(fields), instance_order(fields)
    state, page = list_state(request, "instances_table", LABELS, default_order="name")
    today = request.app.state.settings.today()
    since, bin_only = today - timedelta(days=TREND_DAYS), InstanceFilter(deleted=DeletedFilter.ONLY)

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_instances(session, actor, filter, order, page)
            ids = [row.id for row in rows.rows]
            lines = await instance_size_lines(session, actor, ids, since, today)
            tags = await list_tag_options(session, actor, is_active=True)
            return {
                "page": rows,
                "total": await count_instances(session, actor, filter, at_most=MOST_COUNTED),
                "in_bin": await count_instances(session, actor, bin_only),
                "largest": max((row.total_size_bytes or 0 for row in rows.rows), default=0),
                "lines": lines,
                "has_samples": any(line.has_samples for line in lines.values()),
                "tags": [(tag.name, tag.display_name) for tag in tags],
                "credentials": await _credentials(session, actor),
                "named": await _named(session, actor, filter.credential_id),
            }

    return await flow(
        request,
        "instances/list.html",
        read,
        push=state.here,
        list=state,
        is_bin=filter.deleted is DeletedFilter.ONLY,
        statuses=[InstanceStatus.ACTIVE, InstanceStatus.INACTIVE],
        connections=list(ConnectionState),
    )


async def _credentials(session: ReadSession, actor: Actor) -> list[tuple[int, str]]:
    """What the filter offers: all credentials, or none where a choice would be too long."""
    kind, most = CredentialType.DATABASE, MOST_CREDENTIALS + 1
    found = await list_credential_options(session, actor, kind, most)
    return found if len(found) < most else []


async def _named(session: ReadSession, actor: Actor, credential_id: int | None) -> dict[str, str]:
    """The name of the credential that the list is narrowed to, by its id."""
    if credential_id is None:
        return {}
    try:
        return {str(credential_id): (await get_credential(session, actor, credential_id)).name}
    except NotFound:
        return {}


async def connect(request: Request) -> Response:
    """Try the connection of one row; htmx gets the row's cell, others the list."""
    instance_id = forms.path_id(request)
    db, actor = request.app.state.db, request.state.actor
    await test_instance(db, actor, instance_id)
    if not is_fragment(request):
        return redirect(request, "/instances")
    async with db.read() as session:
        row = await get_instance(session, actor, instance_id)
    at = {"HX-Retarget": f"#connection_{row.id}", "HX-Reswap": "outerHTML"}
    return render(request, "instances/connection.html", headers=at, row=row)


async def sync_all(request: Request) -> Response:
    """Begin to collect every active instance, and show the session."""
    actor = request.state.actor
    actor.require(Permission.EXECUTE)
    async with request.app.state.db.write() as session:
        sync_id = await start_capacity_of_many(
            session, actor, InstanceFilter(), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{sync_id}")


def instance_filter(fields: forms.Fields) -> InstanceFilter:
    """The query string of the list, the same for page, CSV and deeds. Raises BadInput."""
    version, has = forms.text(fields, "version"), forms.choice(fields, "has_credential", YesNo)
    return InstanceFilter(
        search=forms.text(fields, "search"),
        engines=forms.engines(fields, "engine", "db_type"),
        status=forms.choice(fields, "status", InstanceStatus),
        tags=forms.texts(fields, "tags"),
        deleted=forms.choice(fields, "deleted", DeletedFilter) or DeletedFilter.EXCLUDE,
        credential_id=forms.integer(fields, "credential_id"),
        connection=forms.choice(fields, "connection", ConnectionState),
        has_credential=None if has is None else has is YesNo.YES,
        main_version="" if version == "unknown" else version,
        port=forms.integer(fields, "port"),
    )


def instance_order(fields: forms.Fields) -> OrderBy | None:
    return forms.order(fields, InstanceOrderField)


ROUTES = [
    Route("/instances", instances),
    Route("/instances/actions/sync-capacity", sync_all, methods=["POST"]),
    Route("/instances/{id:row_id}/connection", connect, methods=["POST"]),
]
