"""Credentials: the list, and the form that adds one. No secret is ever shown."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.states import CredentialType
from whalefall.errors import Problem
from whalefall.resolvers.credentials import (
    CredentialFilter,
    CredentialInput,
    CredentialOrderField,
    create_credential,
    delete_credential,
    get_credential,
    list_credentials,
)
from whalefall.web import forms
from whalefall.web.html import redirect, render
from whalefall.web.lists import list_state
from whalefall.web.words import N_

LABELS = {"search": N_("Search"), "engine": N_("Engine")}


async def credentials(request: Request) -> Response:
    fields = request.query_params
    filter = CredentialFilter(
        search=forms.text(fields, "search"), engines=forms.engines(fields, "engine")
    )
    order = forms.order(fields, CredentialOrderField)
    state, page = list_state(request, "credentials_table", LABELS, default_order="name")
    async with request.app.state.db.read() as session:
        rows = await list_credentials(session, request.state.actor, filter, order, page)
    return render(request, "credentials/list.html", push=state.here, list=state, page=rows)


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    return _form(request, {"is_active": True})


async def create(request: Request) -> Response:
    fields = await request.form()
    db, actor = request.app.state.db, request.state.actor
    try:
        credential = _input(fields)
        async with db.write() as session:
            await create_credential(session, actor, db.keys, credential)
    except Problem as problem:
        if problem.meaning.status not in (400, 409):
            raise
        return _form(request, dict(fields), forms.errors_of(problem), status=422)
    return redirect(request, "/credentials")


async def confirm_delete(request: Request) -> Response:
    """The question before a deletion, as a page of its own."""
    request.state.actor.require(Permission.DELETE)
    async with request.app.state.db.read() as session:
        row = await get_credential(session, request.state.actor, forms.path_id(request))
    return render(request, "credentials/delete.html", row=row)


async def delete(request: Request) -> Response:
    async with request.app.state.db.write() as session:
        await delete_credential(session, request.state.actor, forms.path_id(request))
    return redirect(request, "/credentials")


def _form(
    request: Request,
    values: dict[str, Any],
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form; a password that was entered is never sent back."""
    values.pop("password", None)
    return render(
        request, "credentials/form.html", status=status, values=values, errors=errors or {}
    )


def _input(fields: FormData) -> CredentialInput:
    password = fields.get("password")
    engine = forms.engines(fields, "engine")
    return CredentialInput(
        name=forms.text(fields, "name") or "",
        credential_type=CredentialType.DATABASE,
        engine=engine[0] if engine else None,
        username=forms.text(fields, "username") or "",
        password=password if isinstance(password, str) else "",
        description=forms.text(fields, "description"),
        is_active="is_active" in fields,
    )


ROUTES = [
    Route("/credentials", credentials),
    Route("/credentials/new", new, methods=["GET"]),
    Route("/credentials/new", create, methods=["POST"]),
    Route("/credentials/{id:row_id}/delete", confirm_delete, methods=["GET"]),
    Route("/credentials/{id:row_id}/delete", delete, methods=["POST"]),
]
