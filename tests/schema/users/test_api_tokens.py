"""API tokens by GraphQL, made and used through the whole application."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.schema.users.conftest import LOGOUT, ask, bearer, enter, refusal
from whalefall.db import Database
from whalefall.schema.ids import global_id

CREATE = """mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
  token errors { code field }
  apiToken { id name scopes isActive createdAt expiresAt lastUsedAt revokedAt
             user { username } } } }"""
REVOKE = """mutation ($id: ID!) { revokeApiToken(input: {id: $id}) {
  apiToken { isActive revokedAt } errors { code field } } }"""
LIST = """query ($filter: ApiTokenFilter, $orderBy: ApiTokenOrder) {
  apiTokens(filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id name scopes isActive user { username } } } }"""
WRITE = 'mutation { deleteCredential(input: {id: "x"}) { errors { code } } }'
READ = "{ tags { totalCount } }"
SOON = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)


class Caller:
    """A program with a bearer of its own."""

    def __init__(self, http: httpx2.AsyncClient, token: str) -> None:
        self.http, self.token = http, token

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        return await ask(self.http, query, variables, bearer(self.token))

    async def create(self, name: str = "ci", **terms: Any) -> Any:
        answer = await self.ask(CREATE, {"input": {"name": name, **terms}})
        return answer["data"]["createApiToken"]

    async def caller(self, **terms: Any) -> "Caller":
        """Another one, by a token that this one makes."""
        return Caller(self.http, (await self.create(**terms))["token"])

    async def revoke(self, id: str) -> Any:
        return (await self.ask(REVOKE, {"id": id}))["data"]["revokeApiToken"]

    async def list(self, **variables: Any) -> Any:
        return (await self.ask(LIST, variables))["data"]["apiTokens"]

    async def code(self, query: str, variables: dict[str, Any] | None = None) -> str:
        (error,) = (await self.ask(query, variables))["errors"]
        code: str = error["extensions"]["code"]
        return code


@pytest.fixture
async def ada(program: httpx2.AsyncClient) -> Caller:
    return Caller(program, (await enter(program, "ada"))["accessToken"])


@pytest.fixture
async def otto(program: httpx2.AsyncClient) -> Caller:
    return Caller(program, (await enter(program, "otto"))["accessToken"])


@pytest.fixture
async def vera(program: httpx2.AsyncClient) -> Caller:
    return Caller(program, (await enter(program, "vera"))["accessToken"])


async def test_a_token_is_made_shown_once_and_used(otto: Caller) -> None:
    made = await otto.create(" ci ", scopes=["VIEW"], expiresAt=SOON.isoformat())

    kept = made["apiToken"]
    assert made["errors"] == []
    assert made["token"].startswith("wf_")
    assert {name: kept[name] for name in kept if name not in ("id", "createdAt")} == {
        "name": "ci",
        "scopes": ["VIEW"],
        "isActive": True,
        "expiresAt": SOON.isoformat(),
        "lastUsedAt": None,
        "revokedAt": None,
        "user": {"username": "otto"},
    }
    assert await Caller(otto.http, made["token"]).ask(READ) == {"data": {"tags": {"totalCount": 0}}}
    listed = await otto.list()
    assert [node["id"] for node in listed["nodes"]] == [kept["id"]]
    assert listed["totalCount"] == 1


async def test_without_scopes_a_token_may_do_what_its_owner_may(ada: Caller) -> None:
    made = await ada.create()

    answer = await Caller(ada.http, made["token"]).ask(WRITE)

    assert made["apiToken"]["scopes"] is None
    assert answer["data"]["deleteCredential"]["errors"] == [{"code": "BAD_USER_INPUT"}]


async def test_scopes_bound_even_an_administrators_token(ada: Caller) -> None:
    reader = await ada.caller(scopes=["VIEW"])

    assert await reader.code(WRITE) == "PERMISSION_REQUIRED"
    assert "errors" not in await reader.ask(READ)


async def test_a_scoped_token_makes_no_wider_one(ada: Caller) -> None:
    reader = await ada.caller(scopes=["VIEW", "EXECUTE"])

    for scopes in (["ADMIN"], ["VIEW", "DELETE"], []):
        refused = await reader.create(scopes=scopes)
        assert refused["token"] is None
        assert refused["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "scopes"]}]
    child = await reader.create()
    assert child["apiToken"]["scopes"] == ["EXECUTE", "VIEW"]
    assert await Caller(ada.http, child["token"]).code(WRITE) == "PERMISSION_REQUIRED"


async def test_nobody_makes_a_token_wider_than_their_role(vera: Caller) -> None:
    refused = await vera.create(scopes=["UPDATE"])

    assert refused["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "scopes"]}]


async def test_bad_terms_name_their_field(otto: Caller) -> None:
    past = (SOON - timedelta(days=1)).isoformat()

    blank = await otto.create(" ")
    expired = await otto.create(expiresAt=past)

    assert blank["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "name"]}]
    assert expired["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "expiresAt"]}]


async def test_an_expired_token_says_so(db: Database, otto: Caller) -> None:
    reader = await otto.caller(expiresAt=SOON.isoformat())
    async with db.write() as session:
        await session.execute(text("UPDATE api_tokens SET expires_at = now()"))

    assert await refusal(otto.http, reader.token) == "TOKEN_EXPIRED"
    (listed,) = (await otto.list())["nodes"]
    assert listed["isActive"] is False


async def test_a_revoked_token_is_dead_at_once(otto: Caller) -> None:
    made = await otto.create()

    revoked = await otto.revoke(made["apiToken"]["id"])

    assert revoked["errors"] == []
    assert revoked["apiToken"]["isActive"] is False
    assert revoked["apiToken"]["revokedAt"] is not None
    assert await refusal(otto.http, made["token"]) == "TOKEN_INVALID"
    assert await otto.revoke(made["apiToken"]["id"]) == revoked


async def test_a_token_outlives_the_sign_in_that_made_it(otto: Caller) -> None:
    reader = await otto.caller()

    await otto.ask(LOGOUT)

    assert await refusal(otto.http, otto.token) == "TOKEN_INVALID"
    assert "errors" not in await reader.ask(READ)


async def test_others_tokens_are_not_there_for_who_is_no_administrator(
    otto: Caller, vera: Caller, ada: Caller
) -> None:
    made = await otto.create("ottos")
    id = made["apiToken"]["id"]

    assert await vera.list() == {"totalCount": 0, "nodes": []}
    assert [node["name"] for node in (await otto.list())["nodes"]] == ["ottos"]
    assert await vera.list() == {"totalCount": 0, "nodes": []}
    node = await vera.ask("query ($id: ID!) { node(id: $id) { id } }", {"id": id})
    assert node == {"data": {"node": None}}
    assert (await vera.revoke(id))["errors"] == [{"code": "NOT_FOUND", "field": None}]

    (seen,) = (await ada.list())["nodes"]
    assert (seen["name"], seen["user"]) == ("ottos", {"username": "otto"})
    assert (await ada.revoke(id))["errors"] == []
    assert await refusal(otto.http, made["token"]) == "TOKEN_INVALID"


async def test_the_list_is_narrowed_and_ordered(ada: Caller, otto: Caller) -> None:
    made = [await otto.create(name) for name in ("b", "a", "c")]
    await ada.create("adas")
    await otto.revoke(made[2]["apiToken"]["id"])

    async def names(**variables: Any) -> list[str]:
        return [node["name"] for node in (await ada.list(**variables))["nodes"]]

    otto_id = (await otto.ask("{ me { id } }"))["data"]["me"]["id"]
    assert await names() == ["adas", "c", "a", "b"]
    assert await names(orderBy={"field": "NAME"}) == ["a", "adas", "b", "c"]
    assert await names(filter={"userId": otto_id, "isActive": True}) == ["a", "b"]
    assert await names(filter={"isActive": False}) == ["c"]


@pytest.mark.parametrize(
    ("id", "code"),
    [
        ("x", "BAD_USER_INPUT"),
        (global_id("Tag", 1), "BAD_USER_INPUT"),
        (global_id("ApiToken", 2**62), "NOT_FOUND"),
    ],
)
async def test_a_wrong_id_is_told_as_ever(ada: Caller, id: str, code: str) -> None:
    (error,) = (await ada.revoke(id))["errors"]

    assert error["code"] == code
