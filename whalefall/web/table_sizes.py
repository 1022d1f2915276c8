"""The tables of a database: the panel, its refresh, and the progress while that runs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.db import ReadSession
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import SnapshotStatus, SyncCategory, SyncStatus, SyncTrigger
from whalefall.resolvers.databases import DatabaseRow, get_database
from whalefall.resolvers.sessions import start_table_sizes
from whalefall.resolvers.sync import (
    SyncRecordRow,
    SyncSessionFilter,
    list_sync_records,
    list_sync_sessions,
)
from whalefall.resolvers.table_sizes import (
    TableSizeFilter,
    TableSizeOrderField,
    count_table_sizes,
    get_table_snapshot,
    list_table_sizes,
)
from whalefall.web import forms
from whalefall.web.html import is_fragment, redirect, render
from whalefall.web.lists import ListState, list_state
from whalefall.web.words import N_

LABELS = {"search": N_("Search"), "schema": N_("Schema"), "min_size": N_("At least")}
MAP_CELLS = 30
PANEL, LIST = "tables_panel", "tables_list"


async def tables(request: Request) -> Response:
    """The tables alone, map and list; the search only swaps the list, so its field keeps focus."""
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, forms.path_id(request))
        panel = await tables_of(request, session, row)
    state: ListState = panel["list"]
    if is_fragment(request) and request.headers.get("hx-target") == LIST:
        headers = {"HX-Push-Url": state.here}
        return render(request, "databases/tables_list.html", headers=headers, row=row, **panel)
    return render(request, "databases/tables.html", push=state.here, row=row, **panel)


async def refresh(request: Request) -> Response:
    """Have the tables read anew; htmx gets the panel with its progress, others the page."""
    database_id = forms.path_id(request)
    actor = request.state.actor
    async with request.app.state.db.write() as session:
        await start_table_sizes(session, actor, database_id, trigger=SyncTrigger.MANUAL)
    if not is_fragment(request):
        return redirect(request, _state(request)[0].url())
    return await _panel(request)


async def progress(request: Request) -> Response:
    """What the panel's progress line asks each second; when all is done, the panel itself."""
    database_id = forms.path_id(request)
    async with request.app.state.db.read() as session:
        snapshot = await get_table_snapshot(session, request.state.actor, database_id)
        record = await _running(request, session, database_id)
    if snapshot is not None and snapshot.status == SnapshotStatus.REFRESHING:
        state, _ = _state(request)
        return render(request, "databases/progress.html", list=state, record=record)
    headers = {"HX-Retarget": f"#{PANEL}", "HX-Reswap": "outerHTML"}
    return await _panel(request, headers)


async def tables_of(request: Request, session: ReadSession, row: DatabaseRow) -> dict[str, Any]:
    """What the panel shows: the snapshot's head, one page of tables, the largest for the map."""
    actor, fields = request.state.actor, request.query_params
    filter = TableSizeFilter(
        search=forms.text(fields, "search"),
        schema_name=forms.text(fields, "schema"),
        min_size_bytes=forms.size(fields, "min_size"),
    )
    state, page = _state(request)
    order = forms.order(fields, TableSizeOrderField)
    snapshot = await get_table_snapshot(session, actor, row.id)
    found = await list_table_sizes(session, actor, row.id, filter, order, page)
    largest = await list_table_sizes(session, actor, row.id, page=forms.first(MAP_CELLS))
    refreshing = snapshot is not None and snapshot.status == SnapshotStatus.REFRESHING
    return {
        "list": state,
        "page": found,
        "total": await count_table_sizes(session, actor, row.id, filter),
        "snapshot": snapshot,
        "largest": largest.rows,
        "record": await _running(request, session, row.id) if refreshing else None,
    }


def _state(request: Request) -> tuple[ListState, PageRequest]:
    """The list's own address, whichever page or deed shows it."""
    path = f"/databases/{forms.path_id(request)}/tables"
    return list_state(request, LIST, LABELS, default_order="-size", path=path)


async def _panel(request: Request, headers: dict[str, str] | None = None) -> Response:
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, forms.path_id(request))
        panel = await tables_of(request, session, row)
    return render(request, "databases/tables.html", block=PANEL, headers=headers, row=row, **panel)


async def _running(
    request: Request, session: ReadSession, database_id: int
) -> SyncRecordRow | None:
    """The record of the refresh under way, for its stage and progress."""
    live = [SyncStatus.PENDING, SyncStatus.RUNNING]
    filter = SyncSessionFilter(
        categories=[SyncCategory.TABLE_SIZES], statuses=live, database_id=database_id
    )
    actor, page = request.state.actor, forms.first(1)
    sessions = await list_sync_sessions(session, actor, filter, page=page)
    if not sessions.rows:
        return None
    records = await list_sync_records(session, actor, sessions.rows[0].id, page=page)
    return records.rows[0] if records.rows else None


ROUTES = [
    Route("/databases/{id:row_id}/tables", tables),
    Route("/databases/{id:row_id}/tables/actions/refresh", refresh, methods=["POST"]),
    Route("/databases/{id:row_id}/tables/progress", progress),
]
