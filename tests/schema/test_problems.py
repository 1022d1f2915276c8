"""Errors as clients see them: a code, words for people, and nothing that was a secret."""

import logging

import pytest
from graphql import GraphQLError
from structlog.testing import capture_logs

from tests.factories import ADA, NOBODY, OTTO, VERA
from tests.schema.conftest import Door
from whalefall.domain.checks import Problems
from whalefall.errors import BadInput, Code, Conflict
from whalefall.resolvers.nouns import reading
from whalefall.schema.problems import UserError, public_errors

INVALID = "{ instances { nodes { nam } } nothing tagz { x } a b c d e f g }"
SECRET = "canary-4711"


async def test_invalid_documents_are_explained_to_who_is_signed_in(door: Door) -> None:
    errors = (await door.answer(INVALID, actor=ADA))["errors"]

    assert len(errors) == 5
    assert "Cannot query field 'nam' on type 'Instance'" in errors[0]["message"]


async def test_invalid_documents_teach_strangers_nothing(door: Door) -> None:
    errors = (await door.answer(INVALID, actor=NOBODY))["errors"]

    assert {error["message"] for error in errors} == {"The document is not valid for this schema."}
    assert errors[0]["locations"] == [{"line": 1, "column": 23}]


async def test_wrong_variables_teach_strangers_nothing(door: Door) -> None:
    query = "mutation ($input: LoginInput!) { login(input: $input) { errors { code } } }"

    (error,) = (await door.answer(query, {"input": {"user": 1}}, actor=NOBODY))["errors"][:1]

    assert error["message"] == "The variables are not valid for this document."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_unexpected_error_shows_its_id_only(
    plain_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(reading, "list_rows", fail)
    with capture_logs() as logs:
        answer = await plain_door.answer(
            f'{{ tags(filter: {{search: "{SECRET}"}}) {{ totalCount }} }}'
        )

    (error,) = answer["errors"]
    (entry,) = logs
    assert answer["data"] is None
    assert error["extensions"]["code"] == "INTERNAL_ERROR"
    assert SECRET not in str(answer)
    assert entry["event"] == "graphql.failed"
    assert entry["error_id"] == error["extensions"]["errorId"]
    assert isinstance(entry["exc_info"], RuntimeError)


async def test_neither_document_nor_variables_are_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    query = (
        "mutation ($p: String!) { login(input: {username: 5, password: $p}) { errors { code } } }"
    )

    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        await door.answer(query, {"p": SECRET})
        await door.answer(query.replace("$p)", f'"{SECRET}")'), {})
        await door.answer("{ tags(first: -1) { totalCount } }", {"p": SECRET})

    assert SECRET not in str(logs) + caplog.text
    assert len(logs) == 3


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Argument 'id' of required type 'ID!' was not provided.", "BAD_USER_INPUT"),
        ("Int cannot represent non 32-bit signed integer value: 1e10", "INTERNAL_ERROR"),
    ],
)
def test_what_graphql_itself_refuses_has_a_code(message: str, code: str) -> None:
    error = GraphQLError(message, path=["a"])

    (public,) = public_errors([error], Code.INTERNAL_ERROR, request_id=None, signed_in=True)

    assert public["extensions"]["code"] == code


def test_a_field_is_a_path_in_the_input() -> None:
    assert UserError.of(BadInput("x", field="tag_names")).field == ["input", "tagNames"]
    assert UserError.of(BadInput("x", field=("input", "ids", "3"))).field == ["input", "ids", "3"]
    assert UserError.of(Conflict("x", hint="y")) == UserError(
        code=Code.CONFLICT, message="x", field=None, hint="y"
    )


def test_several_problems_are_all_told() -> None:
    both = Problems([BadInput("a", field="name"), BadInput("b", field="host")])

    assert [UserError.of(each).message for each in both.problems] == ["a", "b"]


MUTATIONS = {
    'createInstance(input: {name: "", engine: MYSQL, host: ""})': "C",
    'updateInstance(input: {id: "x"})': "U",
    'testInstance(input: {instanceId: "x"})': "E",
    'testConnection(input: {engine: MYSQL, host: "-"})': "C",
    'createCredential(input: {name: "", username: "", password: ""})': "C",
    'updateCredential(input: {id: "x"})': "U",
    'deleteCredential(input: {id: "x"})': "D",
    'syncInstanceCapacity(input: {instanceId: "x"})': "E",
    "syncCapacity(input: {})": "E",
    'refreshTableSizes(input: {databaseId: "x"})': "E",
    'cancelSyncSession(input: {sessionId: "x"})': "A",
}


@pytest.mark.parametrize(("field", "right"), MUTATIONS.items())
async def test_a_mutation_asks_for_the_right_before_all_else(
    door: Door, field: str, right: str
) -> None:
    query = f"mutation {{ {field} {{ errors {{ code field }} }} }}"

    assert await door.code(query, actor=NOBODY) == "AUTHENTICATION_REQUIRED"
    assert await door.code(query, actor=VERA) == "PERMISSION_REQUIRED"
    if right in "UE":
        assert "errors" not in await door.answer(query, actor=OTTO)
    else:
        assert await door.code(query, actor=OTTO) == "PERMISSION_REQUIRED"
    ((_, payload),) = (await door.data(query, actor=ADA)).items()
    assert payload["errors"][0]["code"] in ("BAD_USER_INPUT", "CONFLICT")


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ databases(filter: {minSizeBytes: "x"}) { totalCount } }', {}),
        ('{ database(id: "x") { sizeHistory(from: "yesterday") { date } } }', {}),
        ("{ tags(first: " + "9" * 5000 + ") { totalCount } }", {}),
        (
            'query ($d: Date) { database(id: "x") { sizeHistory(from: $d) { date } } }',
            {"d": "yesterday"},
        ),
    ],
)
async def test_a_value_that_no_scalar_reads_is_the_callers_fault(
    door: Door, query: str, variables: dict[str, str]
) -> None:
    code = await door.code(query, variables)

    assert code == ("BAD_USER_INPUT" if variables else "GRAPHQL_VALIDATION_FAILED")


async def test_an_error_quotes_no_more_than_a_few_words(door: Door) -> None:
    long = await door.answer("{ " + "a" * 60_000 + " }")
    often = await door.answer("{ tags(" + "first: 1 " * 900 + ") { totalCount } }")

    assert len(long["errors"][0]["message"]) < 600
    assert len(often["errors"][0]["locations"]) == 10


async def test_what_nobody_can_compare_in_time_is_too_complex(door: Door) -> None:
    fragments = " ".join(f"fragment F{n} on User {{ {'id ' * 19} }}" for n in range(50))

    code = await door.code("{ me { " + " ".join(f"...F{n}" for n in range(50)) + " } }" + fragments)

    assert code == "QUERY_TOO_COMPLEX"
