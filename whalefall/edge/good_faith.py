"""Good faith: a write by cookie comes from a page of ours and proves it with the CSRF token."""

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.types import Receive

from whalefall.crypto import same_text, unmasked
from whalefall.domain.origins import is_same_origin, origin_of
from whalefall.edge.bodies import replay
from whalefall.errors import BadInput, Code, Refused, said

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_FIELDS = 2_000  # a thousand chosen rows, and what stands around them
GRAPHQL, LOGIN = "/graphql", "/login"
RELOAD = said("Load the page again.")
SCHEMES = {"ws": "http", "wss": "https"}  # pages are told apart by these


def is_from_us(request: HTTPConnection, public_origin: str | None) -> bool | None:
    """Whether a page of this site sent the request; None when the browser does not say."""
    headers, scheme = request.headers, request.scope["scheme"]
    here = origin_of(f"{SCHEMES.get(scheme, scheme)}://{headers.get('host', '')}")
    own = {public_origin, here} - {None}
    return is_same_origin(headers.get("sec-fetch-site"), headers.get("origin"), own)


async def check_write(
    request: Request, body: bytes, receive: Receive, *, from_us: bool | None
) -> None:
    """Raise CSRF_MISSING or CSRF_INVALID for a write that is not by bearer.

    GraphQL reads by POST too: there the door raises `state.csrf_problem`, and for mutations only.
    Who signs in has no session yet to take a token from: the browser's word must do.
    """
    state, path = request.state, request.url.path
    if from_us is False:
        raise Refused("This request comes from another site.", code=Code.CSRF_INVALID)
    if path == LOGIN or not state.actor.is_signed_in:
        state.csrf_problem = None if from_us else unsaid()
    else:
        given = await _given_token(request, replay(body, receive))
        state.csrf_problem = compared(given, state.csrf_token)
    if state.csrf_problem is not None and path != GRAPHQL:
        raise state.csrf_problem


async def _given_token(request: Request, receive: Receive) -> str:
    """From the header, or from a form's hidden field."""
    header = request.headers.get("x-csrftoken", "")
    if header or not request.headers.get("content-type", "").startswith(FORMS):
        return header
    try:
        async with Request(request.scope, receive).form(max_fields=MOST_FIELDS) as form:
            field = form.get("csrf_token")
    except HTTPException as error:
        raise BadInput("The form cannot be read.") from error
    return field if isinstance(field, str) else ""


def unsaid() -> Refused:
    """What is wrong with a write from nowhere."""
    message = said("The browser does not say which site this request comes from.")
    hint = said("A program says it in the header Origin, or calls by a bearer token.")
    return Refused(message, code=Code.CSRF_MISSING, hint=hint)


def compared(given: str, wanted: str) -> Refused | None:
    """What is wrong with a CSRF token; pages give it masked."""
    if not given:
        return Refused("The CSRF token is missing.", code=Code.CSRF_MISSING, hint=RELOAD)
    if not same_text(unmasked(given), wanted):
        return Refused(
            "The CSRF token is not this session's.",
            code=Code.CSRF_INVALID,
            hint=RELOAD,
        )
    return None
