"""Who may ask what: a walk over all root fields, so that a new one cannot be forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

from tests.factories import NOBODY, VERA
from tests.schema.conftest import Door
from whalefall.schema.build import schema

OPEN = {  # root field -> why nobody needs to sign in for it
    "me": "is null then",
    "login": "is how one signs in",
    "refreshAccessToken": "has its proof in its input",
}
VIEWERS = {  # mutation -> why a viewer may
    "logout": "ends the caller's own session",
    "createApiToken": "makes a token that may do no more than the caller",
    "revokeApiToken": "ends the caller's own tokens; others' are not there",
    "changePassword": "changes the caller's own",
    "updatePreferences": "changes the caller's own",
    "revokeSession": "ends the caller's own sessions; others' are not there",
    "revokeOtherSessions": "ends the caller's own sessions",
}
VALUES: dict[str, Any] = {
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "BigInt": 1,
    "DateTime": "2024-01-01T00:00:00+00:00",
    "Date": "2024-01-01",
}


Asked = tuple[str, str, dict[str, Any]]  # name of the root field, document, variables


def root_fields(kind: str) -> Iterator[Asked]:
    """The document for each field of a root type, with the least that it needs."""
    root = schema._schema.type_map[kind]
    assert isinstance(root, GraphQLObjectType)
    for name, field in root.fields.items():
        needed = {key: each for key, each in field.args.items() if is_required_argument(each)}
        declared = ", ".join(f"${key}: {each.type}" for key, each in needed.items())
        passed = ", ".join(f"{key}: ${key}" for key in needed)
        head = f"{kind.lower()} ({declared})" if needed else kind.lower()
        call = f"{name}({passed})" if needed else name
        variables = {key: value_of(each) for key, each in needed.items()}
        yield name, f"{head} {{ {call}{below(field)} }}", variables


def below(field: GraphQLField) -> str:
    return "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"


def value_of(declared: GraphQLArgument | GraphQLInputField) -> Any:
    """Something that the type allows; the right is to be asked for before anybody reads it."""
    kind = get_nullable_type(declared.type)
    if is_list_type(kind):
        return []
    named = get_named_type(kind)
    if isinstance(named, GraphQLEnumType):
        return next(iter(named.values))
    if isinstance(named, GraphQLInputObjectType):
        return {
            key: value_of(each)
            for key, each in named.fields.items()
            if is_required_input_field(each) and each.default_value is Undefined
        }
    return VALUES.get(named.name, "x")


def asked(fields: list[Asked]) -> list[Any]:
    """Parameters with the field's name as their id."""
    return [pytest.param(document, variables, id=name) for name, document, variables in fields]


QUERIES, MUTATIONS = list(root_fields("Query")), list(root_fields("Mutation"))
CLOSED = [each for each in (*QUERIES, *MUTATIONS) if each[0] not in OPEN]
WRITES = [each for each in MUTATIONS if each[0] not in OPEN.keys() | VIEWERS.keys()]


@pytest.mark.parametrize(("document", "variables"), asked(CLOSED))
async def test_every_root_field_but_the_open_ones_asks_who_it_is(
    door: Door, document: str, variables: dict[str, Any]
) -> None:
    assert await door.code(document, variables, actor=NOBODY) == "AUTHENTICATION_REQUIRED"


@pytest.mark.parametrize(("document", "variables"), asked(WRITES))
async def test_a_viewer_is_refused_every_mutation_but_their_own(
    door: Door, document: str, variables: dict[str, Any]
) -> None:
    assert await door.code(document, variables, actor=VERA) == "PERMISSION_REQUIRED"


def test_the_exceptions_exist() -> None:
    assert set(VIEWERS) <= {name for name, *_ in MUTATIONS}
    assert set(OPEN) <= {name for name, *_ in (*QUERIES, *MUTATIONS)}
