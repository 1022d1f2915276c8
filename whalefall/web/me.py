"""One's own page: the password, how the pages look, and where one is signed in."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.domain.browsers import browser_of
from whalefall.domain.preferences import Density, Preferences, Theme, time_zones
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.users import (
    PreferencesPatch,
    TooManyAttempts,
    change_password,
    list_own_api_tokens,
    list_own_sessions,
    revoke_other_sessions,
    revoke_session,
    update_preferences,
)
from whalefall.web import forms
from whalefall.web.html import done, redirect, render
from whalefall.web.preferences import remember
from whalefall.web.words import N_

SAVED = ("password", "preferences")


async def page(request: Request) -> Response:
    """Everything that is one's own; who must choose a password first finds little else."""
    saved = request.query_params.get("saved")
    return await _page(request, saved=saved if saved in SAVED else None)


async def set_password(request: Request) -> Response:
    """Change the password; everybody else who is signed in with the old one has to leave."""
    state, fields = request.state, await request.form()
    actor = state.actor
    try:
        _check_repeated(fields)
        signed_in = await change_password(
            request.app.state.db,
            actor,
            forms.typed(fields, "old_password"),
            forms.typed(fields, "new_password"),
            address=state.address,
            user_agent=request.headers.get("user-agent"),
        )
    except Problem as problem:
        if not (problem.field or isinstance(problem, TooManyAttempts)):
            raise
        return await _page(request, problem=problem)
    state.session_token = signed_in.token
    return redirect(request, "/" if actor.must_change_password else "/me?saved=password")


async def set_preferences(request: Request) -> Response:
    """Keep how the pages are liked, and in this browser for when nobody is signed in."""
    fields = await request.form()
    chosen = {
        name: forms.typed(fields, name).strip()
        for name in ("theme", "density", "language", "time_zone")
    }
    patch = PreferencesPatch(**chosen, uses_keys="uses_keys" in fields)
    try:
        async with request.app.state.db.write() as session:
            await update_preferences(session, request.state.actor, patch)
    except BadInput as problem:
        values = {**chosen, "uses_keys": patch.uses_keys}
        return await _page(request, problem=problem, values=values)
    response = redirect(request, "/me?saved=preferences")
    kept = {"theme": chosen["theme"], "density": chosen["density"], "lang": chosen["language"]}
    remember(request, response, kept)
    return response


async def end_session(request: Request) -> Response:
    """Sign out somewhere else."""
    async with request.app.state.db.write() as session:
        await revoke_session(session, request.state.actor, forms.path_id(request))
    return done(request, "/me", changed="sessions", title=N_("The session has ended"))


async def end_other_sessions(request: Request) -> Response:
    """Sign out everywhere else."""
    async with request.app.state.db.write() as session:
        await revoke_other_sessions(session, request.state.actor)
    return done(request, "/me", changed="sessions", title=N_("You are signed in only here now"))


async def _page(
    request: Request,
    *,
    saved: str | None = None,
    problem: Problem | None = None,
    values: dict[str, Any] | None = None,
) -> Response:
    actor = request.state.actor
    actor.require_session()
    own: dict[str, Any] = {"sessions": None, "tokens": None}
    if not actor.must_change_password:
        async with request.app.state.db.read() as session:
            own["sessions"] = await list_own_sessions(session, actor)
            own["tokens"] = await list_own_api_tokens(session, actor)
    limit = problem if isinstance(problem, TooManyAttempts) else None
    return render(
        request,
        "me/page.html",
        here="/me",
        status=200 if problem is None else 429 if limit else 422,
        headers={"Retry-After": str(limit.wait_seconds)} if limit else {},
        wait_minutes=limit.wait_minutes if limit else None,
        saved=saved,
        values=_shown(request.state.preferences) if values is None else values,
        errors=forms.errors_of(problem) if problem and problem.field else {},
        themes=list(Theme),
        densities=list(Density),
        zones=sorted(time_zones()),
        installation_zone=request.app.state.settings.time_zone,
        browser_of=browser_of,
        **own,
    )


def _shown(preferences: Preferences) -> dict[str, Any]:
    return dict(vars(preferences))


def _check_repeated(fields: FormData) -> None:
    """The page's own guard against slips that nobody can see."""
    if not forms.typed(fields, "old_password"):
        raise BadInput("Enter your current password.", field="old_password")
    if forms.typed(fields, "new_password") != forms.typed(fields, "repeated_password"):
        raise BadInput("This is not the same password.", field="repeated_password")


ROUTES = [
    Route("/me", page, methods=["GET"]),
    Route("/me/password", set_password, methods=["POST"]),
    Route("/me/preferences", set_preferences, methods=["POST"]),
    Route("/me/sessions/{id:row_id}/actions/end", end_session, methods=["POST"]),
    Route("/me/sessions/actions/end-others", end_other_sessions, methods=["POST"]),
]
