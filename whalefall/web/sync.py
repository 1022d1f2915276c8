"""Sync sessions: the list, one of them while it runs and after, and its end by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from whalefall.db import ReadSession
from whalefall.domain.charts import Segment, timeline
from whalefall.domain.states import TERMINAL, SyncCategory, SyncStatus, SyncTrigger
from whalefall.resolvers.repeating import accept_inventory, retry_failed_records
from whalefall.resolvers.sessions import cancel_sync_session, follow_session
from whalefall.resolvers.sync import (
    SyncRecordFilter,
    SyncRecordRow,
    SyncSessionFilter,
    SyncSessionRow,
    first_sync_records,
    get_sync_session,
    list_sync_records,
    list_sync_sessions,
    sync_session_authors,
)
from whalefall.web import forms
from whalefall.web.events import EVENT_STREAM, told
from whalefall.web.flowing import Values, flow
from whalefall.web.html import is_fragment, redirect, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_, TASKS

LABELS = {
    "category": N_("Kind"),
    "status": N_("Status"),
    "trigger": N_("Trigger"),
    "instance_id": N_("Instance"),
    "database_id": N_("Database"),
}
CATEGORIES = (
    SyncCategory.CAPACITY,
    SyncCategory.TABLE_SIZES,
    SyncCategory.AGGREGATION,
    SyncCategory.MAINTENANCE,
)
STATUSES = tuple(status for status in SyncStatus if status != SyncStatus.LOST)


async def sessions(request: Request) -> Response:
    """The list of sessions; running ones move, because their rows ask again."""
    fields = request.query_params
    category = forms.choice(fields, "category", SyncCategory)
    status = forms.choice(fields, "status", SyncStatus)
    trigger = forms.choice(fields, "trigger", SyncTrigger)
    filter = SyncSessionFilter(
        categories=[category] if category else None,
        statuses=[status] if status else None,
        triggers=[trigger] if trigger else None,
        instance_id=forms.integer(fields, "instance_id"),
        database_id=forms.integer(fields, "database_id"),
    )
    state, page = list_state(request, "sessions_table", LABELS, default_order="-created_at")

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_sync_sessions(session, request.state.actor, filter, page=page)
            return {"page": rows, **await _about(request, session, rows.rows)}

    return await flow(
        request,
        "sync/list.html",
        read,
        push=state.here,
        list=state,
        categories=CATEGORIES,
        statuses=STATUSES,
        triggers=list(SyncTrigger),
    )


async def row(request: Request) -> Response:
    """One row of the list, which asks for itself until its session is finished."""
    sync_id = forms.path_id(request)
    async with request.app.state.db.read() as session:
        found = await get_sync_session(session, request.state.actor, sync_id)
        about = await _about(request, session, [found])
    if not is_fragment(request):
        return redirect(request, f"/sync-sessions/{sync_id}")
    return render(request, "sync/row.html", row=found, **about)


async def detail(request: Request) -> Response:
    """One session with its records. While it runs, its block asks for itself after each event."""
    actor, sync_id, fields = request.state.actor, forms.path_id(request), request.query_params
    status = forms.choice(fields, "status", SyncStatus)
    labels = {"status": N_("Status")}
    state, page = list_state(request, "session_panel", labels)
    filter = SyncRecordFilter(statuses=[status] if status else None)
    async with request.app.state.db.read() as session:
        row = await get_sync_session(session, actor, sync_id)
        records = await list_sync_records(session, actor, sync_id, filter, page=page)
        authors = await sync_session_authors(session, actor, [row])
    return render(
        request,
        "sync/detail.html",
        row=row,
        list=state,
        page=records,
        moving=_is_moving(row),
        spans=_spans(records.rows),
        statuses=_present(row),
        author=authors.get(row.id),
        tasks=TASKS,
    )


async def events(request: Request) -> Response:
    """Server-sent events: "changed" whenever the page should look again, "done" after the last."""
    db, sync_id = request.app.state.db, forms.path_id(request)
    states = follow_session(db, request.state.actor, sync_id)
    first = await anext(states)  # whoever may not see it, or asks for none, is told so by status
    headers = {"X-Accel-Buffering": "no"}
    stream = told(first, states, lambda state: state.value.status in TERMINAL)
    return StreamingResponse(stream, headers=headers, media_type=EVENT_STREAM)


async def cancel(request: Request) -> Response:
    """Stop a session; what is finished stays."""
    sync_id = forms.path_id(request)
    async with request.app.state.db.write() as session:
        await cancel_sync_session(session, request.state.actor, sync_id)
    return redirect(request, f"/sync-sessions/{sync_id}")


async def retry(request: Request) -> Response:
    """Begin what failed once more, as a session of its own."""
    async with request.app.state.db.write() as session:
        started = await retry_failed_records(
            session, request.state.actor, forms.path_id(request), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{started}")


async def accept(request: Request) -> Response:
    """Have a doubted inventory read again, and believed."""
    async with request.app.state.db.write() as session:
        started = await accept_inventory(
            session, request.state.actor, forms.path_id(request), trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{started}")


async def _about(
    request: Request, session: ReadSession, rows: Sequence[SyncSessionRow]
) -> dict[str, Any]:
    """Whom the sessions of a list are about and who asked for them, by their ids."""
    actor, single = request.state.actor, [row.id for row in rows if row.total == 1]
    return {
        "targets": await first_sync_records(session, actor, single),
        "authors": await sync_session_authors(session, actor, rows),
        "tasks": TASKS,
    }


def _is_moving(row: SyncSessionRow) -> bool:
    return row.status not in TERMINAL


def _spans(records: Sequence[SyncRecordRow]) -> dict[int, Segment]:
    """The place of each record on the time axis of those shown."""
    now = datetime.now(UTC)
    spans = [(record.started_at, record.finished_at or now) for record in records]
    return {records[span.index].id: span for span in timeline(spans)}


def _present(row: SyncSessionRow) -> Sequence[SyncStatus]:
    """The statuses worth filtering by in a session of many records."""
    return STATUSES if row.total > 1 else ()


ROUTES = [
    Route("/sync-sessions", sessions),
    Route("/sync-sessions/{id:row_id}", detail),
    Route("/sync-sessions/{id:row_id}/row", row),
    Route("/sync-sessions/{id:row_id}/events", events),
    Route("/sync-sessions/{id:row_id}/actions/cancel", cancel, methods=["POST"]),
    Route("/sync-sessions/{id:row_id}/actions/retry", retry, methods=["POST"]),
    Route("/sync-records/{id:row_id}/actions/accept", accept, methods=["POST"]),
]
