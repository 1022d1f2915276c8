"""What is done to chosen instances, one or many: recycled, restored, purged, paused, resumed.

What is not taken back lightly is shown before it is done: the instances by name, the effects.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.db import Session
from whalefall.errors import BadInput, NotFound
from whalefall.resolvers.instances import InstanceRow
from whalefall.resolvers.instances.choosing import matching_ids, rows_of
from whalefall.resolvers.instances.purging import purge_instances
from whalefall.resolvers.instances.recycling import (
    recycle_instances,
    restore_instances,
    set_instances_active,
)
from whalefall.web import forms
from whalefall.web.html import changing, done, is_fragment, redirect, render
from whalefall.web.instances import instance_filter
from whalefall.web.words import N_

LIST, BIN = "/instances", "/instances?deleted=only"
PURGE_MANY = "purge"  # what to type where there is more than one name


async def ask_recycle(request: Request) -> Response:
    request.state.actor.require(Permission.DELETE)
    return await _ask(request, request.query_params, "instances/recycle.html")


async def recycle(request: Request) -> Response:
    """Ask first; then put the instances into the bin, and offer the way back."""
    actor = request.state.actor
    actor.require(Permission.DELETE)
    fields = await _fields(request)
    if "confirmed" not in fields:
        return await _ask(request, fields, "instances/recycle.html")
    async with request.app.state.db.write() as session:
        rows = await recycle_instances(session, actor, await _chosen(session, request, fields))
    if not is_fragment(request):
        return redirect(request, LIST)
    said: dict[str, Any] = {"names": [row.name for row in rows], "ids": [row.id for row in rows]}
    headers = changing("instances")
    return render(request, "instances/recycled.html", block="done", headers=headers, **said)


async def ask_purge(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    return await _ask(request, request.query_params, "instances/purge.html")


async def purge(request: Request) -> Response:
    """Ask for a name to be typed first; then delete for good."""
    actor = request.state.actor
    actor.require(Permission.ADMIN)
    fields = await _fields(request)
    if "confirmed" not in fields:
        return await _ask(request, fields, "instances/purge.html")
    rows = await _rows(request, fields)
    if forms.text(fields, "typed") != to_type(rows):
        return await _ask(request, fields, "instances/purge.html", refused=True)
    async with request.app.state.db.write() as session:
        await purge_instances(session, actor, [row.id for row in rows])
    one, many = N_("%(name)s is deleted for good"), N_("%(count)s instances are deleted for good")
    return _done(request, rows, one, many, url=BIN)


async def restore(request: Request) -> Response:
    actor = request.state.actor
    actor.require(Permission.UPDATE)
    fields = await _fields(request)
    async with request.app.state.db.write() as session:
        rows = await restore_instances(session, actor, await _chosen(session, request, fields))
    one, many = N_("%(name)s is back"), N_("%(count)s instances are back")
    response = _done(request, rows, one, many)
    if "undo" in fields and is_fragment(request):
        response.headers["HX-Reswap"] = "delete"  # of the toast that offered it
    return response


async def pause(request: Request) -> Response:
    rows = await _set_active(request, is_active=False)
    one, many = N_("%(name)s is paused"), N_("%(count)s instances are paused")
    return _done(request, rows, one, many)


async def resume(request: Request) -> Response:
    rows = await _set_active(request, is_active=True)
    one, many = N_("%(name)s is collected again"), N_("%(count)s instances are collected again")
    return _done(request, rows, one, many)


def to_type(rows: Sequence[InstanceRow]) -> str:
    """What proves that somebody means it: the name, or of many a word."""
    return rows[0].name if len(rows) == 1 else PURGE_MANY


async def _set_active(request: Request, *, is_active: bool) -> list[InstanceRow]:
    actor = request.state.actor
    actor.require(Permission.UPDATE)
    fields = await _fields(request)
    async with request.app.state.db.write() as session:
        ids = await _chosen(session, request, fields)
        return await set_instances_active(session, actor, ids, is_active=is_active)


async def _fields(request: Request) -> forms.Fields:
    """A form's fields, or the query of a link that stands for one row."""
    form = await request.form()
    return form if {"ids", "all"} & form.keys() else request.query_params


async def _chosen(session: Session, request: Request, fields: forms.Fields) -> list[int]:
    """The ids that were picked, or of all that the list's filters let through."""
    if "all" in fields:
        ids = await matching_ids(session, request.state.actor, instance_filter(fields))
    else:
        ids = forms.integers(fields, "ids")
    if not ids:
        raise BadInput("Choose at least one instance.", field="ids")
    return ids


async def _rows(request: Request, fields: forms.Fields) -> list[InstanceRow]:
    async with request.app.state.db.read() as session:
        ids = await _chosen(session, request, fields)
        rows = await rows_of(session, request.state.actor, ids)
    if not rows:
        raise NotFound("There is no such instance.")
    return rows


async def _ask(
    request: Request, fields: forms.Fields, template: str, *, refused: bool = False
) -> Response:
    """The confirmation: exactly the instances shown are what is then done."""
    rows = await _rows(request, fields)
    return render(
        request,
        template,
        status=422 if refused else 200,
        rows=rows,
        ids=",".join(str(row.id) for row in rows),
        typed=to_type(rows),
        refused=refused,
        databases=sum(
            (row.database_count or 0) + (row.inactive_database_count or 0) for row in rows
        ),
    )


def _done(
    request: Request, rows: Sequence[InstanceRow], one: str, many: str, *, url: str = LIST
) -> Response:
    title = one if len(rows) == 1 else many
    said: dict[str, Any] = {"name": rows[0].name, "count": len(rows)}
    return done(request, url, changed="instances", title=title, **said)


ROUTES = [
    Route("/instances/actions/recycle", ask_recycle, methods=["GET"]),
    Route("/instances/actions/recycle", recycle, methods=["POST"]),
    Route("/instances/actions/purge", ask_purge, methods=["GET"]),
    Route("/instances/actions/purge", purge, methods=["POST"]),
    Route("/instances/actions/restore", restore, methods=["POST"]),
    Route("/instances/actions/pause", pause, methods=["POST"]),
    Route("/instances/actions/resume", resume, methods=["POST"]),
]
