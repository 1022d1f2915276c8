"""What an instance's account may do, held against what is needed; asked when somebody wants it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.auth import Permission
from whalefall.resolvers.collection import PrivilegeReport, privilege_report
from whalefall.resolvers.instances import get_instance
from whalefall.web import forms
from whalefall.web.html import render


async def page(request: Request) -> Response:
    """What the check is about, and the button: nobody's server is dialled by a link."""
    return await _shown(request, None)


async def check(request: Request) -> Response:
    """Ask the server; htmx gets the report, others the whole page with it."""
    actor = request.state.actor
    actor.require(Permission.EXECUTE)
    report = await privilege_report(request.app.state.db, actor, forms.path_id(request))
    return await _shown(request, report)


async def _shown(request: Request, report: PrivilegeReport | None) -> Response:
    async with request.app.state.db.read() as session:
        row = await get_instance(session, request.state.actor, forms.path_id(request))
    return render(request, "instances/privileges.html", row=row, report=report)


ROUTES = [
    Route("/instances/{id:row_id}/privileges", page),
    Route("/instances/{id:row_id}/privileges", check, methods=["POST"]),
]
