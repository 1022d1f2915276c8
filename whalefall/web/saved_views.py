"""One's own views of a list: choosing one, saving what is shown, deleting; and its columns."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import BadInput
from whalefall.resolvers.users import (
    delete_saved_view,
    list_of,
    list_saved_views,
    save_view,
)
from whalefall.web import forms
from whalefall.web.columns import COLUMNS
from whalefall.web.html import done, render
from whalefall.web.words import N_


async def views(request: Request) -> Response:
    """The views of the list that `of` is the address of, and a form to save it as one."""
    request.state.actor.require(Permission.VIEW)
    return await _list(request, request.query_params.get("of", ""), {})


async def save(request: Request) -> Response:
    fields = await request.form()
    of, name = forms.text(fields, "of") or "", forms.text(fields, "name") or ""
    try:
        async with request.app.state.db.write() as session:
            name = await save_view(session, request.state.actor, of, name)
    except BadInput as problem:
        errors = forms.errors_of(problem)
        return await _list(request, of, errors, values={"name": name}, status=422)
    return done(request, of, changed="views", title=N_("Saved as %(name)s"), name=name)


async def delete(request: Request) -> Response:
    async with request.app.state.db.write() as session:
        gone = await delete_saved_view(session, request.state.actor, forms.path_id(request))
    title = N_("The view %(name)s is gone")
    return done(request, gone.address, changed="views", title=title, name=gone.name)


async def _list(
    request: Request,
    of: str,
    errors: dict[str, str],
    *,
    values: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    path, query = list_of(of)
    pairs = parse_qsl(query)
    known = COLUMNS.get(path, {})
    wanted = [each for name, value in pairs if name == "columns" for each in value.split(",")]
    async with request.app.state.db.read() as session:
        found = await list_saved_views(session, request.state.actor, path)
    return render(
        request,
        "views/list.html",
        status=status,
        views=found,
        of=f"{path}?{query}" if query else path,
        savable=bool(query),
        path=path,
        rest=[(name, value) for name, value in pairs if name != "columns"],
        columns=known,
        chosen=wanted or list(known),
        values=values or {},
        errors=errors,
    )


ROUTES = [
    Route("/views", views, methods=["GET"]),
    Route("/views", save, methods=["POST"]),
    Route("/views/{id:row_id}/delete", delete, methods=["POST"]),
]
