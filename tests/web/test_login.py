"""Signing in and out."""

import pytest

from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from tests.web.conftest import HERE, Browser, dom, texts
from whalefall.auth import Role
from whalefall.db import Database
from whalefall.edge import COOKIE
from whalefall.resolvers.users import create_user


@pytest.fixture
async def vera_user(db: Database) -> None:
    async with db.write() as session:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)


async def enter(browser: Browser, password: str = PASSWORD, **fields: str) -> str:
    response = await browser.post("/login", {"username": "vera", "password": password, **fields})
    return response.headers.get("location", f"stayed: {response.status_code}")


@pytest.mark.usefixtures("vera_user")
async def test_the_right_password_begins_a_session(nobody: Browser) -> None:
    assert await enter(nobody) == "/"
    assert nobody.http.cookies.get(COOKIE)

    page = dom(await nobody.get("/databases/ledgers"))

    assert texts(page, ".rail__user strong") == ["vera"]


@pytest.mark.usefixtures("vera_user")
async def test_one_comes_back_to_where_one_was(nobody: Browser) -> None:
    assert await enter(nobody, next="/instances?tags=prod") == "/instances?tags=prod"


@pytest.mark.usefixtures("vera_user")
@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_signing_in_never_leads_to_another_site(nobody: Browser, target: str) -> None:
    assert await enter(nobody, next=target) == "/"


@pytest.mark.usefixtures("vera_user")
async def test_a_wrong_password_shows_the_form_again_without_the_password(
    nobody: Browser,
) -> None:
    response = await nobody.post("/login", {"username": "vera", "password": "wrong horse"})

    assert response.status_code == 422
    assert "User name or password is wrong" in response.text
    assert 'value="vera"' in response.text
    assert "wrong horse" not in response.text


async def test_blanks_are_refused_in_words(nobody: Browser) -> None:
    response = await nobody.post("/login", {"username": "", "password": ""})

    assert response.status_code == 422
    assert "Enter user name and password." in response.text


@pytest.mark.usefixtures("vera_user")
async def test_too_many_attempts_say_when_to_try_again(nobody: Browser) -> None:
    for _ in range(10):
        await enter(nobody, "wrong horse")

    response = await nobody.post("/login", {"username": "vera", "password": PASSWORD})

    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    assert "Try again in" in response.text


async def test_signing_out_ends_the_session(vera_browser: Browser) -> None:
    response = await vera_browser.post("/logout")

    assert response.headers["location"] == "/login"
    assert (await vera_browser.get("/instances")).headers["location"] == "/login?next=%2Finstances"


async def test_who_is_signed_in_is_not_asked_again(vera_browser: Browser) -> None:
    response = await vera_browser.get("/login?next=/instances")

    assert (response.status_code, response.headers["location"]) == (303, "/instances")


@pytest.mark.usefixtures("vera_user")
async def test_the_wait_is_told_in_the_readers_language(nobody: Browser) -> None:
    nobody.http.cookies.set("lang", "zh-CN")
    for _ in range(11):
        response = await nobody.post("/login", {"username": "vera", "password": "wrong horse"})

    assert response.status_code == 429
    assert "请在 15 分钟后重试。" in response.text


@pytest.mark.usefixtures("vera_user")
async def test_where_one_was_going_outlives_a_slip_and_a_change_of_language(
    nobody: Browser,
) -> None:
    fields = {"username": "vera", "password": "wrong horse", "next": "/instances?tags=prod"}
    refused = await nobody.post("/login", fields)
    refused.status_code = 200
    page = dom(refused)

    kept = page.cssselect(".login__card input[name=next]")[0].get("value")
    assert kept == "/instances?tags=prod"
    back = page.cssselect("form[action='/preferences'] input[name=next]")[0].get("value")
    switched = await nobody.post("/preferences", {"lang": "zh-CN", "next": back or ""})
    page = dom(await nobody.get(switched.headers["location"]))
    assert page.get("lang") == "zh-CN"
    assert page.cssselect(".login__card input[name=next]")[0].get("value") == kept


@pytest.mark.usefixtures("vera_user")
async def test_a_program_that_does_not_say_where_it_comes_from_is_told_how(
    nobody: Browser,
) -> None:
    fields = {"username": "vera", "password": PASSWORD}

    refused = await nobody.http.post("/login", data=fields)
    assert refused.status_code == 403
    assert "in the header Origin" in refused.text

    entered = await nobody.http.post("/login", data=fields, headers={"Origin": HERE})
    assert entered.status_code == 303
