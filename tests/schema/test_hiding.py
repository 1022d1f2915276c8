"""A secret that somebody sends is in no log, whatever becomes of the request."""

import json
from typing import Any

import httpx2
import pytest
from graphql import parse
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.middleware import Middleware

from tests.log_lines import Lines, lines
from tests.schema.leaving import Client
from whalefall.db import Database, ReadSession
from whalefall.edge import Edge, answering
from whalefall.logs import BUFFER
from whalefall.resolvers.nouns import reading
from whalefall.schema import execution
from whalefall.schema.build import schema
from whalefall.schema.hiding import texts_of
from whalefall.schema.http import graphql_routes

__all__ = ["lines"]
CANARY = "canary-'4711'\n"
LITERAL = json.dumps(CANARY)
SEARCH = f"{{ tags(filter: {{search: {LITERAL}}}) {{ totalCount nodes {{ id }} }} }}"
VARIABLE = "query ($s: String) { tags(filter: {search: $s}) { totalCount nodes { id } } }"
LOGIN = "mutation ($p: String!) { login(input: {username: %s, password: $p}) { errors { code } } }"


def written(lines: Lines) -> str:
    """Everything that was logged, to stdout and for the database."""
    return json.dumps(lines()) + str(BUFFER.take(1000))


def quotes(value: str) -> bool:
    return "canary" in value or "4711" in value


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (f"{{ tags(filter: {LITERAL}", {}),
        (f"{{ tags(filter: {{search: {LITERAL}}}) {{ nothing }} }}", {}),
        (f"{{ tags(first: {LITERAL}) {{ totalCount }} }}", {}),
        (f"{{ tags(filter: {{direction: {LITERAL}}}) {{ totalCount }} }}", {}),
        ("query ($s: Int) { tags(first: $s) { totalCount } }", {"s": CANARY}),
        ("query ($s: TagFilter) { tags(filter: $s) { totalCount } }", {"s": {"x": CANARY}}),
        ("query ($s: String) { tags(after: $s) { nodes { id } } }", {"s": CANARY}),
        (f"{{ node(id: {LITERAL}) {{ id }} }}", {}),
        (LOGIN % "5", {"p": CANARY}),
        (LOGIN % '"ada"', {"p": CANARY}),
        (LOGIN % LITERAL, {"p": "x"}),
        ("{ " + "a " * 5000 + f"b(c: {LITERAL}) }}", {}),
    ],
)
async def test_what_is_refused_is_logged_without_its_words(
    db: Database, lines: Lines, query: str, variables: dict[str, Any]
) -> None:
    answer = await Client(db).ask(query, variables)

    said = written(lines)
    assert "graphql.refused" in said or answer["data"]["login"]["errors"]
    assert not quotes(said)


@pytest.mark.parametrize(("query", "variables"), [(SEARCH, {}), (VARIABLE, {"s": CANARY})])
async def test_what_fails_is_logged_without_the_callers_words(
    db: Database,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    variables: dict[str, Any],
) -> None:
    async def fail(*arguments: Any) -> None:
        raise RuntimeError(f"cannot do {arguments[-1]!r}: {CANARY}")

    monkeypatch.setattr(reading, "list_rows", fail)

    answer = await Client(db, compiled=False).ask(query, variables)

    said = written(lines)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "cannot do" in said
    assert not quotes(said + json.dumps(answer))


async def test_what_postgresql_says_of_a_value_is_hidden(
    db: Database, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(session: ReadSession, *_: Any) -> None:
        await session.execute(text("SELECT CAST(CAST(:x AS text) AS integer)"), {"x": CANARY})

    monkeypatch.setattr(reading, "list_rows", fail)

    answer = await Client(db, compiled=False).ask(SEARCH)

    said = written(lines)
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "invalid input syntax" in said
    assert not quotes(said)


async def test_what_a_compiled_query_fails_of_leaves_with_an_id(
    db: Database, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"cannot do {CANARY}")

    monkeypatch.setattr(db, "fetch", fail)

    answer = await Client(db).ask(SEARCH)

    said = written(lines)
    (error,) = answer["errors"]
    assert answer["data"] is None
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert error["extensions"]["errorId"] in said
    assert not quotes(said + json.dumps(answer))


async def test_what_takes_too_long_is_logged_without_its_words(
    db: Database, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "DEADLINE_SECONDS", 0)

    answer = await Client(db).ask(SEARCH)

    assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert not quotes(written(lines))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_slow_is_logged_without_its_words(
    db: Database, lines: Lines, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(answering, "SLOW_MS", 0)
    app = Starlette(
        routes=graphql_routes(schema), middleware=[Middleware(Edge, settings=db.settings)]
    )
    app.state.db = db
    asked: dict[str, Any] = {"json": {"query": VARIABLE, "variables": {"s": CANARY}}}
    if method == "GET":
        asked = {"params": {"query": SEARCH}, "headers": {"graphql-require-preflight": "1"}}

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
        await http.request(method, "/graphql", **asked)

    said = written(lines)
    assert "request.answered" in said
    assert not quotes(said)


def test_texts_are_found_wherever_they_stand() -> None:
    document = parse(
        'query ($a: X = {b: ["first"]}) { f(a: "second", b: """third""") @d(e: "fourth") { g } }'
        ' fragment F on T { h(i: "fifth!", j: "no") }'
    )
    variables = {"a": [{"b": "sixth, the longest"}], "c": 5, "d": None}

    assert texts_of(document, variables)[0] == "sixth, the longest"
    assert set(texts_of(document, variables)) == {
        "first",
        "second",
        "third",
        "fourth",
        "fifth!",
        "sixth, the longest",
    }
