"""Generated queries are valid, stay below the limits, and leave no part of the schema out."""

import pytest
from graphql import DocumentNode, TypeInfo, TypeInfoVisitor, parse, validate, visit

from tests.schema.lists import CORE, LISTS
from tests.schema.queries import question
from tests.schema.reaching import Reaching, fields, places
from tests.schema.supply import ROOT, Supply, named_orders
from whalefall.schema.ids import global_id
from whalefall.schema.limits import refusal

QUERIES = 3000
FORMS = {
    "alias",
    "boolean_value",
    "directive",
    "enum_value",
    "fragment_spread",
    "inline_fragment",
    "int_value",
    "list_value",
    "null_value",
    "object_value",
    "string_value",
    "variable",
}


@pytest.fixture(scope="module")
def supply() -> Supply:
    kinds = [kind.name for kind in CORE.get_possible_types(CORE.type_map["Node"])]  # type: ignore[arg-type]
    ids = {kind: [global_id(kind, number) for number in range(1, 9)] for kind in kinds}
    cursors = {
        (str(list_), name): {parent: ["cursor"] for parent in ids.get(list_.parent, [ROOT])}
        for list_ in LISTS
        for name, _ in named_orders(list_)
    }
    return Supply(ids, {"Tag.name": ["prod"]}, cursors, frozenset())


@pytest.fixture(scope="module")
def documents(supply: Supply) -> list[DocumentNode]:
    return [parse(question(supply, seed).query) for seed in range(QUERIES)]


def test_every_query_is_valid_and_below_the_limits(documents: list[DocumentNode]) -> None:
    for seed, document in enumerate(documents):
        assert validate(CORE, document) == [], seed
        assert refusal(document, signed_in=True) is None, seed


def test_every_field_and_argument_occurs_in_every_form(documents: list[DocumentNode]) -> None:
    types = TypeInfo(CORE)
    reaching = Reaching(types)
    for document in documents:
        visit(document, TypeInfoVisitor(types, reaching))

    assert {*fields(), *places()} - reaching.places == set()
    assert FORMS - reaching.forms == set()


def test_a_seed_draws_the_same_query_again(supply: Supply) -> None:
    assert question(supply, 4711) == question(supply, 4711)
    assert question(supply, 4711) != question(supply, 4712)
