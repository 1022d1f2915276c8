"""Signing in and out, in the browser."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.errors import Problem
from whalefall.resolvers.users import TooManyAttempts, sign_in, sign_out
from whalefall.web import forms
from whalefall.web.html import redirect, render
from whalefall.web.preferences import local

SESSION_COOKIE = "whalefall_session"
SESSION_SECONDS = 7 * 86_400


async def page(request: Request) -> Response:
    """The sign-in form; who is signed in already goes on."""
    target = local(request.query_params.get("next"))
    if request.state.actor.is_signed_in:
        return redirect(request, target)
    return _page(request, target)


async def enter(request: Request) -> Response:
    """Check the password and begin a session under a new id."""
    fields = await request.form()
    target = local(forms.text(fields, "next"))
    username, password = (
        value if isinstance(value := fields.get(name), str) else ""
        for name in ("username", "password")
    )
    try:
        signed_in = await sign_in(
            request.app.state.db,
            username,
            password,
            address=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent"),
        )
    except Problem as problem:
        if problem.meaning.status >= 500:
            raise
        return _page(request, target, problem, username)
    response = redirect(request, target)
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=SESSION_SECONDS,
        secure=_is_exposed(request),
        httponly=True,
        samesite="lax",
    )
    return response


async def leave(request: Request) -> Response:
    """End the session here and in the database."""
    async with request.app.state.db.write() as session:
        await sign_out(session, request.state.actor)
    response = redirect(request, "/login")
    response.delete_cookie(
        SESSION_COOKIE, secure=_is_exposed(request), httponly=True, samesite="lax"
    )
    return response


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
        values={"username": username},
    )


def _is_exposed(request: Request) -> bool:
    """Whether the cookie must insist on HTTPS: always, but on this very machine."""
    return request.url.scheme == "https" or request.url.hostname not in (
        "127.0.0.1",
        "::1",
        "localhost",
    )


ROUTES = [
    Route("/login", page, methods=["GET"]),
    Route("/login", enter, methods=["POST"]),
    Route("/logout", leave, methods=["POST"]),
]
