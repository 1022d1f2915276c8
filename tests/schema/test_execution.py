"""An operation ends with its deadline, down to the statement that it runs."""

import asyncio

import pytest

from tests.factories import make_database
from tests.schema.conftest import Door
from tests.schema.leaving import WAITING, Client, locked
from tests.waiting import until_clean, until_quiet, until_waiting
from whalefall.db import Database
from whalefall.schema import execution


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("query", "table"), WAITING)
async def test_the_deadline_ends_the_statement(
    db: Database, monkeypatch: pytest.MonkeyPatch, query: str, table: str, compiled: bool
) -> None:
    monkeypatch.setattr(execution, "DEADLINE_SECONDS", 0.3)
    async with db.write() as session:
        await make_database(session)
    client = Client(db, compiled=compiled)

    async with locked(db, table):
        asking = asyncio.create_task(client.ask(query))
        await until_waiting(db)
        late = await asking
        await until_quiet(db)
    await until_clean(db)

    assert late["data"] is None
    assert late["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "errors" not in await client.ask(query)


async def test_every_answer_that_began_says_what_it_cost(door: Door) -> None:
    answered = await door.answer("{ tags(first: 10) { nodes { name } } }")
    failed = await door.answer('{ node(id: "x") { id } }')

    assert answered["extensions"].keys() == {"cost"}
    assert answered["extensions"]["cost"].keys() == {"requested", "remaining"}
    assert answered["extensions"]["cost"]["requested"] == 10 + 1 + 10
    assert failed["extensions"]["cost"]["requested"] == 2


@pytest.mark.parametrize("query", ["{", "{ nothing }", "query ($n: Int!) { __typename }"])
async def test_what_never_began_costs_nothing(door: Door, query: str) -> None:
    assert "extensions" not in await door.answer(query)
