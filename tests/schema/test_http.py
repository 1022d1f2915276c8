"""GraphQL over HTTP: what is asked wrongly is refused in words, and never with a 500."""

import asyncio
import dataclasses
import json
from typing import Any

import httpx2
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import ADA, NOBODY
from tests.schema.conftest import Door, opened_door
from whalefall.db import Database
from whalefall.resolvers.nouns import reading
from whalefall.schema import execution
from whalefall.schema.http import GRAPHQL_JSON, JSON
from whalefall.settings import Settings

GET = {"graphql-require-preflight": "1"}


async def post(door: Door, body: bytes, **headers: str) -> httpx2.Response:
    sent = {"content-type": JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await door.send("POST", content=body, headers=sent)


def codes(response: httpx2.Response) -> list[str]:
    return [error["extensions"]["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"5",
        b'"x"',
        b"true",
        b"{",
        b"[]",
        b'[{"query": "{ me { id } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 5}',
        b'{"query": {}}',
        b'{"query": ["{ me { id } }"]}',
        b'{"query": "{ __typename }", "operationName": 5}',
        b'{"query": "{ __typename }", "variables": 5}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "extensions": "x"}',
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": Infinity}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 6000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 100_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ __typename }", "variables": {"\\ud800": 1}}',
        b'{"query": "\xff\xfe"}',
        '{"query": "{ __typename }"}'.encode("utf-16"),
        b"query=%7B__typename%7D",
    ],
)
async def test_a_malformed_body_is_refused(door: Door, body: bytes) -> None:
    response = await post(door, body)

    assert response.status_code == 400
    assert codes(response) == ["BAD_USER_INPUT"]
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json-evil",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
    ],
)
async def test_another_content_type_is_refused(door: Door, content_type: str) -> None:
    response = await post(door, b'{"query": "{ __typename }"}', content_type=content_type)

    assert response.status_code == 415
    assert codes(response) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; Charset=UTF-8", "application/json;"]
)
async def test_json_in_utf_8_is_taken(door: Door, content_type: str) -> None:
    body = json.dumps({"query": "{ __typename }", "extensions": None, "variables": None})
    response = await post(door, body.encode(), content_type=content_type)

    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_allowed(door: Door, method: str) -> None:
    response = await door.send(method)

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_get_reads_with_the_header_that_forms_cannot_send(door: Door) -> None:
    params = {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": '{"id": "x"}'}

    refused = await door.send("GET", params=params)
    answered = await door.send("GET", params=params, headers=GET)

    assert (refused.status_code, codes(refused)) == (400, ["BAD_USER_INPUT"])
    assert (answered.status_code, codes(answered)) == (200, ["BAD_USER_INPUT"])
    assert answered.json()["data"] == {"node": None}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": ""},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[1]"},
        {"query": "{ __typename }", "extensions": "1"},
    ],
)
async def test_a_malformed_query_string_is_refused(door: Door, params: dict[str, str]) -> None:
    response = await door.send("GET", params=params, headers=GET)

    assert (response.status_code, codes(response)) == (400, ["BAD_USER_INPUT"])


async def test_get_does_not_write(door: Door) -> None:
    params = {"query": "mutation { logout { errors { code } } }"}

    response = await door.send("GET", params=params, headers=GET)

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("text/html", JSON),
        ("application/graphql-response+json", GRAPHQL_JSON),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL_JSON),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_JSON),
        ("application/json, application/graphql-response+json;q=0.5", JSON),
        ("application/graphql-response+json;q=0, */*", JSON),
        ("application/graphql-response+json;q=x, */*", JSON),
        (";;,,q=", JSON),
    ],
)
async def test_the_answer_is_in_the_accepted_type(
    door: Door, accept: str | None, chosen: str
) -> None:
    headers = {} if accept is None else {"accept": accept}
    del door.http.headers["accept"]

    response = await door.send("POST", json={"query": "{ __typename }"}, headers=headers)

    assert response.headers["content-type"] == f"{chosen}; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": " "}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": '{ node(id: "a\\u0000") { id } }'}, "BAD_USER_INPUT"),
        ({"query": "query ($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
        (
            {"query": "query ($n: Int) { tags(first: $n) { nodes { id } } }"}
            | {"variables": {"n": 2**31}},
            "BAD_USER_INPUT",
        ),
        ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
        ({"query": "query A { __typename }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "fragment F on Query { __typename }"}, "BAD_USER_INPUT"),
        ({"query": "subscription { x }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": 'subscription { syncSession(id: "x") { id } }'}, "BAD_USER_INPUT"),
        ({"query": "{ a " * 5000}, "QUERY_TOO_COMPLEX"),
        ({"query": "#" * 65_537}, "QUERY_TOO_COMPLEX"),
        ({"query": "{ __typename }", "variables": {"a": [0] * 10_000}}, "QUERY_TOO_COMPLEX"),
        ({"query": "{ __typename }", "variables": {"a": [[]] * 60_000}}, "BAD_USER_INPUT"),
    ],
)
async def test_what_never_began_has_no_data(door: Door, body: dict[str, Any], code: str) -> None:
    newer = await door.send("POST", json=body, headers={"accept": GRAPHQL_JSON})
    older = await door.send("POST", json=body, headers={"accept": JSON})

    assert (newer.status_code, older.status_code) in [(400, 200), (400, 400)]
    for response in (newer, older):
        assert codes(response) == [code]
        assert "data" not in response.json()


async def test_an_operation_is_chosen_by_name(door: Door) -> None:
    body = {"query": "query A { a: __typename } query B { b: __typename }", "operationName": "B"}

    response = await door.send("POST", json=body)

    assert response.json()["data"] == {"b": "Query"}


async def test_what_began_and_failed_is_200_with_data(door: Door) -> None:
    query = '{ node(id: "x") { id } me { username } }'

    response = await door.send("POST", json={"query": query}, headers={"accept": GRAPHQL_JSON})

    assert response.status_code == 200
    assert response.json()["data"] == {"node": None, "me": None}
    (error,) = response.json()["errors"]
    assert error["path"] == ["node"]
    assert error["locations"] == [{"line": 1, "column": 3}]
    assert error["extensions"].keys() == {"code", "retryable", "errorId", "requestId"}
    assert error["extensions"]["requestId"] == "r-1"


async def test_the_schema_text_is_for_who_is_signed_in(door: Door) -> None:
    shown = await door.send("GET", "/graphql/schema.graphql", actor=ADA)
    hidden = await door.send("GET", "/graphql/schema.graphql", actor=NOBODY)
    wrong = await door.send("POST", "/graphql/schema.graphql", actor=ADA)

    assert "type Query {" in shown.text
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    assert (hidden.status_code, codes(hidden)) == (401, ["AUTHENTICATION_REQUIRED"])
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD")


@given(body=st.binary(max_size=60) | st.from_regex(rb'\{"query": "[ -~]{0,40}"\}'))
@hypothesis.settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
async def test_no_body_whatever_is_a_server_error(door: Door, body: bytes) -> None:
    response = await post(door, body)

    assert response.status_code < 500
    assert "INTERNAL_ERROR" not in response.text


async def test_an_operation_that_takes_too_long_is_given_up(
    plain_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(execution, "DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(reading, "list_rows", hang)

    answer = await plain_door.answer("{ tags { nodes { id } } }")

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert answer["errors"][0]["extensions"]["retryable"] is True


@pytest.mark.parametrize(
    "query",
    [
        "{ tags { nodes { id } } }",
        'mutation { createCredential(input: {name: "a", username: "b", password: "c"})'
        " { errors { code } } }",
    ],
)
async def test_our_database_being_away_is_said_at_the_top(settings: Settings, query: str) -> None:
    away = dataclasses.replace(settings, database_url="postgresql://127.0.0.1:1/nowhere")
    db = Database.of(away)
    await db.open()
    async with opened_door(db) as door:
        assert await door.code(query) == "SERVICE_UNAVAILABLE"
