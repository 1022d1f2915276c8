"""What is done by schedule: the list, the dialog that changes a time, and the deeds on a row."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.cron import Cron
from whalefall.domain.states import TERMINAL, SyncTrigger
from whalefall.errors import Problem
from whalefall.resolvers.schedules import (
    UPCOMING,
    SchedulePatch,
    ScheduleRow,
    cron_from,
    cron_of,
    get_schedule,
    last_sessions,
    list_schedules,
    pause_schedule,
    recent_runs,
    resume_schedule,
    run_schedule,
    update_schedule,
)
from whalefall.web import forms
from whalefall.web.flowing import Values, flow
from whalefall.web.html import done, redirect, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_, TASKS

LIST = "/jobs"
MOST_RUNS = 10  # in the strip of a job


async def jobs(request: Request) -> Response:
    """Every schedule, the next first; while one runs its table asks for itself."""
    actor, zone = request.state.actor, request.app.state.settings.zone
    state, page = list_state(request, "jobs_table", {})

    async def read() -> Values:
        async with request.app.state.db.read() as session:
            rows = await list_schedules(session, actor, page=page)
            sessions = await last_sessions(session, actor, rows.rows)
            runs = await recent_runs(session, actor, [row.id for row in rows.rows], MOST_RUNS)
        return {
            "page": rows,
            "crons": {row.id: cron_of(row, zone) for row in rows.rows},
            "sessions": sessions,
            "runs": runs,
            "moving": any(one.status not in TERMINAL for one in sessions.values()),
        }

    return await flow(request, "jobs/list.html", read, push="", list=state, tasks=TASKS)


async def edit(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    row = await _row(request)
    values = {**vars(row), "expected_updated_at": row.updated_at.isoformat()}
    return await _form(request, row, values)


async def preview(request: Request) -> Response:
    """What the entered times would mean, while they are being entered."""
    request.state.actor.require(Permission.ADMIN)
    row, fields = await _row(request), await request.form()
    return await _form(request, row, dict(fields), **_looked_at(request, row, fields))


async def save(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    row, fields = await _row(request), await request.form()
    try:
        async with request.app.state.db.write() as session:
            await update_schedule(
                session,
                request.state.actor,
                row.id,
                _entered(fields),
                business_zone=request.app.state.settings.zone,
                expected_updated_at=forms.moment(fields, "expected_updated_at"),
            )
    except Problem as problem:
        return await _form(request, row, dict(fields), forms.refusal(problem), status=422)
    return done(request, LIST, changed="jobs", title=N_("Saved the schedule"))


async def pause(request: Request) -> Response:
    schedule_id = forms.path_id(request)
    async with request.app.state.db.write() as session:
        await pause_schedule(session, request.state.actor, schedule_id)
    return done(request, LIST, changed="jobs", title=N_("Paused: it runs by hand only"))


async def resume(request: Request) -> Response:
    schedule_id, zone = forms.path_id(request), request.app.state.settings.zone
    async with request.app.state.db.write() as session:
        await resume_schedule(session, request.state.actor, schedule_id, business_zone=zone)
    return done(request, LIST, changed="jobs", title=N_("Resumed: it runs by itself again"))


async def run(request: Request) -> Response:
    """Begin the task now, and go where it can be followed."""
    schedule_id = forms.path_id(request)
    async with request.app.state.db.write() as session:
        session_id = await run_schedule(
            session, request.state.actor, schedule_id, trigger=SyncTrigger.MANUAL
        )
    return redirect(request, f"/sync-sessions/{session_id}")


async def _form(
    request: Request,
    row: ScheduleRow,
    values: Mapping[str, Any],
    errors: Mapping[str, str] | None = None,
    cron: Cron | None = None,
    status: int = 200,
) -> Response:
    zone = request.app.state.settings.zone
    if errors is None and cron is None:
        cron = cron_of(row, zone)
    return render(
        request,
        "jobs/form.html",
        status=status,
        row=row,
        values=values,
        errors=errors or {},
        cron=cron,
        times=_times(cron) if cron else [],
        task=TASKS[row.task],
        business_zone=request.app.state.settings.time_zone,
    )


def _looked_at(request: Request, row: ScheduleRow, fields: FormData) -> dict[str, Any]:
    try:
        return {"cron": cron_from(_entered(fields), row, request.app.state.settings.zone)}
    except Problem as problem:
        return {"errors": forms.refusal(problem)}


def _times(cron: Cron) -> list[tuple[datetime, timedelta]]:
    """The next times by the clock of the schedule, and how far they are."""
    now = datetime.now(UTC)
    times = islice(cron.after(now), UPCOMING)
    return [(moment.astimezone(cron.zone), moment - now) for moment in times]


async def _row(request: Request) -> ScheduleRow:
    async with request.app.state.db.read() as session:
        return await get_schedule(session, request.state.actor, forms.path_id(request))


def _entered(fields: FormData) -> SchedulePatch:
    return SchedulePatch(cron=forms.text(fields, "cron"), time_zone=forms.text(fields, "time_zone"))


ROUTES = [
    Route("/jobs", jobs),
    Route("/jobs/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/jobs/{id:row_id}/edit", save, methods=["POST"]),
    Route("/jobs/{id:row_id}/preview", preview, methods=["POST"]),
    Route("/jobs/{id:row_id}/actions/pause", pause, methods=["POST"]),
    Route("/jobs/{id:row_id}/actions/resume", resume, methods=["POST"]),
    Route("/jobs/{id:row_id}/actions/run", run, methods=["POST"]),
]
