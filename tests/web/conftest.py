"""Browsers of Ada, Otto and Vera, signed in, in front of the pages and their real edge."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import lxml.html
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from tests.resolvers.users.conftest import PASSWORD, SYSTEM, quick_hashes
from whalefall.auth import Role
from whalefall.db import Database
from whalefall.edge import COOKIE, Edge
from whalefall.resolvers.users import create_user, sign_in
from whalefall.settings import Settings
from whalefall.web import routes
from whalefall.web.problems import EXCEPTION_HANDLERS

__all__ = ["quick_hashes"]
HERE = "http://127.0.0.1:8600"
NAMES = {Role.ADMIN: "ada", Role.OPERATOR: "otto", Role.VIEWER: "vera"}


def make_app(db: Database, settings: Settings) -> Starlette:
    """The pages alone: everything but GraphQL."""
    app = Starlette(
        routes=list(routes()),
        middleware=[Middleware(Edge, settings=settings)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.db, app.state.settings = db, settings
    return app


@dataclass(kw_only=True)
class Browser:
    """A person's browser. Redirects are not followed: they are what a test looks at."""

    http: httpx2.AsyncClient
    csrf_token: str = ""

    async def get(
        self, path: str, *, target: str = "", headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """A page, or with `target` the block that htmx wants to swap."""
        sent = {"HX-Request": "true", "HX-Target": target} if target else {}
        return await self.http.get(path, headers={**sent, **(headers or {})})

    async def post(
        self, path: str, fields: dict[str, str] | None = None, *, target: str = ""
    ) -> httpx2.Response:
        """A form of ours, sent by the browser or, with `target`, by htmx."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        if target:
            headers |= {"HX-Request": "true", "HX-Target": target}
        values = {"csrf_token": self.csrf_token, **(fields or {})}
        return await self.http.post(path, data=values, headers=headers)


def dom(response: httpx2.Response) -> lxml.html.HtmlElement:
    """The page that came back, well and whole."""
    assert response.status_code == 200, response.text
    return lxml.html.document_fromstring(response.text)


def texts(page: lxml.html.HtmlElement, selector: str) -> list[str]:
    """The words of each match, with single spaces."""
    return [" ".join(found.text_content().split()) for found in page.cssselect(selector)]


@pytest.fixture
async def nobody(db: Database, settings: Settings) -> AsyncIterator[Browser]:
    async with _client(db, settings) as http:
        yield Browser(http=http)


@pytest.fixture
async def ada_browser(db: Database, settings: Settings) -> AsyncIterator[Browser]:
    async with _client(db, settings) as http:
        yield await _signed_in(db, http, Role.ADMIN)


@pytest.fixture
async def otto_browser(db: Database, settings: Settings) -> AsyncIterator[Browser]:
    async with _client(db, settings) as http:
        yield await _signed_in(db, http, Role.OPERATOR)


@pytest.fixture
async def vera_browser(db: Database, settings: Settings) -> AsyncIterator[Browser]:
    async with _client(db, settings) as http:
        yield await _signed_in(db, http, Role.VIEWER)


def _client(db: Database, settings: Settings) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=make_app(db, settings), client=("127.0.0.1", 40000))
    return httpx2.AsyncClient(transport=transport, base_url=HERE)


async def _signed_in(db: Database, http: httpx2.AsyncClient, role: Role) -> Browser:
    async with db.write() as session:
        await create_user(session, SYSTEM, NAMES[role], PASSWORD, role)
    begun = await sign_in(db, NAMES[role], PASSWORD, address=None, user_agent=None)
    http.cookies.set(COOKIE, begun.token)
    return Browser(http=http, csrf_token=begun.csrf_token)
