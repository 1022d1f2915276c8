"""The dialogs that add, change and remove a credential. A password goes in and never comes out."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import CredentialType, DeletedFilter
from whalefall.errors import Problem
from whalefall.resolvers.credentials import (
    CredentialFilter,
    CredentialInput,
    CredentialPatch,
    CredentialRow,
    create_credential,
    delete_credential,
    get_credential,
    list_credentials,
    update_credential,
)
from whalefall.resolvers.instances import InstanceFilter, InstanceRow, list_instances
from whalefall.web import forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

LIST = "/credentials"
OPTIONS = PageRequest(first=200)


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    return _form(request, {"is_active": True, "credential_type": CredentialType.DATABASE})


async def create(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    fields, db = await request.form(), request.app.state.db
    try:
        added = CredentialInput(**_entered(fields), password=forms.typed(fields, "password"))
        async with db.write() as session:
            row = await create_credential(session, request.state.actor, db.keys, added)
    except Problem as problem:
        return _refused(request, fields, problem)
    return done(request, LIST, changed="credentials", title=N_("Added %(name)s"), name=row.name)


async def edit(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    row = await _row(request)
    return _form(request, {**vars(row), "expected_updated_at": row.updated_at.isoformat()}, row)


async def save(request: Request) -> Response:
    """Change the credential; an empty password stays what it is."""
    request.state.actor.require(Permission.UPDATE)
    fields, row, db = await request.form(), await _row(request), request.app.state.db
    try:
        patch = CredentialPatch(**_entered(fields))
        if password := forms.typed(fields, "password"):
            patch.password = password
        expected = forms.moment(fields, "expected_updated_at")
        async with db.write() as session:
            row = await update_credential(
                session,
                request.state.actor,
                db.keys,
                row.id,
                patch,
                expected_updated_at=expected,
            )
    except Problem as problem:
        return _refused(request, fields, problem, row)
    return done(request, LIST, changed="credentials", title=N_("Saved %(name)s"), name=row.name)


async def confirm_delete(request: Request) -> Response:
    request.state.actor.require(Permission.DELETE)
    return await _question(request, await _row(request), {})


async def delete(request: Request) -> Response:
    """Remove the credential; its instances get the one that was chosen instead."""
    request.state.actor.require(Permission.DELETE)
    fields, row = await request.form(), await _row(request)
    try:
        other_id = forms.integer(fields, "replace_with_id")
        async with request.app.state.db.write() as session:
            moved = await delete_credential(
                session, request.state.actor, row.id, replace_with_id=other_id
            )
    except Problem as problem:
        return await _question(request, row, forms.refusal(problem), status=422)
    text = N_("Instances that use the other credential now: %(moved)s") if moved else ""
    return done(
        request,
        LIST,
        changed="credentials",
        title=N_("Deleted %(name)s"),
        text=text,
        name=row.name,
        moved=moved,
    )


def _refused(
    request: Request, fields: FormData, problem: Problem, row: CredentialRow | None = None
) -> Response:
    """The form again, with what was entered, but for the password, and what is wrong with it."""
    return _form(request, dict(fields), row, forms.refusal(problem), status=422)


def _form(
    request: Request,
    values: dict[str, Any],
    row: CredentialRow | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    values.pop("password", None)
    return render(
        request,
        "credentials/form.html",
        status=status,
        row=row,
        values=values,
        errors=errors or {},
        types=list(CredentialType),
    )


async def _question(
    request: Request, row: CredentialRow, errors: dict[str, str], status: int = 200
) -> Response:
    """Who uses it, and which credentials could take its place."""
    actor = request.state.actor
    using = InstanceFilter(credential_id=row.id, deleted=DeletedFilter.INCLUDE)
    usable = CredentialFilter(credential_types=[CredentialType.DATABASE], is_active=True)
    async with request.app.state.db.read() as session:
        users = await list_instances(session, actor, using, page=OPTIONS)
        others = await list_credentials(session, actor, usable, page=OPTIONS)
    fitting = _fitting(row, users.rows, others.rows) if actor.may(Permission.UPDATE) else []
    return render(
        request,
        "credentials/delete.html",
        status=status,
        row=row,
        users=users.rows,
        others=[(each.id, f"{each.name} ({each.username})") for each in fitting],
        errors=errors,
    )


def _fitting(
    row: CredentialRow, users: list[InstanceRow], others: list[CredentialRow]
) -> list[CredentialRow]:
    """The other credentials that are for every engine in use."""
    engines = {user.engine for user in users}
    return [
        other
        for other in others
        if other.id != row.id and (other.engine is None or engines <= {other.engine})
    ]


async def _row(request: Request) -> CredentialRow:
    async with request.app.state.db.read() as session:
        return await get_credential(session, request.state.actor, forms.path_id(request))


def _entered(fields: FormData) -> dict[str, Any]:
    engine = forms.engines(fields, "engine")
    return {
        "name": forms.text(fields, "name") or "",
        "credential_type": forms.choice(fields, "credential_type", CredentialType)
        or CredentialType.DATABASE,
        "engine": engine[0] if engine else None,
        "username": forms.text(fields, "username") or "",
        "description": forms.text(fields, "description"),
        "is_active": "is_active" in fields,
    }


ROUTES = [
    Route("/credentials/new", new, methods=["GET"]),
    Route("/credentials/new", create, methods=["POST"]),
    Route("/credentials/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/credentials/{id:row_id}/edit", save, methods=["POST"]),
    Route("/credentials/{id:row_id}/delete", confirm_delete, methods=["GET"]),
    Route("/credentials/{id:row_id}/delete", delete, methods=["POST"]),
]
