"""The GraphQL door by itself: real HTTP messages, a real database, and a chosen actor."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.factories import ADA
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.schema.build import Schema, schema
from whalefall.schema.http import graphql_routes

CSRF_TOKEN = "csrf-token"


class As:
    """In the place of the edge: says who asks."""

    def __init__(self, app: ASGIApp, who: "list[Actor]") -> None:
        self._app, self._who = app, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = {"actor": self._who[-1], "request_id": "r-1", "csrf_token": CSRF_TOKEN}
        scope["state"] = {**state, "csrf_problem": None}
        await self._app(scope, receive, send)


@dataclass
class Door:
    """A client of the endpoint; Ada asks unless somebody else is named."""

    http: httpx2.AsyncClient
    who: list[Actor]

    async def answer(
        self, query: str, variables: dict[str, Any] | None = None, *, actor: Actor = ADA
    ) -> dict[str, Any]:
        """The whole answer, errors included."""
        response = await self.send(
            "POST", json={"query": query, "variables": variables}, actor=actor
        )
        assert response.status_code == 200
        body: dict[str, Any] = response.json()
        return body

    async def data(
        self, query: str, variables: dict[str, Any] | None = None, *, actor: Actor = ADA
    ) -> Any:
        """The data of an answer without errors."""
        body = await self.answer(query, variables, actor=actor)
        assert "errors" not in body
        return body["data"]

    async def code(
        self, query: str, variables: dict[str, Any] | None = None, *, actor: Actor = ADA
    ) -> str:
        """The code of an answer with one top-level error."""
        (error,) = (await self.answer(query, variables, actor=actor))["errors"]
        code: str = error["extensions"]["code"]
        return code

    async def send(
        self, method: str, path: str = "/graphql", *, actor: Actor = ADA, **message: Any
    ) -> httpx2.Response:
        self.who.append(actor)
        try:
            return await self.http.request(method, path, **message)
        finally:
            self.who.pop()


@asynccontextmanager
async def opened_door(
    db: Database, schema: Schema = schema, *, compiled: bool = True
) -> AsyncIterator[Door]:
    """The endpoint over a database, with a schema of its own if need be."""
    async with door_to(db, graphql_routes(schema, compiled=compiled)) as door:
        yield door


@asynccontextmanager
async def door_to(db: Database, routes: Sequence[BaseRoute]) -> AsyncIterator[Door]:
    who: list[Actor] = []
    app = Starlette(routes=routes, middleware=[Middleware(As, who=who)])
    app.state.db = db
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        yield Door(http, who)


@pytest.fixture
async def door(opened_database: Database) -> AsyncIterator[Door]:
    """A test that writes also asks for `db`, which is emptied after it."""
    async with opened_door(opened_database) as door:
        yield door


@pytest.fixture
async def plain_door(opened_database: Database) -> AsyncIterator[Door]:
    """The endpoint when nothing is compiled: resolvers answer everything."""
    async with opened_door(opened_database, compiled=False) as door:
        yield door


@pytest.fixture(params=[True, False], ids=["compiled", "resolved"])
async def either_door(
    opened_database: Database, request: pytest.FixtureRequest
) -> AsyncIterator[Door]:
    """The endpoint with compiled plans, and again without."""
    async with opened_door(opened_database, compiled=request.param) as door:
        yield door
