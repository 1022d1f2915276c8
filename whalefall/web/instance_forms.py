"""The forms that add and change an instance, with a try of the connection before saving."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import CredentialType
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.collection import ConnectionOutcome, Endpoint, test_connection
from whalefall.resolvers.credentials import CredentialFilter, list_credentials
from whalefall.resolvers.instances import (
    InstanceInput,
    InstancePatch,
    InstanceRow,
    create_instance,
    get_instance,
    update_instance,
)
from whalefall.resolvers.tags import TagFilter, list_tags
from whalefall.web import forms
from whalefall.web.html import redirect, render

OPTIONS = PageRequest(first=200)


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    values = {"engine": next(iter(ENGINES)), "is_active": True, "tls_mode": TlsMode.PREFER}
    return await _form(request, values)


async def create(request: Request) -> Response:
    """Register the instance; with the button named `test`, only try the connection."""
    request.state.actor.require(Permission.CREATE)
    fields = await request.form()
    try:
        if "test" in fields:
            return await _try(request, fields)
        async with request.app.state.db.write() as session:
            row = await create_instance(session, request.state.actor, _input(fields))
    except Problem as problem:
        return await _refused(request, fields, problem)
    return redirect(request, f"/instances/{row.id}")


async def edit(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    row = await _row(request)
    values = {**vars(row), "tag_names": ", ".join(row.tag_names), "tls_mode": ""}
    return await _form(request, values, row=row)


async def save(request: Request) -> Response:
    """Change the instance; TLS stays as it is unless a mode was chosen."""
    request.state.actor.require(Permission.UPDATE)
    fields, row = await request.form(), await _row(request)
    try:
        patch = InstancePatch(**_common(fields))
        if forms.text(fields, "tls_mode"):
            patch.tls = _tls(fields)
        async with request.app.state.db.write() as session:
            await update_instance(session, request.state.actor, row.id, patch)
    except Problem as problem:
        return await _refused(request, fields, problem, row=row)
    return redirect(request, f"/instances/{row.id}")


async def _try(request: Request, fields: FormData) -> Response:
    entered = _input(fields)
    endpoint = Endpoint(
        engine=entered.engine,
        host=entered.host,
        port=entered.port or ENGINES[entered.engine].default_port,
        database_name=entered.database_name,
        credential_id=entered.credential_id,
        tls=entered.tls,
    )
    outcome = await test_connection(request.app.state.db, request.state.actor, endpoint)
    return await _form(request, _values(fields), outcome=outcome)


async def _refused(
    request: Request, fields: FormData, problem: Problem, row: InstanceRow | None = None
) -> Response:
    """The form again, with what was entered and what is wrong with it."""
    if problem.meaning.status not in (400, 409):
        raise problem
    errors = forms.errors_of(problem)
    return await _form(request, _values(fields), row=row, errors=errors, status=422)


async def _form(
    request: Request,
    values: dict[str, Any],
    *,
    row: InstanceRow | None = None,
    errors: dict[str, str] | None = None,
    outcome: ConnectionOutcome | None = None,
    status: int = 200,
) -> Response:
    actor = request.state.actor
    usable = CredentialFilter(credential_types=[CredentialType.DATABASE], is_active=True)
    async with request.app.state.db.read() as session:
        credentials = await list_credentials(session, actor, usable, page=OPTIONS)
        tags = await list_tags(session, actor, TagFilter(is_active=True), page=OPTIONS)
    return render(
        request,
        "instances/form.html",
        status=status,
        row=row,
        values=values,
        errors=errors or {},
        outcome=outcome,
        credentials=[(each.id, f"{each.name} ({each.username})") for each in credentials.rows],
        tags=[tag.name for tag in tags.rows],
        tls_modes=list(TlsMode),
    )


async def _row(request: Request) -> InstanceRow:
    async with request.app.state.db.read() as session:
        return await get_instance(session, request.state.actor, forms.path_id(request))


def _input(fields: FormData) -> InstanceInput:
    return InstanceInput(**_common(fields), tls=_tls(fields))


def _common(fields: FormData) -> dict[str, Any]:
    return {
        "name": forms.text(fields, "name") or "",
        "engine": _engine(fields),
        "host": forms.text(fields, "host") or "",
        "port": forms.integer(fields, "port"),
        "database_name": forms.text(fields, "database_name"),
        "description": forms.text(fields, "description"),
        "credential_id": forms.integer(fields, "credential_id"),
        "tag_names": forms.texts(fields, "tag_names") or [],
        "is_active": "is_active" in fields,
    }


def _engine(fields: FormData) -> Engine:
    chosen = forms.engines(fields, "engine")
    if not chosen:
        raise BadInput("Choose an engine.", field="engine")
    return chosen[0]


def _tls(fields: FormData) -> Tls:
    return Tls(
        mode=forms.choice(fields, "tls_mode", TlsMode) or TlsMode.PREFER,
        ca_pem=forms.text(fields, "tls_ca_pem"),
        server_name=forms.text(fields, "tls_server_name"),
    )


def _values(fields: FormData) -> dict[str, Any]:
    """What was entered, to fill the form again."""
    return {**{key: value for key, value in fields.items() if isinstance(value, str)}}


ROUTES = [
    Route("/instances/new", new, methods=["GET"]),
    Route("/instances/new", create, methods=["POST"]),
    Route("/instances/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/instances/{id:row_id}/edit", save, methods=["POST"]),
]
