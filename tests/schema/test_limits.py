"""What a document may ask for; counting it is quick whatever it looks like."""

import time

import pytest
from graphql import get_introspection_query, parse

from tests.factories import ADA, NOBODY
from tests.schema.conftest import Door
from whalefall.schema import limits
from whalefall.schema.limits import refusal


def nested(depth: int, inner: str = "id") -> str:
    """`depth` levels of fields, the innermost included."""
    return "{ a " * (depth - 1) + "{ " + inner + " }" + " }" * (depth - 1)


def code_of(document: str, *, signed_in: bool = True) -> str | None:
    problem = refusal(parse(document), signed_in=signed_in)
    return None if problem is None else problem.problem_code


@pytest.mark.parametrize(
    "document",
    [
        nested(limits.MAX_DEPTH),
        "{ " + " ".join(f"a{n}: id" for n in range(limits.MAX_ROOT_FIELDS)) + " }",
        "{ x { " + " ".join(f"a{n}: id" for n in range(limits.MAX_ALIASES)) + " } }",
        "{ id " + "@a " * limits.MAX_DIRECTIVES + "}",
        "{ x { " + "id " * limits.MAX_SAME_FIELD + "} }",
        "{ x { " + " ".join(f"f{n}" for n in range(limits.MAX_FIELDS - 1)) + " } }",
        "{ x { " + " ".join(f"f{n} {{ y }}" for n in range(limits.MAX_OBJECTS - 1)) + " } }",
        " ".join(f"query Q{n} {{ id }}" for n in range(limits.MAX_OPERATIONS)),
        "{ id(a: [" + "1 " * (limits.MAX_LITERALS - 1) + "]) }",
    ],
)
def test_at_the_limit_a_document_passes(document: str) -> None:
    assert code_of(document) is None


@pytest.mark.parametrize(
    "document",
    [
        nested(limits.MAX_DEPTH + 1),
        "{ ...F } fragment F on Query " + nested(limits.MAX_DEPTH + 1),
        "{ a { ...F } } fragment F on X " + nested(limits.MAX_DEPTH),
        "{ ... { " + "a { " * limits.MAX_DEPTH + "id" + " }" * limits.MAX_DEPTH + " } }",
        "{ " + " ".join(f"f{n}" for n in range(limits.MAX_ROOT_FIELDS + 1)) + " }",
        "{ ...F ...F } fragment F on Query { "
        + " ".join(f"f{n}" for n in range(limits.MAX_ROOT_FIELDS - 5))
        + " }",
        "{ x { " + " ".join(f"a{n}: id" for n in range(limits.MAX_ALIASES + 1)) + " } }",
        "{ id " + "@a " * (limits.MAX_DIRECTIVES + 1) + "}",
        "{ x { " + "id " * (limits.MAX_SAME_FIELD + 1) + "} }",
        "{ x { " + "... { id } " * (limits.MAX_SAME_FIELD + 1) + "} }",
        "{ id } " + "fragment F on Query { id } " * (limits.MAX_FRAGMENTS + 1),
        "{ x { " + " ".join(f"f{n}" for n in range(limits.MAX_FIELDS)) + " } }",
        "{ x { ...F } y { ...F } } fragment F on X { "
        + " ".join(f"f{n}" for n in range(limits.MAX_FIELDS // 2))
        + " }",
        "{ x } fragment F on X { " + " ".join(f"f{n}" for n in range(limits.MAX_FIELDS + 1)) + " }",
        "query A { x { ...F } } query B { x { ...F } } fragment F on X { "
        + " ".join(f"f{n}" for n in range(limits.MAX_FIELDS // 2))
        + " }",
        "{ x { " + " ".join(f"f{n} {{ y }}" for n in range(limits.MAX_OBJECTS)) + " } }",
        " ".join(f"query Q{n} {{ id }}" for n in range(limits.MAX_OPERATIONS + 1)),
        "{ id(a: [" + "1 " * limits.MAX_LITERALS + "]) }",
    ],
)
def test_beyond_a_limit_a_document_is_too_complex(document: str) -> None:
    assert code_of(document) == "QUERY_TOO_COMPLEX"


def test_fragments_that_spread_each_other_are_walked_once() -> None:
    doubling = "".join(
        f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} "
        for n in range(limits.MAX_FRAGMENTS - 1)
    )
    last = f"fragment F{limits.MAX_FRAGMENTS - 1} on Query {{ me {{ id }} }}"
    began = time.perf_counter()

    assert code_of("{ ...F0 } " + doubling + last) == "QUERY_TOO_COMPLEX"
    assert time.perf_counter() - began < 1


def test_a_circle_of_fragments_ends() -> None:
    circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A me { id } }"

    assert code_of(circle) is None


async def test_the_usual_introspection_is_answered_to_who_is_signed_in(door: Door) -> None:
    query = get_introspection_query(input_value_deprecation=True)

    data = await door.data(query, actor=ADA)
    code = await door.code(query, actor=NOBODY)

    assert data["__schema"]["queryType"]["name"] == "Query"
    assert code == "AUTHENTICATION_REQUIRED"


@pytest.mark.parametrize(
    "query",
    [
        '{ __type(name: "Query") { name } }',
        "{ ...F } fragment F on Query { s: __schema { queryType { name } } }",
        "{ me { ... { id } } ... { __schema { queryType { name } } } }",
    ],
)
async def test_nobody_sees_the_schema(door: Door, query: str) -> None:
    assert await door.code(query, actor=NOBODY) == "AUTHENTICATION_REQUIRED"


async def test_introspection_in_circles_is_refused(door: Door) -> None:
    fields = "{ fields { type " * 6 + "{ name }" + " } }" * 6
    query = "{ __schema { types " + fields + " } }"

    first, *_ = (await door.answer(query))["errors"]

    assert "Maximum introspection depth exceeded" in first["message"]


async def test_many_equal_fields_take_no_time(door: Door) -> None:
    began = time.perf_counter()

    assert await door.code("{ " + "__typename " * 4_000 + "}") == "QUERY_TOO_COMPLEX"
    assert time.perf_counter() - began < 2
