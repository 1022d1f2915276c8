"""The dialogs that add, change, reset, disable and delete a user."""

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall import crypto
from whalefall.auth import Permission, Role
from whalefall.errors import BadInput, Problem
from whalefall.resolvers.users import (
    UserPatch,
    UserRow,
    create_user,
    delete_user,
    get_user,
    get_user_traces,
    reset_password,
    update_user,
)
from whalefall.web import forms
from whalefall.web.html import done, render
from whalefall.web.words import N_

LIST = "/users"


async def new(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    return _form(request, {"role": Role.VIEWER, "must_change_password": True})


async def create(request: Request) -> Response:
    """Add the user; without a password, one is made and shown."""
    request.state.actor.require(Permission.ADMIN)
    fields = await request.form()
    made, password = _password(fields)
    try:
        async with request.app.state.db.write() as session:
            row = await create_user(
                session,
                request.state.actor,
                forms.text(fields, "username") or "",
                password,
                forms.choice(fields, "role", Role) or Role.VIEWER,
                must_change_password="must_change_password" in fields,
            )
    except Problem as problem:
        return _form(request, dict(fields), errors=forms.refusal(problem), status=422)
    if made:
        return _shown(request, row, password)
    return done(request, LIST, changed="users", title=N_("Added %(name)s"), name=row.username)


async def edit(request: Request) -> Response:
    row = await _row(request)
    return _form(request, {**vars(row), "expected_updated_at": row.updated_at.isoformat()}, row)


async def save(request: Request) -> Response:
    """Change name and role, unless somebody else changed them since the form was shown."""
    fields, row = await request.form(), await _row(request)
    patch = UserPatch(username=forms.text(fields, "username"))
    try:
        patch.role = forms.choice(fields, "role", Role)
        expected = forms.moment(fields, "expected_updated_at")
        async with request.app.state.db.write() as session:
            row = await update_user(
                session, request.state.actor, row.id, patch, expected_updated_at=expected
            )
    except Problem as problem:
        return _form(request, dict(fields), row, forms.refusal(problem), status=422)
    return done(request, LIST, changed="users", title=N_("Saved %(name)s"), name=row.username)


async def ask_reset(request: Request) -> Response:
    return await _question(request, "users/reset.html")


async def reset(request: Request) -> Response:
    """Give somebody else a password; without one in the form, one is made and shown."""
    row = await _row(request)
    made, password = _password(await request.form())
    try:
        async with request.app.state.db.write() as session:
            row = await reset_password(session, request.state.actor, row.id, password)
    except Problem as problem:
        return await _question(request, "users/reset.html", forms.refusal(problem))
    if made:
        return _shown(request, row, password)
    title = N_("%(name)s has a new password")
    return done(request, LIST, changed="users", title=title, name=row.username)


async def ask_disable(request: Request) -> Response:
    return await _question(request, "users/disable.html")


async def disable(request: Request) -> Response:
    return await _switch(request, is_active=False, title=N_("%(name)s is disabled"))


async def ask_enable(request: Request) -> Response:
    return await _question(request, "users/enable.html")


async def enable(request: Request) -> Response:
    return await _switch(request, is_active=True, title=N_("%(name)s may sign in again"))


async def ask_delete(request: Request) -> Response:
    return await _question(request, "users/delete.html")


async def delete(request: Request) -> Response:
    """Remove somebody else for good, once their name was typed."""
    fields, row = await request.form(), await _row(request)
    try:
        if forms.text(fields, "typed_name") != row.username:
            raise BadInput("This is not the name.", field="typed_name")
        async with request.app.state.db.write() as session:
            await delete_user(session, request.state.actor, row.id)
    except Problem as problem:
        return await _question(request, "users/delete.html", forms.refusal(problem))
    return done(request, LIST, changed="users", title=N_("Deleted %(name)s"), name=row.username)


async def _switch(request: Request, *, is_active: bool, title: str) -> Response:
    row = await _row(request)
    patch = UserPatch(is_active=is_active)
    try:
        async with request.app.state.db.write() as session:
            await update_user(session, request.state.actor, row.id, patch)
    except Problem as problem:
        template = "users/enable.html" if is_active else "users/disable.html"
        return await _question(request, template, forms.refusal(problem))
    return done(request, LIST, changed="users", title=title, name=row.username)


def _form(
    request: Request,
    values: dict[str, Any],
    row: UserRow | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The form; a password that was entered is never sent back."""
    values.pop("password", None)
    return render(
        request,
        "users/form.html",
        status=status,
        row=row,
        values=values,
        errors=errors or {},
        roles=list(Role),
    )


async def _question(
    request: Request, template: str, errors: dict[str, str] | None = None
) -> Response:
    """A dialog about one user with what hangs on them; 422 when it says what was wrong."""
    actor, user_id = request.state.actor, forms.path_id(request)
    async with request.app.state.db.read() as session:
        row = await get_user(session, actor, user_id)
        traces = await get_user_traces(session, actor, user_id)
    return render(
        request,
        template,
        status=422 if errors else 200,
        row=row,
        traces=traces,
        errors=errors or {},
    )


def _shown(request: Request, row: UserRow, password: str) -> Response:
    """The password that was made, for the first and last time."""
    headers = {"HX-Trigger": "users:changed"}
    return render(request, "users/password_made.html", headers=headers, row=row, password=password)


async def _row(request: Request) -> UserRow:
    """Whose form it is; also one's own is for administrators only."""
    request.state.actor.require(Permission.ADMIN)
    async with request.app.state.db.read() as session:
        return await get_user(session, request.state.actor, forms.path_id(request))


def _password(fields: FormData) -> tuple[bool, str]:
    """Whether it had to be made, and the password, as it was typed: spaces may belong to it."""
    typed = forms.typed(fields, "password")
    return (False, typed) if typed else (True, crypto.new_password())


ROUTES = [
    Route("/users/new", new, methods=["GET"]),
    Route("/users/new", create, methods=["POST"]),
    Route("/users/{id:row_id}/edit", edit, methods=["GET"]),
    Route("/users/{id:row_id}/edit", save, methods=["POST"]),
    Route("/users/{id:row_id}/reset-password", ask_reset, methods=["GET"]),
    Route("/users/{id:row_id}/reset-password", reset, methods=["POST"]),
    Route("/users/{id:row_id}/disable", ask_disable, methods=["GET"]),
    Route("/users/{id:row_id}/disable", disable, methods=["POST"]),
    Route("/users/{id:row_id}/enable", ask_enable, methods=["GET"]),
    Route("/users/{id:row_id}/enable", enable, methods=["POST"]),
    Route("/users/{id:row_id}/delete", ask_delete, methods=["GET"]),
    Route("/users/{id:row_id}/delete", delete, methods=["POST"]),
]
