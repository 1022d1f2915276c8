"""The instances in numbers, each of which leads to the list that it counts."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from whalefall.resolvers.instances import instance_statistics
from whalefall.web.html import render


async def stats(request: Request) -> Response:
    async with request.app.state.db.read() as session:
        found = await instance_statistics(session, request.state.actor)
    return render(request, "instances/stats.html", stats=found)


ROUTES = [Route("/instances/stats", stats)]
