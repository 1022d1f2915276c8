"""One instance: how it answers, how it grows, what is on it, and what can be done to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.db import ReadSession
from whalefall.domain.states import ConnectionState, SyncTrigger
from whalefall.resolvers.capacity import instance_size_history
from whalefall.resolvers.collection import test_instance
from whalefall.resolvers.credentials import get_credential
from whalefall.resolvers.instances import InstanceRow, get_instance
from whalefall.resolvers.sessions import start_capacity
from whalefall.web import forms
from whalefall.web.databases import readings_of
from whalefall.web.html import is_fragment, redirect, render
from whalefall.web.instance_tabs import TABS, tabs_of
from whalefall.web.words import N_, NEXT_STEPS

HISTORY_DAYS = 90
PARTS = {"tab", "databases_table", "sessions_table", "changes_table"}


async def detail(request: Request) -> Response:
    """The page; as a fragment only its tab, or that tab's table."""
    actor, wanted = request.state.actor, request.query_params.get("tab", "")
    tab = wanted if wanted in TABS else next(iter(TABS))
    _, _, load = TABS[tab]
    async with request.app.state.db.read() as session:
        row = await get_instance(session, actor, forms.path_id(request))
        values = await load(request, session, row)
        if not (is_fragment(request) and request.headers.get("hx-target") in PARTS):
            values |= await _whole(request, session, row)
    return render(
        request,
        "instances/detail.html",
        push=values["list"].here,
        row=row,
        tab=tab,
        tabs=tabs_of(actor),
        **values,
    )


async def test(request: Request) -> Response:
    """Try the connection; htmx gets the health with the outcome, others the whole page."""
    instance_id = forms.path_id(request)
    db, actor = request.app.state.db, request.state.actor
    outcome = await test_instance(db, actor, instance_id)
    if not is_fragment(request):
        return redirect(request, f"/instances/{instance_id}")
    async with db.read() as session:
        row = await get_instance(session, actor, instance_id)
        values = await _whole(request, session, row)
    return render(request, "instances/health.html", row=row, **{**values, "outcome": outcome})


async def sync_capacity(request: Request) -> Response:
    """Begin to collect one instance, and show the session."""
    async with request.app.state.db.write() as session:
        sync_id = await start_capacity(
            session, request.state.actor, forms.path_id(request), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{sync_id}")


def next_step(row: InstanceRow) -> str:
    """What to do about its connection; nothing when all is well."""
    if row.credential_id is None:
        return N_("Choose a credential: without one it cannot be read.")
    if row.connection_state is ConnectionState.FAILED and row.last_error_code is not None:
        return NEXT_STEPS.get(row.last_error_code, N_("Test the connection again."))
    if row.connection_state is ConnectionState.UNKNOWN:
        return N_("Test the connection.")
    if row.connection_state is ConnectionState.STALE:
        return N_("Test the connection: the last success is more than a day old.")
    return ""


async def _whole(request: Request, session: ReadSession, row: InstanceRow) -> dict[str, Any]:
    """What stands around the tabs."""
    actor = request.state.actor
    since = datetime.now(UTC).date() - timedelta(days=HISTORY_DAYS)
    points = (await instance_size_history(session, actor, [row.id], since))[row.id]
    credential = row.credential_id and await get_credential(session, actor, row.credential_id)
    return {
        "history": readings_of(points),
        "sampled": sum(point.is_sample for point in points),
        "credential": credential,
        "outcome": None,
        "next_step": next_step(row),
    }


ROUTES = [
    Route("/instances/{id:row_id}", detail),
    Route("/instances/{id:row_id}/actions/test", test, methods=["POST"]),
    Route("/instances/{id:row_id}/actions/sync-capacity", sync_capacity, methods=["POST"]),
]
