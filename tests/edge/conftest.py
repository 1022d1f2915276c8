"""The edge around a tiny application that shows what came through."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.log_lines import lines
from tests.resolvers.users.conftest import PASSWORD, SYSTEM, quick_hashes
from whalefall.auth import Permission, Role
from whalefall.db import Database
from whalefall.edge import COOKIE, Edge
from whalefall.errors import AuthenticationRequired, ServiceUnavailable
from whalefall.resolvers.users import SignedIn, create_api_token, create_user, sign_in
from whalefall.settings import Settings
from whalefall.web import probes
from whalefall.web.problems import EXCEPTION_HANDLERS

__all__ = ["lines", "quick_hashes"]
OURS = {"Sec-Fetch-Site": "same-origin"}


async def show(request: Request) -> Response:
    """What the edge left behind, and the body as the application reads it."""
    state = request.state
    return JSONResponse(
        {
            "actor": state.actor.name,
            "rights": sorted(state.actor.permissions),
            "address": state.address,
            "client": request.client.host if request.client else None,
            "scheme": request.url.scheme,
            "request_id": state.request_id,
            "csrf_token": state.csrf_token,
            "csrf_problem": state.csrf_problem and state.csrf_problem.problem_code,
            "body": (await request.body()).decode("latin-1")[:100],
        }
    )


async def form(request: Request) -> Response:
    async with request.form() as fields:
        return JSONResponse(dict(fields))


async def private(request: Request) -> Response:
    request.state.actor.require(Permission.ADMIN)
    return JSONResponse({})


async def bounced(request: Request) -> Response:
    raise AuthenticationRequired("Sign in first.")


async def broken(request: Request) -> Response:
    raise RuntimeError("postgresql://a:c4nary@db/x")


async def away(request: Request) -> Response:
    raise ServiceUnavailable("WhaleFall's own database does not answer.")


async def half(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("lost")

    return StreamingResponse(chunks())


async def enter(request: Request) -> Response:
    request.state.session_token = request.query_params["token"]
    return JSONResponse({})


WRITES = ["GET", "POST", "PUT", "DELETE"]
ROUTES = [
    Route("/show", show, methods=WRITES),
    Route("/graphql", show, methods=WRITES),
    Route("/login", show, methods=["GET", "POST"]),
    Route("/form", form, methods=["POST"]),
    Route("/enter", enter, methods=["POST"]),
    Route("/static/show", show),
    *(
        Route(f"{prefix}/{name}", handler, methods=["GET", "POST"])
        for prefix in ("", "/api/v1")
        for name, handler in {
            "private": private,
            "bounced": bounced,
            "broken": broken,
            "away": away,
            "half": half,
        }.items()
    ),
    *probes.ROUTES,
]


@dataclass(kw_only=True)
class Site:
    """The application under some settings, and Ada's ways in."""

    settings: Settings
    db: Database
    ada: SignedIn
    token: str

    def client(
        self,
        *,
        base_url: str = "http://whalefall.example",
        peer: str = "203.0.113.9",
        **changes: object,
    ) -> httpx2.AsyncClient:
        settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        app = Starlette(
            routes=ROUTES,
            middleware=[Middleware(Edge, settings=settings)],
            exception_handlers=EXCEPTION_HANDLERS,
        )
        app.state.db, app.state.settings = self.db, settings
        transport = httpx2.ASGITransport(app=app, client=(peer, 40000))
        return httpx2.AsyncClient(transport=transport, base_url=base_url)

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.ada.token}"}

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self.ada.csrf_token}


@pytest.fixture
async def site(db: Database, settings: Settings) -> Site:
    async with db.write() as session:
        await create_user(session, SYSTEM, "ada", PASSWORD, Role.ADMIN)
        token = await create_api_token(session, SYSTEM, "ada", "ci", scopes=[Permission.VIEW])
    ada = await sign_in(db, "ada", PASSWORD, address=None, user_agent=None)
    return Site(settings=settings, db=db, ada=ada, token=token)


@pytest.fixture
async def http(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with site.client() as client:
        yield client
