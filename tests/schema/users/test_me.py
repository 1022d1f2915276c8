"""One's own password, preferences and sessions by GraphQL, through the whole application."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.schema.users.conftest import HERE, LOGIN, LOGOUT, PASSWORD, ask, bearer, enter, refusal
from whalefall.db import Database
from whalefall.schema.ids import global_id

CHANGE = """mutation ($old: String!, $new: String!) {
  changePassword(input: {oldPassword: $old, newPassword: $new}) {
    user { username } csrfToken errors { code field } } }"""
PREFER = """mutation ($input: UpdatePreferencesInput!) { updatePreferences(input: $input) {
  preferences { theme density language timeZone usesKeys } errors { code field } } }"""
PREFERENCES = "{ myPreferences { theme density language timeZone usesKeys } }"
SESSIONS = """query ($after: String, $orderBy: UserSessionOrder, $filter: UserSessionFilter) {
  mySessions(first: 2, after: $after, orderBy: $orderBy, filter: $filter) { totalCount
    nodes { id browser address isCurrent } pageInfo { hasNextPage endCursor } } }"""
REVOKE = "mutation ($id: ID!) { revokeSession(input: {id: $id}) { errors { code } } }"
REVOKE_OTHERS = "mutation { revokeOtherSessions { revokedCount errors { code } } }"
TOKEN = """mutation { createApiToken(input: {name: "ci"}) { token } }"""
NEW = "another horse battery"
OUT: dict[str, Any] = {"theme": None, "density": None, "language": None, "timeZone": None}


class Person:
    """Somebody who is signed in, and calls by bearer."""

    def __init__(self, http: httpx2.AsyncClient, token: str) -> None:
        self.http, self.token = http, token

    async def answer(self, query: str, **variables: Any) -> Any:
        return await ask(self.http, query, variables, bearer(self.token))

    async def ask(self, query: str, **variables: Any) -> Any:
        """The one field that was asked for."""
        (field,) = (await self.answer(query, **variables))["data"].values()
        return field

    async def code(self, query: str, **variables: Any) -> tuple[str, str | None]:
        (error,) = (await self.answer(query, **variables))["errors"]
        return error["extensions"]["code"], error["extensions"].get("hint")


@pytest.fixture
async def vera(program: httpx2.AsyncClient) -> Person:
    return Person(program, (await enter(program, "vera"))["accessToken"])


async def test_a_new_password_gives_a_browser_a_new_session(browser: httpx2.AsyncClient) -> None:
    given = {"input": {"username": "vera", "password": PASSWORD}}
    entered = (await ask(browser, LOGIN, given, HERE))["data"]["login"]
    before = browser.cookies["whalefall_session"]
    headers = {**HERE, "x-csrftoken": entered["csrfToken"]}

    changed = await ask(browser, CHANGE, {"old": PASSWORD, "new": NEW}, headers)

    payload = changed["data"]["changePassword"]
    assert (payload["user"], payload["errors"]) == ({"username": "vera"}, [])
    assert browser.cookies["whalefall_session"] != before
    me = await ask(browser, "{ me { username csrfToken } }", None, HERE)
    assert me["data"]["me"] == {"username": "vera", "csrfToken": payload["csrfToken"]}


async def test_the_token_that_changed_the_password_ends_too(vera: Person) -> None:
    assert (await vera.ask(CHANGE, old=PASSWORD, new=NEW))["errors"] == []

    assert await refusal(vera.http, vera.token) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    ("old", "new", "errors"),
    [
        (PASSWORD, PASSWORD, [("PASSWORD_DUPLICATED", "newPassword")]),
        (PASSWORD, "password", [("PASSWORD_INVALID", "newPassword")]),
        (
            "wrong horse",
            "short",
            [("INVALID_CREDENTIALS", "oldPassword"), ("PASSWORD_INVALID", "newPassword")],
        ),
    ],
)
async def test_a_password_that_does_not_fit_is_refused_with_all_reasons(
    vera: Person, old: str, new: str, errors: list[tuple[str, str]]
) -> None:
    payload = await vera.ask(CHANGE, old=old, new=new)

    assert payload["user"] is None
    assert [(each["code"], each["field"][-1]) for each in payload["errors"]] == errors


async def test_who_must_choose_a_password_may_do_nothing_else(vera: Person, db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("UPDATE users SET must_change_password = true"))

    assert (await vera.ask("{ me { username mustChangePassword } }"))["mustChangePassword"]
    for query in (
        "{ tags { totalCount } }",
        "{ mySessions { nodes { id } } }",
        REVOKE_OTHERS,
        TOKEN,
    ):
        code, hint = await vera.code(query)
        assert code == "PERMISSION_REQUIRED"
        assert hint is not None
        assert "changePassword" in hint
    assert (await vera.ask(PREFER, input={"theme": "DARK"}))["errors"] == []
    assert (await vera.ask(CHANGE, old=PASSWORD, new=NEW))["errors"] == []


async def test_who_must_choose_a_password_may_leave(vera: Person, db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("UPDATE users SET must_change_password = true"))

    assert (await vera.ask(LOGOUT))["errors"] == []

    assert await refusal(vera.http, vera.token) == "TOKEN_INVALID"


async def test_preferences_are_patched(vera: Person) -> None:
    assert await vera.ask(PREFERENCES) == {**OUT, "usesKeys": True}
    liked = {"theme": "DARK", "timeZone": "Europe/Lisbon", "usesKeys": False}
    await vera.ask(PREFER, input=liked)

    changed = await vera.ask(PREFER, input={"theme": None, "density": "COMPACT"})

    expected = {**OUT, **liked, "theme": None, "density": "COMPACT"}
    assert changed == {"preferences": expected, "errors": []}
    assert await vera.ask(PREFERENCES) == expected


async def test_preferences_that_nobody_could_honour_are_refused(vera: Person) -> None:
    unknown = {"language": "xx", "timeZone": "Mars/Olympus", "usesKeys": None}

    payload = await vera.ask(PREFER, input=unknown)

    assert payload["preferences"] is None
    assert {each["field"][-1] for each in payload["errors"]} == {*unknown}


@pytest.mark.parametrize("field", ["LAST_SEEN_AT", "CREATED_AT"])
async def test_sessions_are_one_s_own_page_by_page(vera: Person, field: str) -> None:
    others = [await enter(vera.http, "vera") for _ in range(2)]
    await enter(vera.http, "ada")
    order = {"field": field, "direction": "ASC"}

    first = await vera.ask(SESSIONS, orderBy=order)
    after = first["pageInfo"]["endCursor"]
    second = await vera.ask(SESSIONS, orderBy=order, after=after)

    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (1 + len(others), True)
    nodes = [*first["nodes"], *second["nodes"]]
    assert [each["isCurrent"] for each in nodes] == [True, False, False]
    assert len({each["id"] for each in nodes}) == 3
    later = {"seenSince": "2999-01-01T00:00:00Z"}
    assert (await vera.ask(SESSIONS, filter=later))["totalCount"] == 0


async def test_a_session_is_ended_by_its_owner_alone(vera: Person) -> None:
    other = Person(vera.http, (await enter(vera.http, "vera"))["accessToken"])
    ada = Person(vera.http, (await enter(vera.http, "ada"))["accessToken"])
    nodes = (await vera.ask(SESSIONS))["nodes"]
    (id,) = (each["id"] for each in nodes if not each["isCurrent"])

    assert (await ada.ask(REVOKE, id=id))["errors"] == [{"code": "NOT_FOUND"}]
    assert (await ada.ask("query ($id: ID!) { node(id: $id) { id } }", id=id)) is None
    assert (await vera.ask(REVOKE, id=id))["errors"] == []

    assert await refusal(vera.http, other.token) == "TOKEN_INVALID"
    assert (await vera.ask(SESSIONS))["totalCount"] == 1


async def test_all_other_sessions_end_at_once(vera: Person) -> None:
    others = [(await enter(vera.http, "vera"))["accessToken"] for _ in range(2)]

    assert await vera.ask(REVOKE_OTHERS) == {"revokedCount": 2, "errors": []}

    for token in others:
        assert await refusal(vera.http, token) == "TOKEN_INVALID"
    assert await vera.ask(REVOKE_OTHERS) == {"revokedCount": 0, "errors": []}


async def test_an_api_token_touches_neither_password_nor_sessions(vera: Person) -> None:
    program = Person(vera.http, (await vera.ask(TOKEN))["token"])

    for query, values in (
        (CHANGE, {"old": PASSWORD, "new": NEW}),
        (PREFER, {"input": {"theme": "DARK"}}),
        (PREFERENCES, {}),
        (REVOKE, {"id": global_id("UserSession", 1)}),
        (REVOKE_OTHERS, {}),
    ):
        assert (await program.code(query, **values))[0] == "PERMISSION_REQUIRED"
