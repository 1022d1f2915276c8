"""The partitions of our own tables: whether all is well, one month more, old months less."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.periods import add_months
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.partitions import (
    TABLES,
    PartitionKind,
    PartitionRow,
    PartitionState,
    create_month,
    drop_old_partitions,
    old_partitions,
    partition_report,
)
from whalefall.web import forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

LIST = "/partitions"
OFFERED_MONTHS = 36
OF_DATABASES, OF_INSTANCES = N_("Databases"), N_("Instances")
COLUMNS = {  # our tables, in the order of their columns
    each.table: OF_DATABASES if each.table.startswith("database") else OF_INSTANCES
    for each in TABLES
}


@dataclass(frozen=True)
class Month:
    """The partitions of one month, by table; those of the default ones, without a month, too."""

    first: date | None
    state: PartitionState
    parts: dict[str, PartitionRow]

    @property
    def is_whole(self) -> bool:
        return len(self.parts) == len(COLUMNS)

    @property
    def lacks(self) -> bool:
        """Whether a partition is missing that should be there: of a past month some are dropped
        before others."""
        return not self.is_whole and self.state is not PartitionState.PAST


async def partitions(request: Request) -> Response:
    """The months, latest first, each with its partitions."""
    db = request.app.state.db
    async with db.read() as session:
        report = await partition_report(session, request.state.actor, db)
    months = _months(report.partitions)
    return render(request, "partitions/list.html", report=report, months=months, columns=COLUMNS)


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    return await _new_form(request)


async def create(request: Request) -> Response:
    """One month more, this or a later one."""
    request.state.actor.require(Permission.ADMIN)
    fields = await request.form()
    month = forms.text(fields, "month") or ""
    try:
        async with request.app.state.db.write() as session:
            await create_month(
                session,
                request.state.actor,
                _first_day(month),
                today=request.app.state.settings.today(),
            )
    except Problem as problem:
        return await _new_form(request, month, forms.refusal(problem), status=422)
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


def _months(rows: Sequence[PartitionRow]) -> list[Month]:
    found: dict[date | None, Month] = {}
    for row in rows:
        month = found.setdefault(row.month, Month(row.month, row.state, {}))
        month.parts[row.table] = row
    return sorted(found.values(), key=lambda each: each.first or date.min, reverse=True)


def _first_day(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise BadInput("Only this month and later ones get partitions.", field="month") from error


async def _new_form(
    request: Request, month: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    """The months that lack a partition, to choose from."""
    db = request.app.state.db
    async with db.read() as session:
        report = await partition_report(session, request.state.actor, db)
    whole = {each.first for each in _months(report.partitions) if each.is_whole}
    this = db.settings.today().replace(day=1)
    coming = [add_months(this, ahead) for ahead in range(OFFERED_MONTHS)]
    return render(
        request,
        "partitions/form.html",
        status=status,
        months=[(f"{first:%Y-%m}",) * 2 for first in coming if first not in whole],
        month=month,
        errors=errors or {},
    )


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
    Route("/partitions/new", new, methods=["GET"]),
    Route("/partitions/new", create, methods=["POST"]),
    Route("/partitions/cleanup", cleanup, methods=["GET"]),
    Route("/partitions/cleanup", drop, methods=["POST"]),
]
