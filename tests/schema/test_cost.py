"""The static cost of operations: what is counted, how often, and what that lets pass."""

import time
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
)
from graphql.execution.values import VariableValues, get_variable_values

from tests.factories import ADA, NOBODY
from tests.schema.conftest import Door, opened_door
from whalefall.db import Database
from whalefall.schema.build import schema
from whalefall.schema.cost import price_of
from whalefall.schema.formula import formula
from whalefall.settings import Settings

CORE = schema._schema
LEAVES = "id schemaName tableName kind sizeBytes dataBytes"
NESTED = f"""query ($i: Int = 20, $d: Int = 20, $t: Int = 10) {{
  instances(first: $i) {{ edges {{ cursor node {{ id name
    databases(first: $d) {{ edges {{ cursor node {{ id name
      tableSizes(first: $t) {{ edges {{ cursor node {{ {LEAVES} }} }} pageInfo {{ endCursor }} }}
    }} }} }} }} }} }} }}"""
LEDGER = """{ databases(first: %d) { edges { cursor node {
  id name sizeBytes sizeCollectedAt freshness instance { id name host engine } } }
  totalCount pageInfo { hasNextPage endCursor } } }"""


def cost_of(query: str, **variables: Any) -> int:
    document = parse(query)
    (operation,) = (d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    read = get_variable_values(CORE, operation.variable_definitions or (), variables)
    assert isinstance(read, VariableValues)
    return formula(CORE, document, operation).cost(read.coerced)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("{ __typename }", 1),
        ("{ me { id username } }", 3),
        ("{ tags { nodes { id name } } }", 10 + 1 + 50 * 2),
        ("{ tags(first: 7) { nodes { id name } } }", 10 + 1 + 7 * 2),
        ("{ tags(last: 7) { nodes { id name } } }", 10 + 1 + 7 * 2),
        ("{ tags(first: 0) { nodes { id } } }", 10 + 1),
        ("{ tags(first: null, last: 3) { nodes { id } } }", 10 + 1 + 3),
        ("{ tags(first: 7) { edges { cursor node { id } } } }", 10 + 1 + 7 * 3),
        ("{ tags(first: 7) { nodes { id } edges { cursor } } }", 10 + 2 + 7 * 2),
        ("{ tags(first: 7) { pageInfo { endCursor hasNextPage } } }", 10 + 3),
        ("{ tags(first: 7) { totalCount } }", 10 + 100),
        ('{ instance(id: "x") { tags { name } } }', 1 + 10 + 10),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 1 + 3),
        ('{ nodes(ids: "a") { id } }', 1 + 1),
        ('{ database(id: "x") { tableSnapshot { skipped { name } } } }', 1 + 1 + 1 + 50),
        ('{ database(id: "x") { tableSnapshot { skipped(first: 9) { name } } } }', 1 + 1 + 1 + 9),
        (
            '{ database(id: "x") { tableSnapshot { skipped(first: null) { name } } } }',
            1 + 1 + 1 + 2000,
        ),
        ('{ database(id: "x") { sizeHistory { date } } }', 1 + 10 + 366),
        (
            '{ database(id: "x") { sizeHistory(from: "2026-01-01", to: "2026-01-31") { date } } }',
            1 + 10 + 31,
        ),
        ("{ __schema { queryType { fields { name } } } }", 10_000),
        ("mutation { logout { errors { code } } }", 1_000 + 1 + 10),
    ],
)
def test_fields_count_once_for_each_item_of_their_list(query: str, wanted: int) -> None:
    assert cost_of(query) == wanted


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, 50), ({"n": None}, 50), ({"n": 3}, 3), ({"n": -1}, 0), ({"n": 1_000_000}, 200)],
)
def test_a_variable_sets_the_size_of_a_page(variables: dict[str, Any], wanted: int) -> None:
    query = "query ($n: Int) { tags(first: $n) { nodes { id } } }"

    assert cost_of(query, **variables) == 10 + 1 + wanted


def test_variables_multiply_with_the_lists_around_them() -> None:
    query = """query ($a: Int, $b: Int) { instances(first: $a) { nodes {
      databases(first: 5) { nodes { tableSizes(first: $b) { nodes { id } } } } } } }"""

    def wanted(a: int, b: int) -> int:
        return 10 + 1 + a * (10 + 1 + 5 * (10 + 1 + b))

    for a, b in ((1, 1), (3, 7), (200, 2000)):
        assert cost_of(query, a=a, b=b) == wanted(a, b)


def test_ids_in_a_variable_are_counted() -> None:
    whole = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    partly = "query ($id: ID!) { nodes(ids: [$id, $id]) { id } }"

    assert cost_of(whole, ids=["a"] * 5) == 1 + 5
    assert cost_of(whole, ids=["a"] * 5000) == 1 + 100
    assert cost_of(partly, id="a") == 1 + 2


def test_what_may_be_left_out_is_counted() -> None:
    query = "query ($n: Boolean!) { me { id username @skip(if: $n) role @include(if: $n) } }"

    assert cost_of(query, n=True) == cost_of(query, n=False) == 4


def test_a_fragment_counts_once_where_it_is_spread_twice() -> None:
    once = "{ me { ...A } } fragment A on User { id username }"
    twice = """{ me { ...A ...B ... on User { ...A } } }
      fragment A on User { id username } fragment B on User { ...A }"""

    assert cost_of(once) == cost_of(twice) == 3


def test_a_fragment_counts_wherever_it_is_spread() -> None:
    query = """{ a: tags(first: 3) { ...A } b: tags(first: 5) { ...A } }
      fragment A on TagConnection { nodes { id } }"""

    assert cost_of(query) == 2 * (10 + 1) + 3 + 5


def test_doubling_fragments_cost_no_time_and_no_money() -> None:
    levels = 40
    doubling = "".join(
        f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels)
    )
    query = f"{{ me {{ ...F0 }} }} {doubling} fragment F{levels} on User {{ id }}"
    began = time.process_time()

    assert cost_of(query) == 2
    assert time.process_time() - began < 0.1


def test_fragments_that_nest_lists_are_walked_once() -> None:
    names = ["InstanceConnection", "Instance", "DatabaseConnection", "Database"]
    fields = ["nodes", "databases(first: $n)", "nodes", "instance"]
    spreads = [
        f"fragment F{n} on {names[n % 4]} {{ "
        + " ".join(f"{'abcdef'[i]}: {fields[n % 4]} {{ ...F{n + 1} }}" for i in range(6))
        + " }"
        for n in range(1, 13)
    ]
    query = f"""query ($n: Int) {{ instances {{ nodes {{ ...F1 }} }} }}
      {" ".join(spreads)} fragment F13 on Instance {{ id }}"""
    began = time.process_time()

    assert cost_of(query, n=200) > 10**15
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("query", "times"),
    [(NESTED, 10), (LEDGER % 200, 100), (LEDGER % 50, 400)],
)
def test_what_people_ask_for_is_far_below_the_limit(query: str, times: int) -> None:
    assert cost_of(query) * times <= Settings().graphql_max_cost


def test_all_tables_of_a_database_with_all_fields_are_far_below_the_limit() -> None:
    table: Any = CORE.type_map["TableSize"]
    leaves = [name for name, field in table.fields.items() if is_leaf_type(bare(field))]
    query = f"""{{ database(id: "x") {{ tableSizes(first: 2000) {{ totalCount
      edges {{ cursor node {{ {" ".join(leaves)} }} }} }} }} }}"""

    assert cost_of(query) * 10 <= Settings().graphql_max_cost


def test_the_budget_pays_for_pages_as_fast_as_they_can_be_served() -> None:
    per_second = Settings().graphql_cost_per_second

    assert cost_of(LEDGER % 50) * 3_000 < per_second
    assert cost_of(NESTED) * 360 < per_second


async def test_what_multiplies_out_of_hand_is_refused(door: Door) -> None:
    answer = await door.answer(NESTED, {"i": 200, "d": 200, "t": 2000})

    (error,) = answer["errors"]
    assert "data" not in answer
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert error["message"] == ("This operation may cost 640683011; one operation may cost 500000.")
    assert "smaller pages" in error["extensions"]["hint"]


async def test_the_limit_is_a_setting(db: Database) -> None:
    limited = replace(db.settings, graphql_max_cost=100)
    other = Database.of(limited)
    async with opened_door(other) as door:
        assert await door.code("{ tags { nodes { id name } } }") == "QUERY_TOO_COMPLEX"


async def test_a_budget_that_is_used_up_refuses(settings: Settings) -> None:
    poor = replace(settings, graphql_cost_per_second=1, graphql_max_cost=100)
    db = Database.of(poor)
    await db.open()
    async with opened_door(db) as door:
        queries = ["{ a: __typename }", "{ b: __typename }"]
        answers = [await door.answer(query, actor=NOBODY) for query in queries]
        other = await door.answer("{ __typename }", actor=ADA)
    await db.close()

    first, second = answers
    assert "errors" not in first
    assert second["errors"][0]["extensions"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert second["errors"][0]["extensions"]["retryable"] is True
    assert "errors" not in other


@pytest.mark.parametrize(
    "query",
    [
        "{ a: __schema { queryType { name } } b: __schema { queryType { name } } }",
        'mutation { a: login(input: {username: "a", password: "b"}) { errors { code } }'
        ' b: login(input: {username: "a", password: "c"}) { errors { code } } }',
        "mutation { ...A a: logout { errors { code } } } fragment A on Mutation {"
        ' b: login(input: {username: "a", password: "b"}) { errors { code } }'
        ' c: login(input: {username: "a", password: "c"}) { errors { code } } }',
    ],
)
async def test_what_takes_a_lot_is_done_once_in_an_operation(door: Door, query: str) -> None:
    assert await door.code(query) == "QUERY_TOO_COMPLEX"


async def test_introspection_is_within_the_limit(door: Door) -> None:
    await door.data(get_introspection_query())


def test_every_list_has_a_size_that_somebody_chose() -> None:
    silent = {
        f"{kind.name}.{name}"
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if is_list_type(get_nullable_type(field.type)) and price_of(field).size is None
        if not is_leaf_type(bare(field)) and not kind.name.endswith(("Connection", "SearchResults"))
    }

    assert {name for name in silent if not name.endswith("Payload.errors")} == {"Instance.tags"}


def bare(field: Any) -> Any:
    return get_named_type(field.type)
