"""The partitions of our own tables: whether all is well, one month more, old months less."""

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.partitions import (
    PartitionKind,
    create_month,
    drop_old_partitions,
    old_partitions,
    partition_report,
)
from whalefall.web import forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

LIST = "/partitions"


async def partitions(request: Request) -> Response:
    """Every partition by table and month."""
    db = request.app.state.db
    async with db.read() as session:
        report = await partition_report(session, request.state.actor, db)
    return render(request, "partitions/list.html", report=report)


async def create(request: Request) -> Response:
    """One month more, this or a later one."""
    request.state.actor.require(Permission.ADMIN)
    fields = await request.form()
    month = forms.text(fields, "month") or ""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise BadInput("Only this month and later ones get partitions.", field="month") from error
    async with request.app.state.db.write() as session:
        await create_month(
            session, request.state.actor, first, today=request.app.state.settings.today()
        )
    return done(request, LIST, changed="partitions", title=N_("The month has its partitions"))


async def cleanup(request: Request) -> Response:
    """What would go, to be confirmed with the first month that stays."""
    request.state.actor.require(Permission.ADMIN)
    settings = request.app.state.settings
    kind = forms.choice(request.query_params, "kind", PartitionKind) or PartitionKind.RAW
    usual = settings.raw_months if kind is PartitionKind.RAW else settings.aggregate_months
    months = forms.integer(request.query_params, "months") or usual
    return await _form(request, kind, months)


async def drop(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    fields = await request.form()
    kind = forms.choice(fields, "kind", PartitionKind) or PartitionKind.RAW
    months = forms.integer(fields, "months") or 0
    try:
        async with request.app.state.db.write() as session:
            gone = await drop_old_partitions(
                session,
                request.state.actor,
                kind,
                months,
                today=request.app.state.settings.today(),
                confirmation=forms.text(fields, "confirmation"),
            )
    except Problem as problem:
        return await _form(request, kind, months, forms.refusal(problem), status=422)
    title = N_("Dropped %(count)s partitions")
    return done(request, LIST, changed="partitions", title=title, count=len(gone))


async def _form(
    request: Request,
    kind: PartitionKind,
    months: int,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    old: list[Any] = []
    try:
        async with request.app.state.db.read() as session:
            actor = request.state.actor
            old = await old_partitions(
                session, actor, kind, months, today=request.app.state.settings.today()
            )
    except BadInput as problem:
        errors = {"months": problem.message, **(errors or {})}
    return render(
        request,
        "partitions/cleanup.html",
        status=status,
        kind=kind,
        kinds=list(PartitionKind),
        months=months,
        old=old,
        errors=errors or {},
    )


ROUTES = [
    Route("/partitions", partitions),
    Route("/partitions/actions/create", create, methods=["POST"]),
    Route("/partitions/cleanup", cleanup, methods=["GET"]),
    Route("/partitions/cleanup", drop, methods=["POST"]),
]
