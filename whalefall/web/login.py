"""Signing in and out, in the browser. The edge sets the cookie from `state.session_token`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.domain.links import safe_next
from whalefall.errors import Problem
from whalefall.resolvers.users import TooManyAttempts, sign_in, sign_out
from whalefall.web import forms
from whalefall.web.html import redirect, render


async def page(request: Request) -> Response:
    """The sign-in form; who is signed in already goes on."""
    target = safe_next(request.query_params.get("next"))
    if request.state.actor.is_signed_in:
        return redirect(request, target)
    return _page(request, target)


async def enter(request: Request) -> Response:
    """Check the password and begin a session under a new id."""
    fields = await request.form()
    target = safe_next(forms.text(fields, "next"))
    username, password = forms.typed(fields, "username"), forms.typed(fields, "password")
    try:
        signed_in = await sign_in(
            request.app.state.db,
            username,
            password,
            address=request.state.address,
            user_agent=request.headers.get("user-agent"),
        )
    except Problem as problem:
        if problem.meaning.status >= 500:
            raise
        return _page(request, target, problem, username)
    request.state.session_token = signed_in.token
    return redirect(request, target)


async def leave(request: Request) -> Response:
    """End the session here and in the database."""
    async with request.app.state.db.write() as session:
        await sign_out(session, request.state.actor)
    request.state.session_token = ""
    return redirect(request, "/login")


def _page(
    request: Request, target: str, problem: Problem | None = None, username: str = ""
) -> Response:
    headers = {}
    if isinstance(problem, TooManyAttempts):
        headers["Retry-After"] = str(problem.wait_seconds)
    return render(
        request,
        "login/page.html",
        status=200 if problem is None else max(problem.meaning.status, 422),
        headers=headers,
        next=target,
        problem=problem,
        wait_minutes=problem.wait_minutes if isinstance(problem, TooManyAttempts) else None,
        values={"username": username},
        errors=forms.errors_of(problem) if problem and problem.field else {},
    )


ROUTES = [
    Route("/login", page, methods=["GET"]),
    Route("/login", enter, methods=["POST"]),
    Route("/logout", leave, methods=["POST"]),
]
