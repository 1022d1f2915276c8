"""One's own API tokens: making one, which is shown once, and revoking it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import BadInput
from whalefall.resolvers.users import (
    ApiTokenInput,
    create_own_api_token,
    get_own_api_token,
    revoke_api_token,
)
from whalefall.web import forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

LIFETIMES = ("7", "30", "90", "365", "")  # days; "" for ever


async def new(request: Request) -> Response:
    """The form; a new token only reads unless more is asked for."""
    actor = request.state.actor
    actor.require(Permission.VIEW)
    actor.require_session()
    return _form(request, {"scopes": [Permission.VIEW], "days": "90"})


async def create(request: Request) -> Response:
    """Make the token and show it, for the first and last time."""
    fields = await request.form()
    request.state.actor.require_session()
    try:
        wanted = _input(fields)
        async with request.app.state.db.write() as session:
            made = await create_own_api_token(session, request.state.actor, wanted)
    except BadInput as problem:
        values = {"days": "", **fields, "scopes": fields.getlist("scopes")}
        return _form(request, values, forms.errors_of(problem), status=422)
    headers = {"HX-Trigger": "tokens:changed"}
    return render(request, "me/token_made.html", headers=headers, made=made)


async def confirm_revoke(request: Request) -> Response:
    """The question before a token ends, with what is known of its use."""
    async with request.app.state.db.read() as session:
        row = await get_own_api_token(session, request.state.actor, forms.path_id(request))
    return render(request, "me/token_revoke.html", row=row)


async def revoke(request: Request) -> Response:
    actor = request.state.actor
    async with request.app.state.db.write() as session:
        row = await get_own_api_token(session, actor, forms.path_id(request))
        await revoke_api_token(session, actor, row.id)
    title = N_("The token %(name)s works no longer")
    return done(request, "/me", changed="tokens", title=title, name=row.name)


def _form(
    request: Request,
    values: dict[str, Any],
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor = request.state.actor
    return render(
        request,
        "me/token_new.html",
        status=status,
        values=values,
        errors=errors or {},
        rights=[right for right in Permission if actor.may(right)],
    )


def _input(fields: FormData) -> ApiTokenInput:
    days = fields.get("days", "")
    if days not in LIFETIMES:
        raise BadInput("Choose one of these.", field="days")
    known = [right for right in Permission if right in fields.getlist("scopes")]
    return ApiTokenInput(
        name=forms.text(fields, "name") or "",
        scopes=None if "every_right" in fields else known,
        expires_at=datetime.now(UTC) + timedelta(days=int(days)) if days else None,
    )


ROUTES = [
    Route("/me/api-tokens/new", new, methods=["GET"]),
    Route("/me/api-tokens/new", create, methods=["POST"]),
    Route("/me/api-tokens/{id:row_id}/revoke", confirm_revoke, methods=["GET"]),
    Route("/me/api-tokens/{id:row_id}/revoke", revoke, methods=["POST"]),
]
