"""Collecting by GraphQL: begin, join, wait, cancel."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.factories import ADA, OTTO, make_credential, make_database, make_instance
from tests.fake_engine import FAKE, FakeServer, registered, table
from tests.schema.conftest import Door, opened_door
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.errors import Code, TargetProblem
from whalefall.queue import Job
from whalefall.resolvers.collection import collect_capacity, collect_table_sizes
from whalefall.schema.build import make_schema
from whalefall.schema.ids import global_id

REFRESH = """mutation ($input: RefreshTableSizesInput!) { refreshTableSizes(input: $input) {
  session { id status trigger } database { name tableSizes { totalCount } }
  savedCount deletedCount elapsedMs errors { code field } } }"""
CAPACITY = """mutation ($input: SyncInstanceCapacityInput!) { syncInstanceCapacity(input: $input) {
  session { status } instance { databaseCount totalSizeBytes }
  created refreshed reactivated deactivated savedCount errors { code field } } }"""
MANY = """mutation ($input: SyncCapacityInput!) { syncCapacity(input: $input) {
  session { status total } errors { code } } }"""
CANCEL = """mutation ($input: CancelSyncSessionInput!) { cancelSyncSession(input: $input) {
  session { status } errors { code } } }"""
WORKER = Actor.system("worker")
COLLECT = {"collect_capacity": collect_capacity, "collect_table_sizes": collect_table_sizes}


@pytest.fixture
async def server(db: Database) -> AsyncIterator[FakeServer]:
    with registered(FakeServer(tables=[table("a", 10), table("b", 20)])) as server:
        yield server


@pytest.fixture
async def door(db: Database, server: FakeServer) -> AsyncIterator[Door]:
    async with opened_door(db, make_schema()) as door:
        yield door


@pytest.fixture
async def worker(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Runs what is sent, beside the caller, as a worker would."""
    running: set[asyncio.Task[None]] = set()

    async def begin(job: Job) -> None:
        running.add(asyncio.create_task(COLLECT[job.name](db, WORKER, **job.ids)))

    monkeypatch.setattr(db, "_send", begin)
    yield
    async with asyncio.timeout(30):
        await asyncio.gather(*running)


@pytest.fixture
async def database(db: Database, server: FakeServer) -> dict[str, str]:
    """The global ids of a database and its instance."""
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
        )
        row = await make_database(session, instance, name="shop")
    return {
        "databaseId": global_id("Database", row.id),
        "instanceId": global_id("Instance", instance.id),
    }


async def refresh(door: Door, database: dict[str, str], wait: int = 20) -> Any:
    values = {"databaseId": database["databaseId"], "waitSeconds": wait}
    return (await door.data(REFRESH, {"input": values}, actor=OTTO))["refreshTableSizes"]


async def collect(door: Door, database: dict[str, str], wait: int = 20) -> Any:
    values = {"instanceId": database["instanceId"], "waitSeconds": wait}
    return (await door.data(CAPACITY, {"input": values}, actor=OTTO))["syncInstanceCapacity"]


@pytest.mark.usefixtures("worker")
async def test_a_refresh_answers_with_the_new_snapshot(
    door: Door, database: dict[str, str], server: FakeServer
) -> None:
    first = await refresh(door, database)
    server.tables = [table("b", 20)]
    second = await refresh(door, database)

    assert (first["session"]["status"], first["session"]["trigger"]) == ("COMPLETED", "API")
    assert (first["savedCount"], first["deletedCount"]) == (2, 0)
    assert first["elapsedMs"] >= 0
    assert first["database"] == {"name": "shop", "tableSizes": {"totalCount": 2}}
    assert (second["savedCount"], second["deletedCount"]) == (1, 1)
    assert second["errors"] == []


@pytest.mark.usefixtures("worker")
async def test_a_refresh_that_fails_keeps_session_and_database(
    door: Door, database: dict[str, str], server: FakeServer
) -> None:
    server.problem = TargetProblem("It is locked.", code=Code.DATABASE_TIMEOUT)

    failed = await refresh(door, database)

    assert failed["session"]["status"] == "FAILED"
    assert failed["database"]["name"] == "shop"
    assert (failed["savedCount"], failed["deletedCount"], failed["elapsedMs"]) == (None,) * 3
    assert failed["errors"] == [{"code": "DATABASE_TIMEOUT", "field": None}]


@pytest.mark.usefixtures("sent_jobs")
async def test_who_does_not_wait_gets_the_session_as_it_stands(
    door: Door, database: dict[str, str]
) -> None:
    begun = await refresh(door, database, wait=0)
    joined = await refresh(door, database, wait=0)

    assert begun["session"]["status"] == "PENDING"
    assert (begun["savedCount"], begun["errors"]) == (None, [])
    assert joined["session"]["id"] == begun["session"]["id"]


@pytest.mark.usefixtures("worker")
async def test_an_instance_is_collected(door: Door, database: dict[str, str]) -> None:
    collected = await collect(door, database)

    assert collected == {
        "session": {"status": "COMPLETED"},
        "instance": {"databaseCount": 1, "totalSizeBytes": 1000},
        "created": 0,
        "refreshed": 1,
        "reactivated": 0,
        "deactivated": 0,
        "savedCount": 1,
        "errors": [],
    }


@pytest.mark.usefixtures("sent_jobs")
async def test_all_instances_are_collected_as_one_session(
    door: Door, database: dict[str, str]
) -> None:
    begun = (await door.data(MANY, {"input": {}}))["syncCapacity"]
    nothing = {"input": {"filter": {"search": "nothing"}}}
    refused = (await door.data(MANY, nothing))["syncCapacity"]

    assert begun == {"session": {"status": "PENDING", "total": 1}, "errors": []}
    assert refused == {"session": None, "errors": [{"code": "CONFLICT"}]}


@pytest.mark.usefixtures("sent_jobs")
async def test_a_session_is_cancelled_once(door: Door, database: dict[str, str]) -> None:
    begun = await refresh(door, database, wait=0)
    variables = {"input": {"sessionId": begun["session"]["id"]}}

    cancelled = (await door.data(CANCEL, variables, actor=ADA))["cancelSyncSession"]
    again = (await door.data(CANCEL, variables, actor=ADA))["cancelSyncSession"]

    assert cancelled == {"session": {"status": "CANCELLED"}, "errors": []}
    assert again == {"session": None, "errors": [{"code": "CONFLICT"}]}


@pytest.mark.parametrize("wait", [-1, 61])
async def test_nobody_waits_longer_than_a_minute(
    door: Door, database: dict[str, str], wait: int
) -> None:
    refused = await refresh(door, database, wait=wait)

    assert refused["session"] is None
    assert refused["errors"] == [{"code": "BAD_USER_INPUT", "field": ["input", "waitSeconds"]}]


async def test_an_unknown_database_is_not_found(door: Door) -> None:
    refused = await refresh(door, {"databaseId": global_id("Database", 4711)})

    assert [error["code"] for error in refused["errors"]] == ["NOT_FOUND"]
