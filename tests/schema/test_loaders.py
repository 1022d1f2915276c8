"""The number of statements does not depend on the number of rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from tests.factories import (
    NOBODY,
    make_credential,
    make_database,
    make_instance,
    make_size_history,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
    make_tag,
    make_user,
)
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.schema.ids import global_id

INSTANCES = """query ($first: Int) { instances(first: $first) { totalCount nodes { id tags { name }
  credential { name usage { instanceCount instances { name } } } sizeHistory { sizeBytes }
  databases { totalCount nodes { id name instance { name } sizeHistory { sizeBytes }
    tableSnapshot { status } tableSizes { totalCount nodes { id database { name } } } } } } } }"""
SESSIONS = """query ($first: Int) { syncSessions(first: $first) { nodes { createdBy { username }
  records { totalCount nodes { session { id } instance { name } database { name } } } } } }"""


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """The statements sent while the block runs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", note)


async def make_graph(db: Database) -> None:
    async with db.write() as session:
        user = await make_user(session)
        for _ in range(4):
            credential = await make_credential(session)
            tag = await make_tag(session)
            instance = await make_instance(session, credential_id=credential.id, tags=[tag])
            run = await make_sync_session(session, created_by_id=user.id)
            for _ in range(3):
                database = await make_database(session, instance)
                await make_table_sizes(session, database, [1, 2])
                await make_sync_record(
                    session, run, instance_id=instance.id, database_id=database.id
                )
            await make_size_history(session, database, {datetime.now(UTC).date(): 1})


@pytest.mark.parametrize("query", [INSTANCES, SESSIONS])
async def test_a_longer_page_needs_no_more_statements(
    db: Database, plain_door: Door, query: str
) -> None:
    await make_graph(db)
    await plain_door.data(query, {"first": 1})

    with statements(db) as short:
        await plain_door.data(query, {"first": 1})
    with statements(db) as long:
        await plain_door.data(query, {"first": 4})

    assert len(short) == len(long)
    assert len(long) <= 15


async def test_a_count_is_taken_only_when_asked_for(db: Database, plain_door: Door) -> None:
    with statements(db) as without:
        await plain_door.data("{ databases { nodes { id } } }")
    with statements(db) as with_count:
        await plain_door.data("{ databases { totalCount nodes { id } } }")

    assert (len(without), len(with_count)) == (1, 2)


async def test_nobody_costs_no_statement(db: Database, plain_door: Door) -> None:
    with statements(db) as sent:
        await plain_door.answer("{ databases { nodes { id } } tags { totalCount } }", actor=NOBODY)

    assert sent == []


async def test_a_part_that_fails_takes_no_row_from_the_others(
    db: Database, plain_door: Door
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        for _ in range(2):
            await make_instance(session, credential_id=credential.id)
    query = """query ($id: ID!) {
        bad: credential(id: $id) { usage { instances {
          databases(first: -1) { totalCount } credential { name } } } }
        good: credential(id: $id) { usage { instances { credential { name } } } } }"""

    answer = await plain_door.answer(query, {"id": global_id("Credential", credential.id)})

    rows = [{"credential": {"name": "reader"}}] * 2
    assert answer["data"] == {"bad": None, "good": {"usage": {"instances": rows}}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
