"""The dialog that says how large a database may become."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.errors import Problem
from whalefall.resolvers.databases import get_database
from whalefall.resolvers.forecasts import set_size_limit, size_limit_of
from whalefall.web import formats, forms
from whalefall.web.html import done, render
from whalefall.web.words import N_


async def limit(request: Request) -> Response:
    """How large a database may become, as somebody says."""
    request.state.actor.require(Permission.UPDATE)
    database_id = forms.path_id(request)
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, database_id)
        known = await size_limit_of(session, request.state.actor, database_id)
    values = {"limit": "" if known is None else formats.exact_size(known)}
    return render(request, "databases/limit.html", row=row, values=values)


async def save_limit(request: Request) -> Response:
    request.state.actor.require(Permission.UPDATE)
    database_id, fields = forms.path_id(request), await request.form()
    async with request.app.state.db.read() as session:
        row = await get_database(session, request.state.actor, database_id)
    try:
        async with request.app.state.db.write() as session:
            await set_size_limit(
                session, request.state.actor, database_id, forms.size(fields, "limit")
            )
    except Problem as problem:
        errors = {"limit": next(iter(forms.refusal(problem).values()))}
        return render(
            request,
            "databases/limit.html",
            status=422,
            row=row,
            values=dict(fields),
            errors=errors,
        )
    return done(request, f"/databases/{row.id}", changed="tables", title=N_("Saved the limit"))


ROUTES = [
    Route("/databases/{id:row_id}/limit", limit, methods=["GET"]),
    Route("/databases/{id:row_id}/limit", save_limit, methods=["POST"]),
]
