"""How a Problem leaves by HTTP: envelope, GraphQL error, page, toast, or the way to sign in."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from whalefall.auth import Actor
from whalefall.domain.links import path_and_query, safe_next
from whalefall.errors import SUGGESTIONS, BadInput, Code, NotFound, Problem, Severity, said
from whalefall.resolvers.users import TooManyAttempts
from whalefall.web.html import is_fragment, part, redirect, render
from whalefall.web.languages import language_of, translations
from whalefall.web.words import problem_title

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
PROBES = {"/livez", "/readyz", "/metrics"}
UNEXPECTED = said("Something went wrong on our side; the log has it under this error id.")
log = structlog.get_logger(__name__)


def answer(
    request: Request,
    problem: Problem,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a request that failed, in the form that its sender understands."""
    error_id = _noted(request, problem)
    status = status or problem.meaning.status
    extra = {**_headers(problem, status), **(headers or {})}
    if _is_graphql(request):
        accepted = GRAPHQL_JSON in request.headers.get("accept", "")
        content = {"errors": [graphql_error(problem, request, error_id)]}
        return _json(content, status, extra, GRAPHQL_JSON if accepted else JSON)
    if _wants_json(request):
        return _json(envelope(problem, request, error_id), status, extra)
    if problem.problem_code is Code.AUTHENTICATION_REQUIRED:
        return _to_sign_in(request)
    if problem.problem_code is Code.PERMISSION_REQUIRED and _must_change_password(request):
        return redirect(request, "/me")  # which says why
    return _page(request, problem, status, extra, error_id)


def unexpected(request: Request, error: Exception) -> Response:
    """Log what nobody foresaw, under an id, and answer with no more than that id."""
    problem = Problem(UNEXPECTED)
    try:
        response = answer(request, problem)
    except Exception as second:  # the error page itself may be what is broken
        log.error("http.error_page_failed", exc_info=second)
        response = Response(UNEXPECTED, problem.meaning.status, media_type="text/plain")
    error_id = getattr(request.state, "error", {}).get("error_id")
    log.error("http.failed", error_id=error_id, path=request.url.path, exc_info=error)
    return response


def told_within(request: Request, error: Exception) -> str:
    """The second half of a page whose first has left, and with it the status: what went wrong."""
    problem = error if isinstance(error, Problem) else Problem(UNEXPECTED)
    error_id = _noted(request, problem)
    if problem is not error:
        log.error("http.failed", error_id=error_id, path=request.url.path, exc_info=error)
    else:  # the line about this request tells of a 200, if at all
        log.info("http.told_within", **request.state.error, path=request.url.path)
    return part(request, "error.html", "page", _shown(request, problem, error_id))


def envelope(problem: Problem, request: Request, error_id: str | None = None) -> dict[str, Any]:
    """The JSON body of a failure on a plain route."""
    meaning = problem.meaning
    actor: Actor = request.state.actor
    context: dict[str, Any] = {
        "request_id": request.state.request_id,
        "user_id": actor.user_id,
        "method": request.method,
        "path": request.url.path,
    }
    if problem.field:
        context["field"] = problem.field[-1]
    if problem.hint:
        context["hint"] = problem.hint
    return {
        "success": False,
        "error": True,
        "error_id": error_id or uuid.uuid4().hex,
        "category": meaning.category,
        "severity": meaning.severity,
        "message_code": problem.problem_code,
        "message": problem.message,
        "timestamp": datetime.now(UTC),
        "recoverable": meaning.severity is not Severity.HIGH,
        "suggestions": SUGGESTIONS[meaning.category],
        "context": context,
    }


def graphql_error(problem: Problem, request: HTTPConnection, error_id: str) -> dict[str, Any]:
    """What the edge refuses before GraphQL sees it, as a GraphQL client expects it."""
    extensions = {
        "code": problem.problem_code,
        "retryable": problem.meaning.retryable,
        "errorId": error_id,
        "requestId": request.state.request_id,
    }
    if problem.hint:
        extensions["hint"] = problem.hint
    return {"message": problem.message, "extensions": extensions}


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 (Starlette's table is by type)
    return answer(request, error)


async def _on_http(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101
    problem: Problem
    if error.status_code == HTTPStatus.NOT_FOUND:
        problem = NotFound("There is nothing at this address.")
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = BadInput("This address does not take this method.")
    else:
        problem = BadInput("The server cannot work with this request.")
    return answer(request, problem, status=error.status_code, headers=error.headers)


EXCEPTION_HANDLERS: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    Problem: _on_problem,
    HTTPException: _on_http,
}


def _page(
    request: Request, problem: Problem, status: int, headers: Mapping[str, str], error_id: str
) -> Response:
    shown = _shown(request, problem, error_id if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "")
    if is_fragment(request):
        headers = {**headers, "HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
        return render(request, "toast.html", headers=headers, status=status, **shown)
    return render(request, "error.html", headers=headers, status=status, **shown)


def _noted(request: Request, problem: Problem) -> str:
    """A new error id, which the line of the log about this request will name."""
    error_id = uuid.uuid4().hex
    request.state.error = {
        "error_id": error_id,
        "code": problem.problem_code,
        "cause": problem.cause,
    }
    return error_id


def _shown(request: Request, problem: Problem, reference: str) -> dict[str, str]:
    title = translations(language_of(request)).gettext(problem_title(problem.problem_code))
    return {
        "title": title,
        "text": problem.message,
        "hint": problem.hint or "",
        "reference": reference,
    }


def _must_change_password(request: Request) -> bool:
    actor: Actor = request.state.actor
    return actor.must_change_password and actor.session_id is not None


def _to_sign_in(request: Request) -> Response:
    """Pages lead to the sign-in form, which leads back."""
    if is_fragment(request):
        url = _sign_in_url(*path_and_query(request.headers.get("hx-current-url", "")))
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": url})
    is_read = request.method in {"GET", "HEAD"}
    url = _sign_in_url(request.url.path, request.url.query) if is_read else "/login"
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def _sign_in_url(path: str, query: str) -> str:
    target = safe_next(f"{path}?{query}" if query else path)
    return "/login" if target == "/" else f"/login?{urlencode({'next': target})}"


def _headers(problem: Problem, status: int) -> dict[str, str]:
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(problem, TooManyAttempts):
        headers["Retry-After"] = str(problem.wait_seconds)
    return headers


def _is_graphql(request: Request) -> bool:
    return request.url.path == "/graphql" or request.url.path.startswith("/graphql/")


def _wants_json(request: Request) -> bool:
    path, accept = request.url.path, request.headers.get("accept", "")
    plain = path.startswith("/api/") or path in PROBES
    return plain or (JSON in accept and "text/html" not in accept)


def _json(
    content: dict[str, Any], status: int, headers: Mapping[str, str], media_type: str = JSON
) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type)
