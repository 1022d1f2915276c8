"""Compiled plans and resolvers give the same answer to the same query, byte for byte."""

import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pytest
from graphql import parse
from starlette.routing import Route

from tests.factories import NOBODY
from tests.schema.conftest import Door, door_to
from tests.schema.estate import Estate, standing_estate
from tests.schema.queries import question
from tests.schema.reaching import answered, fields
from tests.schema.supply import Supply, gathered_supply
from tests.schema.written import ANSWERED, REFUSED, Written
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.schema.build import schema
from whalefall.schema.compiled import Plans
from whalefall.schema.execution import Execution
from whalefall.schema.http import GRAPHQL_JSON, GraphQLEndpoint

QUERIES = int(os.environ.get("WHALEFALL_TEST_QUERIES", "500"))
CHUNK = 500
MAX_UNANSWERED = 32  # fields of which no answer so far knows a value: lists deep inside, mostly
UNSUPPORTED = {  # the largest share of queries that may be left to the resolvers, by reason
    "Query.me": 0.1,
    "Schedule.upcoming": 0.1,
    "Schedule.words": 0.1,
    "Query.my_preferences": 0.1,
    "Query.partitions": 0.1,
    "Query.forecast": 0.1,
    "Query.capacity_summary": 0.1,
    "Query.growth_rule": 0.1,
    "Query.search": 0.1,
    "Query.database_statistics": 0.1,
    "Query.instance_statistics": 0.1,
    "Query.credential_keys": 0.1,
    "UserSession.browser": 0.04,
    "UserSession.is_current": 0.04,
    "TableSnapshot.skipped_objects": 0.08,
    "TableSnapshot.size_reconciliation": 0.08,
    "Database.size_reconciliation": 0.08,
    "values of dict[str, typing.Any]": 0.08,  # before and after of audit entries
    "Node": 0.03,
    "cursors of TableSize": 0.03,  # of a page that nobody looks at
}
MIN_COMPILED = 0.35
NOT_FOR_VERA = {"PERMISSION_REQUIRED"}  # users and the audit
REFUSABLE = {"BAD_USER_INPUT", "NOT_FOUND", "QUERY_TOO_COMPLEX"}
# PostgreSQL and Python write the same float as 1 and 1.0, as 1e-07 and 1e-7.
WHOLE = re.compile(r"(?<=:)(-?\d+)\.0(?=[,}])")
EXPONENT = re.compile(r"(?<=\d)(e-)0(?=\d)")
OF_THE_REQUEST = re.compile(r'"(errorId|requestId|remaining)":("[^"]*"|\d+)')


@dataclass(frozen=True)
class Paths:
    """One estate behind a door with compiled plans and a door without."""

    estate: Estate
    supply: Supply
    compiled: Door
    resolved: Door
    plans: Plans
    found: set[str] = field(default_factory=set)  # fields that were answered with a value


@pytest.fixture(scope="module")
async def paths(opened_database: Database) -> AsyncIterator[Paths]:
    db = opened_database
    compiling, resolving = Execution(schema), Execution(schema, compiled=False)
    resolving.documents = compiling.documents  # each is read once, for both
    assert compiling.plans is not None
    async with (
        standing_estate(db) as estate,
        door_to(db, endpoint(compiling)) as compiled,
        door_to(db, endpoint(resolving)) as resolved,
    ):
        supply = await gathered_supply(resolved, estate)
        yield Paths(estate, supply, compiled, resolved, compiling.plans)


def endpoint(execution: Execution) -> list[Route]:
    return [Route("/graphql", GraphQLEndpoint(execution))]


async def both(paths: Paths, message: Mapping[str, Any], actor: Actor) -> tuple[str, str]:
    """The answers of both paths: status, type and body, but for what differs in every answer."""
    compiled = await _answer(paths.compiled, message, actor)
    return compiled, await _answer(paths.resolved, message, actor)


async def _answer(door: Door, message: Mapping[str, Any], actor: Actor) -> str:
    headers = {"accept": GRAPHQL_JSON}
    response = await door.send("POST", json=message, headers=headers, actor=actor)
    head = f"{response.status_code} {response.headers['content-type']}"
    body = OF_THE_REQUEST.sub(r'"\1":0', response.text)
    body = in_order(WHOLE.sub(r"\1", EXPONENT.sub(r"\1", body)))
    return f"{head}\n{body}"


def in_order(body: str) -> str:
    """Errors come as their fields end, which is when the database answers each of them.

    Of several that leave no data at all, only the first is told: any of them may be.
    """
    found = json.loads(body)
    if found.get("data", ...) is None:
        for error in found["errors"]:
            error["path"] = error["locations"] = "any"
    elif len(found.get("errors", ())) < 2:
        return body
    found["errors"].sort(key=json.dumps)
    return json.dumps(found, ensure_ascii=False)


def body_of(answer: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.partition("\n")[2])
    return body


def codes_of(answer: str) -> set[str]:
    return {error["extensions"]["code"] for error in body_of(answer).get("errors", ())}


def difference(compiled: str, resolved: str) -> str:
    """The two answers from where they part."""
    pairs = zip(compiled, resolved, strict=False)
    start = max(0, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) - 60)
    return f"compiled: {compiled[start : start + 200]}\nresolved: {resolved[start : start + 200]}"


@pytest.mark.parametrize("written", [*ANSWERED, *REFUSED])
@pytest.mark.parametrize("who", ["ada", "vera", "nobody"])
async def test_written_queries_are_answered_alike(
    paths: Paths, written: str | Written, who: str
) -> None:
    query, variables = written if isinstance(written, tuple) else (written, {})
    message = paths.estate.filled(json.dumps({"query": query, "variables": variables}))
    actors = {"ada": paths.estate.ada, "vera": paths.estate.vera, "nobody": NOBODY}

    compiled, resolved = await both(paths, json.loads(message), actors[who])

    assert compiled == resolved, difference(compiled, resolved)
    assert "INTERNAL_ERROR" not in codes_of(resolved)
    if who == "ada":
        assert bool(codes_of(resolved)) == (written in REFUSED)


# Where a field fails, graphql-core gives up its neighbours, which may not have begun. Garbage is
# collected anywhere, also where Python cannot import what it warns with: then that is told instead.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <coroutine object (GraphQLCoreConverter|Executor)\."
    ":pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.timeout(900)
@pytest.mark.parametrize("start", range(0, QUERIES, CHUNK))
async def test_generated_queries_are_answered_alike(paths: Paths, start: int) -> None:
    compiled_before, unsupported_before = paths.plans.compiled, paths.plans.unsupported.copy()
    wrong: list[str] = []
    refused = 0

    for seed in range(start, start + CHUNK):
        asked = question(paths.supply, seed)
        actor = paths.estate.vera if seed % 4 == 3 else paths.estate.ada
        compiled, resolved = await both(paths, asked.message, actor)
        codes = codes_of(resolved) - (NOT_FOR_VERA if actor is paths.estate.vera else set())
        if compiled != resolved or not codes <= REFUSABLE:
            wrong.append(f"{asked}\nas {actor.name}\n{difference(compiled, resolved)}")
        refused += bool(codes)
        data = body_of(resolved).get("data")
        paths.found.update(answered(parse(asked.query), asked.operation_name, data))

    unsupported = paths.plans.unsupported - unsupported_before
    assert not wrong, "\n\n".join([f"{len(wrong)} of {CHUNK}:", *wrong[:5]])
    assert 0 < refused <= 0.15 * CHUNK
    unanswered = set(fields()) - paths.found
    assert len(unanswered) <= MAX_UNANSWERED, sorted(unanswered)
    for reason, number in unsupported.items():
        assert number <= UNSUPPORTED.get(reason, 0) * CHUNK, reason
    assert paths.plans.compiled - compiled_before >= MIN_COMPILED * CHUNK


async def test_what_nobody_asks_is_answered_alike(paths: Paths) -> None:
    for seed in range(100):
        asked = question(paths.supply, seed)
        compiled, resolved = await both(paths, asked.message, NOBODY)
        assert compiled == resolved, f"{asked}\n{difference(compiled, resolved)}"
        assert codes_of(resolved) <= {"AUTHENTICATION_REQUIRED", "BAD_USER_INPUT"}, asked
