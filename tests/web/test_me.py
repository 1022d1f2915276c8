"""One's own page: password, preferences, sessions."""

import httpx2
import pytest
from sqlalchemy import text

from tests.resolvers.users.conftest import PASSWORD
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.edge import COOKIE
from whalefall.resolvers.users import sign_in

NEW = "a longer horse"


async def change(
    browser: Browser, old: str = PASSWORD, new: str = NEW, again: str | None = None
) -> httpx2.Response:
    again = new if again is None else again
    fields = {"old_password": old, "new_password": new, "repeated_password": again}
    answer = await browser.post("/me/password", fields)
    if token := answer.cookies.get(COOKIE):
        browser.http.cookies.clear()
        browser.http.cookies.set(COOKIE, token)
    return answer


async def elsewhere(db: Database, user_agent: str | None = None) -> str:
    signed_in = await sign_in(db, "vera", PASSWORD, address="198.51.100.7", user_agent=user_agent)
    return signed_in.token


async def must_change(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("UPDATE users SET must_change_password = true"))


async def test_a_new_password_leaves_this_browser_signed_in_and_no_other(
    vera_browser: Browser, db: Database
) -> None:
    other = await elsewhere(db)
    before = vera_browser.http.cookies.get(COOKIE)

    answer = await change(vera_browser)

    assert (answer.status_code, answer.headers["location"]) == (303, "/me?saved=password")
    assert vera_browser.http.cookies.get(COOKIE) not in (before, None)
    page = dom(await vera_browser.get("/me?saved=password"))
    assert texts(page, ".banner strong") == ["Your password is changed"]
    assert texts(page, "#me_sessions tbody .chip") == ["This one"]
    vera_browser.http.cookies.set(COOKIE, other)
    assert (await vera_browser.get("/me")).status_code == 303


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"old": "wrong horse", "new": "short"}, {"old_password", "new_password"}),
        ({"new": PASSWORD}, {"new_password"}),
        ({"again": "something else"}, {"repeated_password"}),
        ({"old": ""}, {"old_password"}),
    ],
)
async def test_a_refused_password_marks_each_field_and_comes_back_empty(
    vera_browser: Browser, fields: dict[str, str], wrong: set[str]
) -> None:
    answer = await change(vera_browser, **fields)

    assert answer.status_code == 422
    answer.status_code = 200
    page = dom(answer)
    marked = {each.get("name") for each in page.cssselect("[aria-invalid]")}
    assert marked == wrong
    assert all(each.get("value") == "" for each in page.cssselect("[type=password]"))


async def test_too_many_attempts_say_how_long_to_wait(vera_browser: Browser) -> None:
    for _ in range(10):
        await change(vera_browser, old="wrong horse")

    answer = await change(vera_browser)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Try again in 15 minutes." in answer.text


async def test_who_must_choose_a_password_reaches_nothing_else(
    vera_browser: Browser, db: Database
) -> None:
    await must_change(db)

    for path in ("/instances", "/databases/ledgers"):
        assert (await vera_browser.get(path)).headers["location"] == "/me"
    swap = await vera_browser.get("/instances", target="instances_table")
    assert swap.headers["hx-redirect"] == "/me"
    export = await vera_browser.get("/api/v1/instances/exports")
    assert (export.status_code, export.json()["message_code"]) == (403, "PERMISSION_REQUIRED")
    page = dom(await vera_browser.get("/me"))
    assert texts(page, ".banner strong") == ["Choose a new password first"]
    assert not page.cssselect("#me_sessions, #me_tokens, [data-do=palette]")
    assert [each.get("id") for each in page.cssselect("main [autofocus]")] == ["old_password"]
    switched = await vera_browser.post("/preferences", {"theme": "dark"})
    assert switched.status_code == 303

    assert (await change(vera_browser)).headers["location"] == "/"

    assert (await vera_browser.get("/instances")).status_code == 200


async def test_preferences_hold_wherever_one_signs_in(vera_browser: Browser, db: Database) -> None:
    chosen = {"theme": "dark", "density": "compact", "language": "zh-CN"}
    answer = await vera_browser.post("/me/preferences", {**chosen, "time_zone": "Asia/Kathmandu"})
    assert answer.headers["location"] == "/me?saved=preferences"
    vera_browser.http.cookies.clear()
    vera_browser.http.cookies.set(COOKIE, await elsewhere(db))

    page = dom(await vera_browser.get("/me"))

    assert (page.get("data-theme"), page.get("data-density")) == ("dark", "compact")
    assert page.get("lang") == "zh-CN"
    assert page.cssselect("body")[0].get("data-keys") == "off"
    times = [each.get("title") for each in page.cssselect("#me_sessions time")]
    assert times
    assert all(time.endswith("+05:45") for time in times)


async def test_what_is_undecided_again_is_not_taken_from_an_old_choice(
    vera_browser: Browser,
) -> None:
    await vera_browser.post("/me/preferences", {"theme": "dark", "uses_keys": "1"})
    await vera_browser.post("/me/preferences", {"theme": "", "uses_keys": "1"})

    page = dom(await vera_browser.get("/me"))

    assert page.get("data-theme") is None
    assert page.cssselect("body")[0].get("data-keys") is None


async def test_an_unknown_time_zone_is_refused_and_what_was_typed_stays(
    vera_browser: Browser,
) -> None:
    fields = {"theme": "dark", "time_zone": "Mars/Olympus"}
    answer = await vera_browser.post("/me/preferences", fields)

    assert answer.status_code == 422
    answer.status_code = 200
    page = dom(answer)
    assert [each.get("name") for each in page.cssselect("[aria-invalid]")] == ["time_zone"]
    assert page.cssselect("#time_zone")[0].get("value") == "Mars/Olympus"
    assert page.cssselect("#theme option[selected]")[0].get("value") == "dark"


async def test_the_switch_in_the_margin_is_kept_with_the_person(
    vera_browser: Browser, db: Database
) -> None:
    answer = await vera_browser.post("/preferences", {"theme": "dark"}, target="switch")
    assert (answer.status_code, "hx-refresh" in answer.headers) == (204, False)
    answer = await vera_browser.post("/preferences", {"lang": "zh-CN"}, target="switch")
    assert answer.headers["hx-refresh"] == "true"
    vera_browser.http.cookies.clear()
    vera_browser.http.cookies.set(COOKIE, await elsewhere(db))

    page = dom(await vera_browser.get("/instances"))

    assert (page.get("data-theme"), page.get("lang")) == ("dark", "zh-CN")


async def test_another_site_cannot_switch(vera_browser: Browser) -> None:
    answer = await vera_browser.post("/preferences", {"theme": "dark", "csrf_token": "forged"})

    assert answer.status_code == 403
    assert dom(await vera_browser.get("/me")).get("data-theme") is None


async def test_sessions_are_listed_in_words_and_end_one_by_one_or_all(
    vera_browser: Browser, db: Database
) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    for user_agent in (firefox, "curl/8.5.0", None):
        await elsewhere(db, user_agent)
    page = dom(await vera_browser.get("/me"))
    names = texts(page, "#me_sessions tbody th")
    assert sorted(names) == ["Firefox on Linux", "curl/8.5.0", *["— It did not say"] * 2]
    (form, *_) = page.cssselect("#me_sessions tbody form")

    ended = await vera_browser.post(form.get("action"), target="me_sessions")

    assert '"sessions:changed": true' in ended.headers["hx-trigger"]
    block = dom(await vera_browser.get("/me", target="me_sessions"))
    assert len(block.cssselect("tbody tr")) == 3
    await vera_browser.post("/me/sessions/actions/end-others")
    left = dom(await vera_browser.get("/me"))
    assert texts(left, "#me_sessions tbody .chip") == ["This one"]
    assert not left.cssselect("#me_sessions form")
