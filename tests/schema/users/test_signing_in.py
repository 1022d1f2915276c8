"""Signing in and out by GraphQL, through the whole application."""

from typing import Any

import httpx2

from tests.schema.users.conftest import HERE, LOGIN, LOGOUT, ME, PASSWORD, ask


async def sign_in(browser: httpx2.AsyncClient, password: str = PASSWORD) -> Any:
    variables = {"input": {"username": "ada", "password": password}}
    return (await ask(browser, LOGIN, variables, HERE))["data"]["login"]


async def test_ada_signs_in_and_out(browser: httpx2.AsyncClient) -> None:
    signed_in = await sign_in(browser)

    token = signed_in.pop("csrfToken")
    assert signed_in == {
        "user": {"username": "ada", "role": "ADMIN", "csrfToken": None},
        "errors": [],
    }
    me = await ask(browser, ME)
    assert me == {"data": {"me": {"username": "ada", "csrfToken": token}}}

    signed_out = await ask(browser, LOGOUT, headers={"x-csrftoken": token})
    assert signed_out == {"data": {"logout": {"errors": []}}}
    assert await ask(browser, ME) == {"data": {"me": None}}


async def test_the_cookie_is_for_the_browser_alone(browser: httpx2.AsyncClient) -> None:
    variables = {"input": {"username": "ada", "password": PASSWORD}}
    body = {"query": LOGIN, "variables": variables}

    response = await browser.post("/graphql", json=body, headers=HERE)

    cookie = response.headers["set-cookie"]
    assert cookie.startswith("whalefall_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert response.cookies["whalefall_session"] not in response.text


async def test_a_wrong_password_is_a_user_error(browser: httpx2.AsyncClient) -> None:
    refused = await sign_in(browser, "wrong")

    assert refused["user"] is None
    assert refused["csrfToken"] is None
    assert [error["code"] for error in refused["errors"]] == ["INVALID_CREDENTIALS"]
    assert not browser.cookies


async def test_a_blank_password_names_its_field(browser: httpx2.AsyncClient) -> None:
    (error,) = (await sign_in(browser, " "))["errors"]

    assert (error["code"], error["field"]) == ("BAD_USER_INPUT", ["input", "password"])


async def test_other_sites_cannot_sign_anybody_in(browser: httpx2.AsyncClient) -> None:
    variables = {"input": {"username": "ada", "password": PASSWORD}}

    (silent,) = (await ask(browser, LOGIN, variables))["errors"]
    elsewhere = await browser.post(
        "/graphql",
        json={"query": LOGIN, "variables": variables},
        headers={"origin": "http://evil.example"},
    )

    assert silent["extensions"]["code"] == "CSRF_MISSING"
    assert elsewhere.status_code == 403
    assert not browser.cookies


async def test_writes_by_cookie_need_the_token(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    query = "mutation { syncCapacity(input: {}) { errors { code } } }"

    (missing,) = (await ask(browser, query))["errors"]
    (wrong,) = (await ask(browser, query, headers={"x-csrftoken": "x"}))["errors"]
    reading = await ask(browser, "{ tags { totalCount } }")

    assert missing["extensions"]["code"] == "CSRF_MISSING"
    assert wrong["extensions"]["code"] == "CSRF_INVALID"
    assert reading == {"data": {"tags": {"totalCount": 0}}}


async def test_nobody_cannot_sign_out(browser: httpx2.AsyncClient) -> None:
    (error,) = (await ask(browser, LOGOUT, headers=HERE))["errors"]

    assert error["extensions"]["code"] == "AUTHENTICATION_REQUIRED"
