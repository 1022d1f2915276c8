"""The whole application, as a browser and as programs reach it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from tests.factories import make_user
from tests.resolvers.users.conftest import quick_hashes
from whalefall.app import create_app
from whalefall.auth import Role
from whalefall.crypto import hash_password
from whalefall.db import Database
from whalefall.settings import Settings

__all__ = ["quick_hashes"]
ORIGIN = "http://127.0.0.1:8600"
HERE = {"origin": ORIGIN}
PASSWORD = "correct horse battery"
LOGIN = """mutation ($input: LoginInput!) { login(input: $input) {
  user { username role csrfToken } csrfToken errors { code field message } } }"""
ENTER = """mutation ($input: LoginInput!) { login(input: $input) {
  accessToken refreshToken expiresAt csrfToken errors { code } } }"""
ME = "{ me { username csrfToken } }"
LOGOUT = "mutation { logout { errors { code } } }"
PEOPLE = {"ada": Role.ADMIN, "otto": Role.OPERATOR, "vera": Role.VIEWER}


@pytest.fixture
async def app(db: Database, settings: Settings) -> AsyncIterator[Starlette]:
    """The application, and Ada, Otto and Vera in its database."""
    app = create_app(settings)
    app.state.db = db
    async with db.write() as session:
        for name, role in PEOPLE.items():
            hashed = await hash_password(PASSWORD)
            await make_user(session, username=name, role=role, password_hash=hashed)
    yield app
    app.state.broker.close()


@pytest.fixture
async def browser(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """Keeps its cookies."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


@pytest.fixture
async def program(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """Keeps no cookies, and says nothing of where it comes from."""
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        yield client


async def ask(
    client: httpx2.AsyncClient,
    query: str,
    variables: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """The answer with its errors, but without what it cost."""
    body = {"query": query, "variables": variables}
    response = await client.post("/graphql", json=body, headers=headers)
    assert response.status_code == 200
    return {name: part for name, part in response.json().items() if name != "extensions"}


async def enter(program: httpx2.AsyncClient, username: str = "ada") -> dict[str, Any]:
    """What a program is given when it signs in."""
    variables = {"input": {"username": username, "password": PASSWORD}}
    answer = await ask(program, ENTER, variables, HERE)
    program.cookies.clear()
    given: dict[str, Any] = answer["data"]["login"]
    assert given["errors"] == []
    return given


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def refusal(program: httpx2.AsyncClient, token: str) -> str:
    """The code with which the edge turns a bearer away."""
    response = await program.post("/graphql", json={"query": ME}, headers=bearer(token))
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    (error,) = response.json()["errors"]
    code: str = error["extensions"]["code"]
    return code
