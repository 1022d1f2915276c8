"""Following a sync session: every change, to its end, for as long as one may see it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select, text, update

from tests.factories import (
    make_credential,
    make_database,
    make_instance,
    make_sync_record,
    make_sync_session,
    make_user,
)
from tests.fake_engine import FAKE, FakeServer, registered, table
from tests.schema.leaving import locked
from tests.sockets import Client, Served, connected, served
from tests.waiting import until_waiting
from whalefall import notifications
from whalefall.auth import Actor, Permission, Role
from whalefall.db import Database, notify
from whalefall.domain.states import SyncStatus
from whalefall.models.sync import SyncRecord, SyncSession
from whalefall.models.users import ApiToken, User
from whalefall.queue import Job
from whalefall.resolvers.collection import collect_table_sizes
from whalefall.resolvers.collection.claims import Claim, hand_back
from whalefall.resolvers.sessions import CHANNEL, cancel_sync_session
from whalefall.resolvers.users import create_api_token
from whalefall.schema import execution
from whalefall.schema.build import make_schema
from whalefall.schema.ids import global_id
from whalefall.schema.websocket import operations
from whalefall.settings import Settings

SYSTEM, WORKER = Actor.system("test"), Actor.system("worker")
FOLLOW = """subscription ($id: ID!) { syncSession(id: $id) { status total succeeded
  records { nodes { status stage } } } }"""
STATUS = "subscription ($id: ID!) { syncSession(id: $id) { status } }"
REFRESH = """mutation ($id: ID!) { refreshTableSizes(input: {databaseId: $id, waitSeconds: 0}) {
  session { id } errors { code } } }"""


@pytest.fixture
async def engine(db: Database) -> AsyncIterator[FakeServer]:
    with registered(FakeServer(tables=[table("a", 10)], gate=asyncio.Event())) as engine:
        yield engine


@pytest.fixture
async def site(db: Database, settings: Settings, engine: FakeServer) -> AsyncIterator[Served]:
    async with served(db, settings, make_schema()) as site:
        yield site


@pytest.fixture
async def otto(db: Database) -> dict[str, str]:
    """Otto's bearer, as a header."""
    return await bearer(db, "otto", Role.OPERATOR)


@pytest.fixture
async def client(site: Served, otto: dict[str, str]) -> AsyncIterator[Client]:
    """Otto, greeted."""
    async with connected(site.port, otto) as client:
        await client.greet()
        yield client


@pytest.fixture
async def running(db: Database) -> SyncSession:
    """A session with one record, at work."""
    async with db.write() as session:
        row = await make_sync_session(session, status=SyncStatus.RUNNING, total=1)
        await make_sync_record(session, row, status=SyncStatus.RUNNING, stage="connecting")
    return row


@pytest.fixture
async def following(
    client: Client, running: SyncSession, monkeypatch: pytest.MonkeyPatch
) -> Client:
    """Otto, who follows the session, and whose rights are looked up again at each event."""
    monkeypatch.setattr(operations, "CONFIRMED_SECONDS", 0)
    await client.ask(STATUS, variables(running))
    await state(client)
    return client


@pytest.fixture
async def worker(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Runs what is sent, beside the caller, as a worker would."""
    jobs: set[asyncio.Task[None]] = set()

    async def begin(job: Job) -> None:
        jobs.add(asyncio.create_task(collect_table_sizes(db, WORKER, **job.ids)))

    monkeypatch.setattr(db, "_send", begin)
    yield
    async with asyncio.timeout(30):
        await asyncio.gather(*jobs)


async def bearer(
    db: Database, name: str, role: Role, scopes: list[Permission] | None = None
) -> dict[str, str]:
    async with db.write() as session:
        await make_user(session, username=name, role=role)
        token = await create_api_token(session, SYSTEM, name, name, scopes=scopes)
    return {"Authorization": f"Bearer {token}"}


def variables(row: SyncSession) -> dict[str, str]:
    return {"id": global_id("SyncSession", row.id)}


async def change(db: Database, row: SyncSession, **values: object) -> None:
    """Something new about the session's record, told to all who follow."""
    async with db.write() as session:
        of_session = SyncRecord.session_id == row.id
        await session.execute(update(SyncRecord).where(of_session).values(**values))
        await notify(session, CHANNEL, str(row.id))


async def touch(db: Database, row: SyncSession) -> None:
    """A word to all who follow, though nothing is new."""
    async with db.write() as session:
        await notify(session, CHANNEL, str(row.id))


async def finish(db: Database, row: SyncSession) -> None:
    async with db.write() as session:
        this = SyncSession.id == row.id
        await session.execute(
            update(SyncSession).where(this).values(status=SyncStatus.COMPLETED, succeeded=1)
        )
        await notify(session, CHANNEL, str(row.id))


async def state(client: Client) -> Any:
    """The session as the next event shows it."""
    message = await client.hear()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]["syncSession"]


def stage(state: Mapping[str, Any]) -> str:
    (record,) = state["records"]["nodes"]
    return str(record["stage"])


def code(message: Mapping[str, Any]) -> str:
    assert message["type"] == "error", message
    (error,) = message["payload"]
    return str(error["extensions"]["code"])


@pytest.mark.usefixtures("worker")
async def test_a_refresh_is_followed_to_its_end(
    db: Database, client: Client, engine: FakeServer
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys)
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", credential_id=credential.id
        )
        database = await make_database(session, instance)
    assert engine.gate is not None

    begun = await client.answer(REFRESH, {"id": global_id("Database", database.id)})
    await client.ask(FOLLOW, begun["data"]["refreshTableSizes"]["session"], id="f")
    seen = [await state(client)]
    await engine.reached.wait()
    engine.gate.set()
    while seen[-1]["status"] != "COMPLETED":
        seen.append(await state(client))

    assert await client.hear() == {"id": "f", "type": "complete"}
    assert seen[0]["status"] in ("PENDING", "RUNNING")
    assert seen[-1]["succeeded"] == seen[-1]["total"] == 1
    assert seen[-1]["records"]["nodes"] == [{"status": "COMPLETED", "stage": None}]


async def test_a_session_that_is_over_is_shown_once(db: Database, client: Client) -> None:
    async with db.write() as session:
        row = await make_sync_session(session, status=SyncStatus.FAILED)

    await client.ask(STATUS, variables(row))

    assert await state(client) == {"status": "FAILED"}
    assert (await client.hear())["type"] == "complete"


async def test_cancelling_ends_it(db: Database, client: Client, ada: Actor) -> None:
    async with db.write() as session:
        row = await make_sync_session(session, status=SyncStatus.PENDING)
        await make_sync_record(session, row, status=SyncStatus.PENDING)
    await client.ask(STATUS, variables(row))
    await state(client)

    async with db.write() as session:
        await cancel_sync_session(session, ada, row.id)

    assert await state(client) == {"status": "CANCELLED"}
    assert (await client.hear())["type"] == "complete"


async def test_a_record_that_is_handed_back_is_news(
    db: Database, client: Client, running: SyncSession
) -> None:
    await client.ask(FOLLOW, variables(running))
    await state(client)

    async with db.write() as session:
        record = (await session.execute(select(SyncRecord))).scalar_one()
        claim = Claim(
            record_id=record.id,
            session_id=running.id,
            token=record.fencing_token,
            instance_id=0,
            database_id=None,
            task=None,
            attempt=1,
        )
        await hand_back(session, claim)

    assert (await state(client))["records"]["nodes"] == [{"status": "LOST", "stage": None}]


async def test_each_event_reads_anew_and_costs_anew(
    db: Database, client: Client, running: SyncSession
) -> None:
    await client.ask(FOLLOW, variables(running))
    seen = [await client.hear()]
    for name in ("reading", "saving"):
        await change(db, running, stage=name)
        seen.append(await client.hear())

    payloads = [message["payload"] for message in seen]
    assert [stage(each["data"]["syncSession"]) for each in payloads] == [
        "connecting",
        "reading",
        "saving",
    ]
    assert {each["extensions"]["cost"]["requested"] for each in payloads} != {0}


async def test_an_empty_purse_ends_it(
    db: Database, client: Client, running: SyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor = replace(db.settings, graphql_max_cost=2000, graphql_cost_per_second=1)
    monkeypatch.setattr(db, "settings", poor)

    await client.ask(FOLLOW.replace("records", "records(first: 200)"), variables(running))
    first = await client.hear()
    cost = first["payload"]["extensions"]["cost"]
    messages = [first]
    while messages[-1]["type"] == "next":
        await touch(db, running)
        messages.append(await client.hear())

    assert len(messages) == 2 + cost["remaining"] // cost["requested"]
    assert code(messages[-1]) == "RATE_LIMIT_EXCEEDED"


async def test_two_hundred_subscribers_cost_as_many_statements_as_one(
    db: Database, site: Served, running: SyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    looked_up = 0
    fetch = db.fetch

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal looked_up
        looked_up += 1
        return await fetch(*arguments, **named)

    def noted(*arguments: Any) -> None:
        if arguments[2].lstrip().upper().startswith("SELECT"):
            statements.append(arguments[2])

    async with AsyncExitStack() as open:
        clients = []
        for number in range(4):
            header = await bearer(db, f"vera-{number}", Role.VIEWER)
            client = await open.enter_async_context(connected(site.port, header))
            await client.greet()
            clients.append(client)
        for client in clients:
            for number in range(50):
                await client.ask(FOLLOW, variables(running), id=str(number))
            for _ in range(50):
                assert stage(await state(client)) == "connecting"
        monkeypatch.setattr(operations, "CONFIRMED_SECONDS", 60)
        monkeypatch.setattr(db, "fetch", counted)
        event.listen(db.engine.sync_engine, "before_cursor_execute", noted)
        try:
            await change(db, running, stage="reading")
            for client in clients:
                for _ in range(50):
                    assert stage(await state(client)) == "reading"
        finally:
            event.remove(db.engine.sync_engine, "before_cursor_execute", noted)

    reads = [sql for sql in statements if "pg_notify" not in sql]
    assert len(reads) == 2, reads  # the session, and its records
    assert looked_up == 0


async def test_who_leaves_takes_nothing_from_the_others(
    db: Database, site: Served, client: Client, otto: dict[str, str], running: SyncSession
) -> None:
    async with connected(site.port, otto) as leaving:
        await leaving.greet()
        for each in (leaving, client):
            await each.ask(FOLLOW, variables(running))
            await state(each)
        await change(db, running, stage="reading")
        await asyncio.gather(state(leaving), state(client))

        async with locked(db, "sync_instance_records"):
            await touch(db, running)
            await until_waiting(db)
            leaving.wire.transport.abort()
            await leaving.wire.wait_closed()

        assert stage(await state(client)) == "reading"


async def test_an_event_that_takes_too_long_is_given_up_and_the_next_one_comes(
    db: Database, client: Client, running: SyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.ask(FOLLOW, variables(running))
    await state(client)
    monkeypatch.setattr(execution, "DEADLINE_SECONDS", 0.2)

    async with locked(db, "sync_instance_records"):
        await touch(db, running)
        late = (await client.hear())["payload"]
    monkeypatch.setattr(execution, "DEADLINE_SECONDS", 30)
    await change(db, running, stage="saving")

    assert late["data"] is None
    assert late["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert stage(await state(client)) == "saving"


async def test_a_broken_listening_connection_is_made_good(
    db: Database, client: Client, running: SyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "RETRY_SECONDS", 0.02)
    await client.ask(FOLLOW, variables(running))
    await state(client)

    async with db.write() as session:
        ended = await session.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'whalefall listening'"
            )
        )
        assert ended.scalars().all() == [True]
    await change(db, running, stage="saving")  # perhaps while nobody listens
    while stage(await state(client)) != "saving":
        pass
    await finish(db, running)

    while (await state(client))["status"] != "COMPLETED":
        pass
    assert (await client.hear())["type"] == "complete"


async def test_a_revoked_token_ends_the_connection(
    db: Database, following: Client, running: SyncSession
) -> None:
    async with db.write() as session:
        await session.execute(update(ApiToken).values(revoked_at=text("now()")))
    await finish(db, running)

    assert code(await following.hear()) == "TOKEN_INVALID"
    assert await following.end() == (4403, "TOKEN_INVALID")


async def test_a_disabled_user_hears_no_more(
    db: Database, following: Client, running: SyncSession
) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(is_active=False))
    await finish(db, running)

    assert code(await following.hear()) == "TOKEN_INVALID"
    assert await following.end() == (4403, "TOKEN_INVALID")


async def test_an_expired_token_says_so(
    db: Database, following: Client, running: SyncSession
) -> None:
    async with db.write() as session:
        await session.execute(update(ApiToken).values(expires_at=text("now()")))
    await finish(db, running)

    assert code(await following.hear()) == "TOKEN_EXPIRED"
    assert await following.end() == (4403, "TOKEN_EXPIRED")


async def test_a_lost_right_ends_the_subscription_only(
    db: Database, following: Client, running: SyncSession
) -> None:
    async with db.write() as session:
        await session.execute(update(ApiToken).values(scopes=[Permission.EXECUTE]))
    await finish(db, running)

    assert code(await following.hear()) == "PERMISSION_REQUIRED"
    assert (await following.answer("{ __typename }"))["data"] == {"__typename": "Query"}


async def test_another_role_that_may_see_it_sees_it(
    db: Database, following: Client, running: SyncSession
) -> None:
    async with db.write() as session:
        await session.execute(update(User).values(role=Role.VIEWER))
    await finish(db, running)

    assert await state(following) == {"status": "COMPLETED"}


async def test_a_revoked_token_asks_nothing_more(db: Database, client: Client) -> None:
    async with db.write() as session:
        await session.execute(update(ApiToken).values(revoked_at=text("now()")))
    await client.ask("{ me { username } }")

    assert code(await client.hear()) == "TOKEN_INVALID"
    assert await client.end() == (4403, "TOKEN_INVALID")


async def test_who_may_not_view_follows_nothing(
    db: Database, site: Served, running: SyncSession
) -> None:
    async with connected(site.port) as client:
        await client.greet(await bearer(db, "ada", Role.ADMIN, scopes=[Permission.EXECUTE]))
        await client.ask(STATUS, variables(running))
        assert code(await client.hear()) == "PERMISSION_REQUIRED"
