"""A program signs in, calls by its access token and refreshes it, all by real messages."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
from sqlalchemy import select, text, update

from tests.log_lines import Lines, lines
from tests.schema.users.conftest import (
    HERE,
    LOGIN,
    LOGOUT,
    ME,
    PASSWORD,
    ask,
    bearer,
    enter,
    refusal,
)
from whalefall.auth import Role
from whalefall.db import Database
from whalefall.logs import BUFFER
from whalefall.models import Base
from whalefall.models.users import User, UserSession
from whalefall.resolvers.logs import save_logs
from whalefall.resolvers.users.access_tokens import PURPOSE, SignIn, make_access_token

__all__ = ["lines"]
REFRESH = """mutation ($token: String!) { refreshAccessToken(input: {refreshToken: $token}) {
  accessToken refreshToken expiresAt errors { code field message } } }"""
SYNC = "mutation { syncCapacity(input: {}) { errors { code } } }"


async def refresh(
    program: httpx2.AsyncClient, token: str, headers: dict[str, str] | None = None
) -> Any:
    return (await ask(program, REFRESH, {"token": token}, headers))["data"]["refreshAccessToken"]


async def me(program: httpx2.AsyncClient, token: str) -> Any:
    return (await ask(program, ME, headers=bearer(token)))["data"]["me"]


async def change(db: Database, **values: Any) -> None:
    async with db.write() as session:
        await session.execute(update(User).where(User.username == "ada").values(**values))


async def test_a_program_signs_in_and_calls_by_its_access_token(
    program: httpx2.AsyncClient,
) -> None:
    given = await enter(program)

    left = datetime.fromisoformat(given["expiresAt"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    assert await me(program, given["accessToken"]) == {"username": "ada", "csrfToken": None}


async def test_a_wrong_password_gives_no_tokens(program: httpx2.AsyncClient) -> None:
    login = LOGIN.replace("csrfToken errors", "accessToken refreshToken expiresAt errors")
    variables = {"input": {"username": "ada", "password": "wrong"}}

    refused = (await ask(program, login, variables, HERE))["data"]["login"]

    assert [refused[name] for name in ("accessToken", "refreshToken", "expiresAt")] == [None] * 3


async def test_writes_by_bearer_need_no_csrf_token(program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    written = await ask(program, SYNC, headers=bearer(given["accessToken"]))

    assert written == {"data": {"syncCapacity": {"errors": [{"code": "CONFLICT"}]}}}  # none there


async def test_refreshing_needs_nothing_but_the_token(program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    second = await refresh(program, given["refreshToken"])
    third = await refresh(program, second["refreshToken"])

    assert second["errors"] == third["errors"] == []
    assert await me(program, third["accessToken"]) == {"username": "ada", "csrfToken": None}


async def test_a_browser_that_is_signed_in_refreshes_too(browser: httpx2.AsyncClient) -> None:
    variables = {"input": {"username": "ada", "password": PASSWORD}}
    query = LOGIN.replace("csrfToken errors", "refreshToken errors")
    given = (await ask(browser, query, variables, HERE))["data"]["login"]
    assert browser.cookies

    assert (await refresh(browser, given["refreshToken"]))["errors"] == []


async def test_another_site_cannot_refresh(program: httpx2.AsyncClient) -> None:
    given = await enter(program)
    body = {"query": REFRESH, "variables": {"token": given["refreshToken"]}}

    answer = await program.post("/graphql", json=body, headers={"origin": "http://evil.example"})

    assert answer.status_code == 403
    assert (await refresh(program, given["refreshToken"]))["errors"] == []


async def test_a_second_use_is_refused_and_ends_everything(program: httpx2.AsyncClient) -> None:
    given = await enter(program)
    second = await refresh(program, given["refreshToken"])

    reused = await refresh(program, given["refreshToken"])

    assert reused == {
        "accessToken": None,
        "refreshToken": None,
        "expiresAt": None,
        "errors": [
            {
                "code": "TOKEN_INVALID",
                "field": ["input", "refreshToken"],
                "message": "The refresh token is not valid.",
            }
        ],
    }
    assert await refusal(program, second["accessToken"]) == "TOKEN_INVALID"
    (error,) = (await refresh(program, second["refreshToken"]))["errors"]
    assert error["code"] == "TOKEN_INVALID"


async def test_two_refreshes_at_once_leave_no_token_alive(program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    both = await asyncio.gather(*(refresh(program, given["refreshToken"]) for _ in range(2)))

    (won,) = [each for each in both if not each["errors"]]
    (lost,) = [each for each in both if each["errors"]]
    assert lost["errors"][0]["code"] == "TOKEN_INVALID"
    assert await refusal(program, won["accessToken"]) == "TOKEN_INVALID"


async def test_signing_out_by_bearer_counts_at_once(
    browser: httpx2.AsyncClient, program: httpx2.AsyncClient
) -> None:
    variables = {"input": {"username": "ada", "password": PASSWORD}}
    query = LOGIN.replace("csrfToken errors", "accessToken refreshToken errors")
    given = (await ask(browser, query, variables, HERE))["data"]["login"]

    out = await ask(program, LOGOUT, headers=bearer(given["accessToken"]))

    assert out == {"data": {"logout": {"errors": []}}}
    assert await refusal(program, given["accessToken"]) == "TOKEN_INVALID"
    (error,) = (await refresh(program, given["refreshToken"]))["errors"]
    assert error["code"] == "TOKEN_INVALID"
    assert await ask(browser, ME) == {"data": {"me": None}}  # the same sign-in


async def test_disabling_counts_at_once(db: Database, program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    await change(db, is_active=False)

    assert await refusal(program, given["accessToken"]) == "TOKEN_INVALID"
    (error,) = (await refresh(program, given["refreshToken"]))["errors"]
    assert error["code"] == "TOKEN_INVALID"


async def test_a_lesser_role_counts_at_once(db: Database, program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    await change(db, role=Role.VIEWER)

    (error,) = (await ask(program, SYNC, headers=bearer(given["accessToken"])))["errors"]
    assert error["extensions"]["code"] == "PERMISSION_REQUIRED"


async def test_an_expired_access_token_says_so(db: Database, program: httpx2.AsyncClient) -> None:
    await enter(program)
    async with db.read() as session:
        row = (await session.execute(select(UserSession.user_id, UserSession.id))).one()
    sign_in = SignIn(user_id=row[0], session_id=row[1])

    past = make_access_token(db.keys, sign_in, datetime.now(UTC) - timedelta(seconds=1))

    assert await refusal(program, past) == "TOKEN_EXPIRED"


async def test_forged_access_tokens_are_refused(db: Database, program: httpx2.AsyncClient) -> None:
    good = (await enter(program))["accessToken"]
    head, payload, signature = good.split(".")
    claims = jwt.decode(good, options={"verify_signature": False})
    kid, key = {"kid": db.keys.current_id}, db.keys.derive(PURPOSE)
    nameless = base64.urlsafe_b64encode(json.dumps({"alg": "none", **kid}).encode()).decode()
    public = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", **kid}).encode()).decode()

    def signed(key: bytes = key, algorithm: str = "HS256", **changes: str) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm=algorithm, headers=kid)

    assert (await me(program, signed()))["username"] == "ada"  # else nothing below means anything
    for forged in (
        f"{nameless.rstrip('=')}.{payload}.",
        f"{public.rstrip('=')}.{payload}.{signature}",
        f"{head}.{payload}.{signature[::-1]}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        signed(key=b"x" * 32),
        signed(key=key * 2, algorithm="HS512"),
        signed(aud="another"),
        signed(iss="another"),
        signed(type="refresh"),
        signed(sid="999999"),
        signed(sub="999999"),
    ):
        assert await refusal(program, forged) == "TOKEN_INVALID"


async def test_a_refresh_token_is_no_bearer(program: httpx2.AsyncClient) -> None:
    given = await enter(program)

    assert await refusal(program, given["refreshToken"]) == "TOKEN_INVALID"
    (error,) = (await refresh(program, given["accessToken"]))["errors"]
    assert error["code"] == "TOKEN_INVALID"


async def test_no_secret_reaches_a_table_or_the_log(
    db: Database, program: httpx2.AsyncClient, lines: Lines
) -> None:
    given = await enter(program)
    second = await refresh(program, given["refreshToken"])
    create = 'mutation { createApiToken(input: {name: "ci"}) { token } }'
    made = await ask(program, create, headers=bearer(second["accessToken"]))
    api_token = made["data"]["createApiToken"]["token"]
    await me(program, api_token)
    await refresh(program, given["refreshToken"])  # ends the sign-in
    for dead in (second["accessToken"], second["refreshToken"], given["accessToken"] + "x"):
        await refusal(program, dead)
    literal = REFRESH.replace("($token: String!)", "").replace("$token", f'"{api_token}"')
    await ask(program, literal + "}")  # a document that cannot be parsed
    await program.get("/graphql", params={"query": literal}, headers=bearer(api_token))

    logged = repr(list(BUFFER._entries)) + repr(lines())
    await save_logs(db)
    kept = await everything(db)

    names = ("accessToken", "refreshToken", "csrfToken")
    secrets = [tokens[name] for tokens in (given, second) for name in names if name in tokens]
    for secret in (*secrets, api_token, PASSWORD):
        assert secret[-16:] not in logged
        assert secret[-16:] not in kept
    assert "refresh_token.reused" in logged
    assert "refresh_token.reused" in kept


async def everything(db: Database) -> str:
    """All rows of all tables as text."""
    found: list[str] = []
    async with db.read() as session:
        for table in Base.metadata.sorted_tables:
            rows = await session.execute(text(f"SELECT row_to_json(t)::text FROM {table.name} t"))
            found += rows.scalars()
    assert found
    return "\n".join(found)
