"""The forms that add and change an instance, with a try of the connection before saving."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.db import Session
from whalefall.domain.paging import PageRequest
from whalefall.domain.states import CredentialType
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import BadInput, Code, NotFound, Problem
from whalefall.resolvers.collection import ConnectionOutcome, test_connection
from whalefall.resolvers.credentials import CredentialFilter, get_credential, list_credentials
from whalefall.resolvers.instances import (
    InstanceRow,
    create_instance,
    get_instance,
    update_instance,
)
from whalefall.resolvers.instances.checking import (
    FIELDS,
    is_engine_locked,
    problem_of,
    tags_of,
    tls_of,
)
from whalefall.resolvers.tags import TagFilter, TagRow, list_tags
from whalefall.web import forms
from whalefall.web import instance_fields as entered
from whalefall.web.html import done, is_fragment, render
from whalefall.web.words import N_

OPTIONS = PageRequest(first=200)
ACTIVE = CredentialFilter(credential_types=[CredentialType.DATABASE], is_active=True)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An instance that is being changed, as it stands."""

    row: InstanceRow
    tags: Sequence[TagRow]
    tls: Tls
    is_locked: bool


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a form has to say besides its fields."""

    errors: dict[str, str] = field(default_factory=dict)
    outcome: ConnectionOutcome | None = None
    differences: Sequence[entered.Difference] = ()
    status: int = 200


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.CREATE)
    return await _form(request, entered.new_values(), None, Said())


async def create(request: Request) -> Response:
    """Register the instance; with the button named `test`, only try the connection."""
    actor = request.state.actor
    actor.require(Permission.CREATE)
    fields = await request.form()
    try:
        if "test" in fields:
            return await _try(request, fields, None)
        async with request.app.state.db.write() as session:
            row = await create_instance(session, actor, entered.new_instance(fields))
    except Problem as problem:
        return await _refused(request, fields, problem, None)
    title = N_("%(name)s is registered")
    return done(request, f"/instances/{row.id}", changed="instances", title=title, name=row.name)


async def edit(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    stored = await _stored(request)
    values = entered.stored_values(stored.row, stored.tags)
    return await _form(request, values, stored, Said())


async def save(request: Request) -> Response:
    """Change the instance, unless it changed since the form was filled; or only try it."""
    actor = request.state.actor
    actor.require(Permission.UPDATE)
    fields, stored = await request.form(), await _stored(request)
    try:
        if "test" in fields:
            return await _try(request, fields, stored)
        patch, seen = entered.patch_of(fields, stored.tls), forms.moment(fields, "updated_at")
        async with request.app.state.db.write() as session:
            row = await update_instance(
                session, actor, stored.row.id, patch, expected_updated_at=seen
            )
    except Problem as problem:
        return await _refused(request, fields, problem, stored)
    title = N_("%(name)s is saved")
    return done(request, f"/instances/{row.id}", changed="instances", title=title, name=row.name)


async def validate(request: Request) -> Response:
    """One field again, with what is wrong with it; the credentials again, for another engine."""
    actor = request.state.actor
    actor.require(Permission.UPDATE)
    name, fields = request.query_params.get("field", ""), await request.form()
    instance_id = forms.integer(request.query_params, "id")
    values = entered.entered_values(fields)
    errors: dict[str, str] = {}
    async with request.app.state.db.read() as session:
        if name in FIELDS:
            value = entered.value_of(fields, name)
            problem = await problem_of(session, actor, name, value, instance_id=instance_id)
            errors = {name: problem.message} if problem else {}
        elif name != "credential_id":
            raise NotFound("There is no such field.")
        credentials = await _credentials(session, request, {**values, "credential_id": None})
    asked: dict[str, Any] = {"name": name, "instance_id": instance_id, "credentials": credentials}
    return render(
        request, "instances/field.html", values=values, errors=errors, has_ca=False, **asked
    )


async def _try(request: Request, fields: FormData, stored: Stored | None) -> Response:
    request.state.actor.require(Permission.CREATE)  # it dials any host, whatever is stored
    endpoint = entered.endpoint_of_form(fields, stored.tls if stored else None)
    outcome = await test_connection(request.app.state.db, request.state.actor, endpoint)
    return await _form(request, entered.entered_values(fields), stored, Said(outcome=outcome))


async def _refused(
    request: Request, fields: FormData, problem: Problem, stored: Stored | None
) -> Response:
    """The form again, with what was entered and what is wrong with it."""
    values = entered.entered_values(fields)
    if stored is not None and problem.problem_code is Code.STALE_OBJECT:
        # From here on, saving replaces what is stored now: the form shows what that is.
        theirs = entered.stored_values(stored.row, stored.tags)
        values["updated_at"] = theirs["updated_at"]
        changed = entered.differences(theirs, fields)
        return await _form(request, values, stored, Said(differences=changed, status=409))
    errors = forms.refusal(problem)
    if "tls" in errors:
        errors |= _tls_errors(fields)
    return await _form(request, values, stored, Said(errors=errors, status=422))


def _tls_errors(fields: FormData) -> dict[str, str]:
    """Which of the fields that TLS consists of is wrong."""
    errors = {}
    for name in ("tls_ca_pem", "tls_server_name"):
        try:
            FIELDS[name](name, forms.text(fields, name))
        except BadInput as problem:
            errors[name] = problem.message
    return errors


async def _form(
    request: Request, values: dict[str, Any], stored: Stored | None, said: Said
) -> Response:
    actor = request.state.actor
    async with request.app.state.db.read() as session:
        credentials = await _credentials(session, request, values)
        tags = await list_tags(session, actor, TagFilter(is_active=True), page=OPTIONS)
    known = {tag.name: tag for tag in (*tags.rows, *(stored.tags if stored else ()))}
    return render(
        request,
        "instances/form.html",
        **{**vars(said), "status": said.status},
        row=stored.row if stored else None,
        instance_id=stored.row.id if stored else None,
        is_locked=stored.is_locked if stored else False,
        has_ca=stored.tls.ca_pem is not None if stored else False,
        labels=entered.LABELS,
        tls_modes=list(TlsMode),
        values=values,
        credentials=credentials,
        tags=sorted(known.values(), key=lambda tag: (tag.category, tag.name)),
    )


async def _credentials(
    session: Session, request: Request, values: dict[str, Any]
) -> list[tuple[str, str]]:
    """Those that fit the engine, and the one chosen; without script all engines' with its name."""
    actor, engine = request.state.actor, str(values.get("engine") or "").upper()
    found = list((await list_credentials(session, actor, ACTIVE, page=OPTIONS)).rows)
    if is_fragment(request):
        found = [each for each in found if each.engine in (None, engine)]
    options = {str(each.id): f"{each.name} ({each.username})" for each in found}
    chosen = str(values.get("credential_id") or "")
    if chosen not in options and forms.ROW_ID.fullmatch(chosen):
        with contextlib.suppress(NotFound):  # its field says so
            each = await get_credential(session, actor, int(chosen))
            options[chosen] = f"{each.name} ({each.username})"
    return list(options.items())


async def _stored(request: Request) -> Stored:
    """Raises NotFound, also for an instance in the recycle bin."""
    actor, instance_id = request.state.actor, forms.path_id(request)
    async with request.app.state.db.read() as session:
        return Stored(
            row=await get_instance(session, actor, instance_id),
            tags=await tags_of(session, actor, instance_id),
            tls=await tls_of(session, actor, instance_id),
            is_locked=await is_engine_locked(session, actor, instance_id),
        )


ROUTES = [
    Route("/instances/new", new, methods=["GET"]),
    Route("/instances/new", create, methods=["POST"]),
    Route("/instances/validate", validate, methods=["POST"]),
    Route("/instances/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/instances/{id:row_id}/edit", save, methods=["POST"]),
]
