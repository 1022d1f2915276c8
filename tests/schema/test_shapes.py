"""What of a request's variables a plan depends on."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from whalefall.schema.build import schema
from whalefall.schema.ids import global_id
from whalefall.schema.shapes import shape_of_variables

INSTANCE, OTHER = global_id("Instance", 1), global_id("Instance", 9)
DATABASE = global_id("Database", 1)
HEAD = """query (
  $first: Int, $search: String, $e: [Engine!], $filter: DatabaseFilter, $id: ID, $ids: [ID!],
  $size: BigInt, $b: Boolean) { __typename }"""


def shape(**given: Any) -> Any:
    (definition,) = parse(HEAD).definitions
    assert isinstance(definition, OperationDefinitionNode)
    core = schema._schema
    variables = get_variable_values(core, definition.variable_definitions or (), given)
    assert isinstance(variables, VariableValues), variables
    return shape_of_variables(core, definition)(variables.coerced)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"search": "a"}, {"search": "b"}),
        ({"size": 1}, {"size": 2**60}),
        ({"e": ["MYSQL"]}, {"e": ["ORACLE", "MYSQL"]}),
        ({"e": ["MYSQL"]}, {"e": []}),
        ({"filter": {"search": "a"}}, {"filter": {"search": "b"}}),
        (
            {"filter": {"instanceId": INSTANCE}},
            {"filter": {"instanceId": OTHER}},
        ),
        ({"id": INSTANCE}, {"id": OTHER}),
        ({"ids": [INSTANCE, DATABASE]}, {"ids": [DATABASE, INSTANCE, INSTANCE]}),
        ({"id": "rubbish"}, {"id": "other rubbish"}),
    ],
)
def test_values_of_one_kind_share_a_plan(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert shape(**one) == shape(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"search": None}),
        ({"search": None}, {"search": ""}),
        ({"first": 5}, {"first": 6}),
        ({"b": True}, {"b": False}),
        ({"filter": {"activeOnly": True}}, {"filter": {"activeOnly": False}}),
        ({"filter": {"search": "a"}}, {"filter": {"search": None}}),
        ({"filter": {"freshness": "LATE"}}, {"filter": {"freshness": "NEVER"}}),
        ({"filter": None}, {"filter": {}}),
        ({"e": None}, {"e": []}),
        ({"id": INSTANCE}, {"id": DATABASE}),
        ({"ids": [INSTANCE]}, {"ids": [INSTANCE, DATABASE]}),
        ({"ids": None}, {"ids": []}),
    ],
)
def test_what_shapes_the_statement_does_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert shape(**one) != shape(**other)


def test_a_shape_is_a_key() -> None:
    assert {shape(filter={"engines": ["MYSQL"], "tags": ["a"]}, ids=[INSTANCE], e=["MYSQL"])}
