"""The tables of a database: the panel, its refresh, and the progress while that runs."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.db import ReadSession
from whalefall.domain.links import path_and_query
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
    TableSizeRow,
    TableTotals,
    count_table_sizes,
    get_table_snapshot,
    get_table_totals,
    list_table_sizes,
)
from whalefall.web import forms
from whalefall.web.html import is_fragment, query, redirect, render
from whalefall.web.lists import ListState, list_state
from whalefall.web.words import N_

LABELS = {
    "search": N_("Search"),
    "schema": N_("Schema"),
    "table": N_("Table"),
    "min_size": N_("At least"),
}
SIZES = (200, 50, 1000, 2000)
MAP_CELLS = 30
LEAST_SHARE = 0.004  # of the map: a smaller cell could be neither read nor clicked
CROWD = 0.75  # of all tables: beside others of that size the largest could not be told apart
PANEL, LIST = "tables_panel", "tables_list"
LIVE = [SyncStatus.PENDING, SyncStatus.RUNNING]
CHANGED = "tables:changed"  # what else shows something of the tables asks for itself again


async def tables(request: Request) -> Response:
    """The tables as a page or a dialog; the search only swaps the list, so its field keeps focus,
    and what sets the filters from elsewhere swaps the panel, so its fields follow.

    The address follows the list only where the page is about this database, not under a dialog.
    """
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, forms.path_id(request))
        panel = await tables_of(request, session, row)
    state: ListState = panel["list"]
    target = request.headers.get("hx-target") if is_fragment(request) else None
    if target not in (LIST, PANEL):
        return render(request, "databases/tables.html", row=row, **panel)
    headers = {"HX-Push-Url": state.here if _is_ours(request, row.id) else "false"}
    template = "databases/tables_list.html" if target == LIST else "databases/tables.html"
    return render(request, template, headers=headers, row=row, **panel)


async def refresh(request: Request) -> Response:
    """Have the tables read anew; htmx gets the panel with its progress, others the page."""
    database_id = forms.path_id(request)
    actor = request.state.actor
    async with request.app.state.db.write() as session:
        await start_table_sizes(session, actor, database_id, trigger=SyncTrigger.MANUAL)
    if not is_fragment(request):
        return redirect(request, _state(request)[0].url())
    return await _panel(_as_listed(request, await request.form()))


async def progress(request: Request) -> Response:
    """What the panel's progress asks each second; when all is done, the panel and a toast."""
    database_id = forms.path_id(request)
    async with request.app.state.db.read() as session:
        snapshot = await get_table_snapshot(session, request.state.actor, database_id)
        if snapshot is not None and snapshot.status == SnapshotStatus.REFRESHING:
            record = await _record(request, session, database_id, LIVE)
            state, _ = _state(request)
            return render(request, "databases/progress.html", list=state, record=record)
        ended = await _record(request, session, database_id)
    headers = {"HX-Retarget": f"#{PANEL}", "HX-Reswap": "outerHTML", "HX-Trigger": CHANGED}
    return await _panel(request, headers, ended=ended)


async def tables_of(request: Request, session: ReadSession, row: DatabaseRow) -> dict[str, Any]:
    """What the panel shows: the snapshot's head, one page of tables, the largest for the map."""
    actor, fields = request.state.actor, request.query_params
    filter = TableSizeFilter(
        search=forms.text(fields, "search"),
        schema_name=forms.text(fields, "schema"),
        table_name=forms.text(fields, "table"),
        min_size_bytes=forms.size(fields, "min_size"),
    )
    state, page = _state(request)
    order = forms.order(fields, TableSizeOrderField)
    snapshot = await get_table_snapshot(session, actor, row.id)
    found = await list_table_sizes(session, actor, row.id, filter, order, page)
    largest = await list_table_sizes(session, actor, row.id, page=forms.first(MAP_CELLS))
    refreshing = snapshot is not None and snapshot.status == SnapshotStatus.REFRESHING
    totals = await get_table_totals(session, actor, row.id)
    return {
        "list": state,
        "page": found,
        "total": await count_table_sizes(session, actor, row.id, filter),
        "snapshot": snapshot,
        "totals": totals,
        "largest": largest.rows,
        **_map(largest.rows, totals),
        "record": await _record(request, session, row.id, LIVE) if refreshing else None,
        "ended": None,
    }


def _map(largest: Sequence[TableSizeRow], totals: TableTotals) -> dict[str, Any]:
    """The tables that get a cell of the map: large enough to be seen beside the largest; and
    whether all others are drawn as one cell, which a crowd of small ones would be too large for."""
    together = sum(table.size_bytes or 0 for table in largest)
    whole = together >= totals.size_bytes * (1 - CROWD)
    least = (totals.size_bytes if whole else together) * LEAST_SHARE
    cells = [table for table in largest if table.size_bytes and table.size_bytes >= least]
    return {"cells": cells, "draws_others": whole}


def _is_ours(request: Request, database_id: int) -> bool:
    """Whether the page in the browser is this database's own; unknown counts as yes."""
    path, _ = path_and_query(request.headers.get("hx-current-url", ""))
    page = f"/databases/{database_id}"
    return path in ("", page, f"{page}/tables")


def _state(request: Request) -> tuple[ListState, PageRequest]:
    """The list's own address, whichever page or deed shows it."""
    path = f"/databases/{forms.path_id(request)}/tables"
    return list_state(request, LIST, LABELS, default_order="-size", path=path, choices=SIZES)


def _as_listed(request: Request, fields: FormData) -> Request:
    """The request as if the list's fields, which may have changed since, were in its address."""
    if "search" not in fields:
        return request
    wanted = {name: forms.text(fields, name) for name in (*LABELS, "order", "size")}
    return Request({**request.scope, "query_string": query("", wanted)[1:].encode()})


async def _panel(
    request: Request,
    headers: dict[str, str] | None = None,
    *,
    ended: SyncRecordRow | None = None,
) -> Response:
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, forms.path_id(request))
        panel = await tables_of(request, session, row)
    panel["ended"] = ended
    return render(request, "databases/tables.html", block=PANEL, headers=headers, row=row, **panel)


async def _record(
    request: Request,
    session: ReadSession,
    database_id: int,
    statuses: list[SyncStatus] | None = None,
) -> SyncRecordRow | None:
    """The record of the latest refresh, or of the one in these statuses."""
    filter = SyncSessionFilter(
        categories=[SyncCategory.TABLE_SIZES], statuses=statuses, database_id=database_id
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
