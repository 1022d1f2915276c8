"""Plans: made once for a shape, kept for a while, and never for what resolvers must answer."""

import dataclasses
from typing import Any

import pytest
from graphql.execution.values import VariableValues, get_variable_values

from tests.factories import (
    ADA,
    NOBODY,
    VERA,
    make_database,
    make_instance,
    make_table_sizes,
)
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.schema import compiled
from whalefall.schema.build import schema
from whalefall.schema.compiled import Plans
from whalefall.schema.documents import Documents, Operation
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

LEDGER = (
    "query ($n: Int, $s: String) { databases(first: $n, filter: {search: $s}) { nodes { name } } }"
)


@pytest.fixture
def plans() -> Plans:
    return Plans(schema)


def operation_of(query: str) -> Operation:
    return Documents(schema._schema).read((query, None, True))


async def ask(
    plans: Plans, db: Database, operation: Operation, actor: Actor = ADA, **given: Any
) -> str | None:
    definitions = operation.definition.variable_definitions or ()
    variables = get_variable_values(schema._schema, definitions, given)
    assert isinstance(variables, VariableValues)
    text = await plans.answer(operation, variables, db, actor)
    return None if text is None else text.decode()


async def test_one_plan_serves_all_values_of_a_shape(plans: Plans, db: Database) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
        await make_database(session, instance, name="orders")
        await make_database(session, instance, name="people")
    operation = operation_of(LEDGER)

    orders = await ask(plans, db, operation, n=5, s="ord")
    people = await ask(plans, db, operation, n=5, s="peo")

    assert orders == '{"databases":{"nodes":[{"name":"orders"}]}}'
    assert people == '{"databases":{"nodes":[{"name":"people"}]}}'
    assert plans.compiled == 1
    await ask(plans, db, operation, n=6, s="ord")
    await ask(plans, db, operation, VERA, n=6, s="ord")
    assert plans.compiled == 3


async def test_the_plans_used_least_lately_are_forgotten(
    plans: Plans, opened_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "MAX_PLANS", 2)
    operation = operation_of(LEDGER)

    for first in (1, 2, 1, 3, 1):
        await ask(plans, opened_database, operation, n=first)

    assert plans.compiled == 3


async def test_plans_keep_only_so_much_text_of_documents_alive(
    plans: Plans, opened_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = operation_of("{ tags { totalCount } }"), operation_of(LEDGER)
    monkeypatch.setattr(compiled, "MAX_CHARACTERS", len(LEDGER) + 10)

    for operation in (small, large, large, small):
        await ask(plans, opened_database, operation)

    assert plans.compiled == 3


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ me { username } }", "Query.me"),
        ("{ __schema { queryType { name } } }", "__schema"),
        ("{ schedules { nodes { upcoming } } }", "Schedule.upcoming"),
    ],
)
async def test_what_only_a_resolver_knows_is_left_to_it(
    plans: Plans, opened_database: Database, query: str, reason: str
) -> None:
    operation = operation_of(query)

    assert [await ask(plans, opened_database, operation) for _ in range(2)] == [None, None]
    assert plans.unsupported == {reason: 1}


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("query ($n: Int) { tags(first: $n) { nodes { id } } }", {"n": 201}),
        ("query ($n: Int) { tags(first: $n, last: 1) { nodes { id } } }", {"n": 1}),
        ("query ($c: String) { tags(after: $c) { nodes { id } } }", {"c": "rubbish"}),
        ("query ($c: String) { tags(after: $c) { totalCount } }", {"c": "rubbish"}),
        ("query ($i: ID!) { node(id: $i) { id } }", {"i": "rubbish"}),
        ("query ($i: ID!) { database(id: $i) { id } }", {"i": global_id("Instance", 1)}),
        ("query ($i: ID!) { node(id: $i) { id } }", {"i": global_id("TableSnapshot", 1)}),
        (
            "query ($i: ID!) { databases(filter: {instanceId: $i}) { totalCount } }",
            {"i": global_id("Database", 1)},
        ),
    ],
)
async def test_problems_are_left_to_the_resolvers_to_report(
    plans: Plans, opened_database: Database, query: str, given: dict[str, Any]
) -> None:
    assert await ask(plans, opened_database, operation_of(query), **given) is None
    assert plans.unsupported == {}


async def test_who_may_not_read_gets_nothing_from_a_plan(
    plans: Plans, opened_database: Database
) -> None:
    operation = operation_of("{ tags { totalCount } }")
    executor = Actor(name="token", permissions=frozenset({Permission.EXECUTE}))

    assert await ask(plans, opened_database, operation, ADA) is not None
    assert await ask(plans, opened_database, operation, executor) is None


async def test_no_plan_is_made_for_a_stranger(plans: Plans, opened_database: Database) -> None:
    assert await ask(plans, opened_database, operation_of(LEDGER), NOBODY) is None
    assert plans.compiled == 0


async def test_a_cursor_of_another_snapshot_is_left_to_the_resolvers(
    plans: Plans, db: Database
) -> None:
    async with db.write() as session:
        first, second = [
            await make_database(session, await make_instance(session)) for _ in range(2)
        ]
        await make_table_sizes(session, first, [5, 4, 3])
        await make_table_sizes(session, second, [5, 4, 3])
    query = """query ($id: ID!, $c: String) { database(id: $id) {
        tableSizes(first: 1, after: $c) { edges { cursor node { sizeBytes } } } } }"""
    operation = operation_of(query)
    found = await ask(plans, db, operation, id=global_id("Database", first.id), c=None)
    assert found is not None
    cursor = found.split('"cursor":"')[1].split('"')[0]

    same = await ask(plans, db, operation, id=global_id("Database", first.id), c=cursor)
    other = await ask(plans, db, operation, id=global_id("Database", second.id), c=cursor)

    assert same is not None
    assert '"sizeBytes":4' in same
    assert other is None
    for unread in ("totalCount", "__typename"):
        query = f"""query ($id: ID!, $c: String) {{ database(id: $id) {{
            tableSizes(after: $c) {{ {unread} }} }} }}"""
        database = global_id("Database", second.id)
        assert await ask(plans, db, operation_of(query), id=database, c=cursor) is None


async def test_our_database_being_away_is_no_reason_to_ask_it_again(
    plans: Plans, settings: Settings
) -> None:
    nowhere = "postgresql://127.0.0.1:1/nowhere"
    away = Database.of(dataclasses.replace(settings, database_url=nowhere))
    await away.open()

    with pytest.raises(ServiceUnavailable):
        await ask(plans, away, operation_of("{ tags { totalCount } }"))
    await away.close()
