"""Who goes away needs no answer: a query ends, a mutation only stops waiting."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.requests import ClientDisconnect

from tests.factories import make_credential, make_database, make_instance
from tests.fake_engine import FAKE, FakeServer, registered
from tests.resolvers.users.conftest import PASSWORD, SYSTEM
from tests.schema.leaving import WAITING, Client, locked
from tests.sockets import served
from tests.waiting import until, until_clean, until_quiet, until_waiting
from whalefall.auth import Role
from whalefall.db import Database
from whalefall.models.sync import SyncSession
from whalefall.resolvers.users import create_api_token, create_user
from whalefall.schema import hangup
from whalefall.schema.build import make_schema, schema
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

REFRESH = """mutation ($id: ID!) {
  refreshTableSizes(input: {databaseId: $id, waitSeconds: 60}) { session { status } } }"""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hangup, "QUICK_SECONDS", 0)


@pytest.fixture
async def watched(db: Database) -> Database:
    async with db.write() as session:
        await make_database(session)
    return db


@pytest.fixture
async def database_id(db: Database) -> AsyncIterator[str]:
    """A database whose tables can be refreshed; no worker will."""
    with registered(FakeServer()):
        async with db.write() as session:
            credential = await make_credential(session, keys=db.keys)
            instance = await make_instance(
                session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
            )
            database = await make_database(session, instance)
        yield global_id("Database", database.id)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(("query", "table"), WAITING)
async def test_the_statement_of_a_query_ends_with_its_client(
    watched: Database, query: str, table: str, compiled: bool
) -> None:
    client = Client(watched, compiled=compiled)

    async with locked(watched, table):
        asking = asyncio.create_task(client.ask(query))
        await until_waiting(watched)
        client.leave()
        with pytest.raises(ClientDisconnect):
            await asking
        await until_quiet(watched)
    await until_clean(watched)

    assert client.sent == []


@pytest.mark.usefixtures("sent_jobs")
async def test_a_mutation_waits_for_nothing_once_its_client_is_gone(
    db: Database, database_id: str
) -> None:
    client = Client(db, make_schema())

    asking = asyncio.create_task(client.ask(REFRESH, {"id": database_id}))
    await until(lambda: has_begun(db))
    client.leave()

    async with asyncio.timeout(5):
        with pytest.raises(ClientDisconnect):
            await asking


@pytest.mark.usefixtures("sent_jobs")
async def test_a_mutation_ends_its_transaction_though_its_client_is_gone(
    db: Database, database_id: str
) -> None:
    client = Client(db, make_schema())

    async with locked(db, "sync_instance_records"):
        asking = asyncio.create_task(client.ask(REFRESH, {"id": database_id}))
        await until_waiting(db)
        client.leave()
        await asyncio.wait([asking], timeout=0.2)
        assert not asking.done()
    async with asyncio.timeout(5):
        with pytest.raises(ClientDisconnect):
            await asking

    assert await has_begun(db)


async def test_who_closes_the_connection_ends_the_statement(
    watched: Database, settings: Settings
) -> None:
    async with watched.write() as session:
        await create_user(session, SYSTEM, "vera", PASSWORD, Role.VIEWER)
        token = await create_api_token(session, SYSTEM, "vera", "laptop")
    body = json.dumps({"query": "{ databases { nodes { name } } }"})
    head = [
        "POST /graphql HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]

    async with served(watched, settings, schema) as site, locked(watched, "instance_databases"):
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write("\r\n".join([*head, "", body]).encode())
        await until_waiting(watched)
        writer.close()
        await until_quiet(watched)
    await until_clean(watched)


async def test_who_stays_is_answered(watched: Database) -> None:
    client = Client(watched)

    async with locked(watched, "instance_databases"):
        asking = asyncio.create_task(client.ask("{ databases { nodes { name } } }"))
        await until_waiting(watched)
    answer: Any = await asking

    assert len(answer["data"]["databases"]["nodes"]) == 1


async def has_begun(db: Database) -> bool:
    async with db.read() as session:
        count = await session.execute(select(func.count()).select_from(SyncSession))
        return count.scalar_one() > 0
