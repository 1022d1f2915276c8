"""GraphQL over WebSockets: the protocol, its bounds, and what a client leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import make_database, make_sync_session, make_user
from tests.schema.leaving import WAITING, locked
from tests.sockets import PROTOCOL, Client, Served, connected, served, until
from tests.waiting import until_clean, until_quiet, until_waiting
from whalefall.auth import Actor, Role
from whalefall.db import Database
from whalefall.domain.states import SyncStatus
from whalefall.models.instances import Credential
from whalefall.resolvers.users import create_api_token
from whalefall.schema.build import schema
from whalefall.schema.ids import global_id
from whalefall.schema.websocket import connection, crowd
from whalefall.settings import Settings

SYSTEM = Actor.system("test")
ME = "{ me { username } }"
FOLLOW = "subscription ($id: ID!) { syncSession(id: $id) { status } }"
ADD = """mutation { createCredential(input: {name: "c", username: "u", password: "p"}) {
  credential { name } errors { code } } }"""
LONG = "{ me { username } } #" + "x" * 65536


@pytest.fixture(scope="module")
async def site(opened_database: Database, settings: Settings) -> AsyncIterator[Served]:
    async with served(opened_database, settings, schema) as site:
        yield site


@pytest.fixture
async def ada(db: Database) -> dict[str, str]:
    """Ada's bearer, as a header."""
    return {"Authorization": await bearer(db, "ada", Role.ADMIN)}


@pytest.fixture
async def client(site: Served, ada: dict[str, str]) -> AsyncIterator[Client]:
    """Ada, greeted."""
    async with connected(site.port, ada) as client:
        await client.greet()
        yield client


@pytest.fixture
async def running(db: Database) -> dict[str, str]:
    """The variables that name a session which does not end."""
    async with db.write() as session:
        row = await make_sync_session(session, status=SyncStatus.RUNNING)
    return {"id": global_id("SyncSession", row.id)}


async def bearer(db: Database, name: str, role: Role) -> str:
    async with db.write() as session:
        await make_user(session, username=name, role=role)
        return f"Bearer {await create_api_token(session, SYSTEM, name, 'test')}"


def code(message: dict[str, Any]) -> str:
    """The code of an answer with one error."""
    payload = message["payload"]
    (error,) = payload if isinstance(payload, list) else payload["errors"]
    found: str = error["extensions"]["code"]
    return found


def tasks_of_sockets(*kinds: str) -> list[str]:
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return [name for name in names if name.startswith(kinds or ("Connection.", "Feeds."))]


async def until_alone() -> None:
    """No task of a socket or a feed is left."""
    await until(lambda: not tasks_of_sockets())


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("soap", "Graphql-Transport-WS")])
async def test_another_protocol_is_refused(site: Served, protocols: tuple[str, ...]) -> None:
    async with connected(site.port, protocols=protocols) as client:
        assert await client.end() == (4406, "Subprotocol not acceptable")


async def test_among_several_protocols_ours_is_chosen(site: Served) -> None:
    async with connected(site.port, protocols=("graphql-ws", PROTOCOL)) as client:
        assert client.wire.subprotocol == PROTOCOL


async def test_who_does_not_greet_is_sent_away(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GREETING_SECONDS", 0.05)
    async with connected(site.port) as client:
        await client.say("ping")  # is no greeting
        assert await client.end() == (4408, "Connection initialisation timeout")


async def test_one_greets_once(site: Served) -> None:
    async with connected(site.port) as client:
        await client.greet({"anything": [1]})
        await client.say("connection_init")
        assert await client.end() == (4429, "Too many initialisation requests")


async def test_nothing_is_answered_before_the_greeting(site: Served) -> None:
    async with connected(site.port) as client:
        await client.ask(ME)
        assert await client.end() == (4401, "Unauthorized")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "5",
        "null",
        "[]",
        '[{"type": "ping"}]',
        "{}",
        '{"type": null}',
        '{"type": ["ping"]}',
        '{"type": "start", "id": "1"}',
        '{"type": "next", "id": "1", "payload": {}}',
        '{"type": "ping", "payload": 5}',
        '{"type": "ping", "payload": "x"}',
        '{"type": "ping", "payload": {"a": NaN}}',
        '{"type": "ping", "payload": ' + '{"a":' * 100_000 + "1" + "}" * 100_001,
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        '{"type": "subscribe", "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "' + "x" * 129 + '", "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 5}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "operationName": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "extensions": 1}}',
        b'{"type": "ping"}',
    ],
)
async def test_a_malformed_message_ends_the_connection(site: Served, message: str | bytes) -> None:
    async with connected(site.port) as client:
        await client.greet()
        await client.wire.send(message)
        assert (await client.end())[0] == 4400


async def test_a_greeting_with_a_malformed_payload_ends_the_connection(site: Served) -> None:
    async with connected(site.port) as client:
        await client.say("connection_init", payload="Bearer x")
        assert (await client.end())[0] == 4400


async def test_pings_are_answered_before_and_after_the_greeting(site: Served) -> None:
    async with connected(site.port) as client:
        await client.say("ping")
        assert await client.hear() == {"type": "pong"}
        await client.greet()
        await client.say("pong")
        await client.say("complete", id="unknown")
        await client.say("ping", payload={"at": 1})
        assert await client.hear() == {"type": "pong", "payload": {"at": 1}}


async def test_a_query_is_answered_and_completed(client: Client) -> None:
    await client.ask(ME, id="a b")
    answer, end = await client.hear(), await client.hear()

    assert (answer["type"], answer["id"]) == ("next", "a b")
    assert answer["payload"]["data"] == {"me": {"username": "ada"}}
    assert answer["payload"]["extensions"]["cost"]["requested"] > 0
    assert end == {"id": "a b", "type": "complete"}


async def test_a_mutation_by_bearer_is_done(db: Database, client: Client) -> None:
    answer = await client.answer(ADD)

    assert answer["data"]["createCredential"] == {"credential": {"name": "c"}, "errors": []}


async def test_an_id_is_free_again_after_its_end(client: Client) -> None:
    for _ in range(3):
        assert (await client.answer(ME))["data"] == {"me": {"username": "ada"}}


async def test_an_id_serves_one_operation_at_a_time(
    client: Client, running: dict[str, str]
) -> None:
    await client.ask(FOLLOW, running, id="x" * 128)
    await client.hear()
    await client.ask(ME, id="x" * 128)

    closed, reason = await client.end()
    assert closed == 4409
    assert reason.startswith("Subscriber for xxx")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"query": ""}, "BAD_USER_INPUT"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": LONG}, "QUERY_TOO_COMPLEX"),
        ({"query": ME, "operationName": "Other"}, "BAD_USER_INPUT"),
        ({"query": FOLLOW}, "BAD_USER_INPUT"),
        ({"query": FOLLOW, "variables": {"id": "\0"}}, "BAD_USER_INPUT"),
        ({"query": FOLLOW, "variables": {"id": "x"}}, "BAD_USER_INPUT"),
        ({"query": FOLLOW, "variables": {"id": global_id("Tag", 1)}}, "BAD_USER_INPUT"),
        ({"query": FOLLOW, "variables": {"id": global_id("SyncSession", 1)}}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_begin_is_an_error(
    client: Client, payload: dict[str, Any], expected: str
) -> None:
    await client.say("subscribe", id="1", payload=payload)
    error = await client.hear()

    assert (error["type"], error["id"], code(error)) == ("error", "1", expected)
    assert error["payload"][0]["extensions"].keys() >= {"retryable", "errorId", "requestId"}
    assert (await client.answer(ME))["data"] is not None  # the connection lives


async def test_strangers_may_speak_but_learn_nothing(site: Served, running: dict[str, str]) -> None:
    async with connected(site.port) as client:
        await client.greet()
        assert (await client.answer(ME))["data"] == {"me": None}
        await client.ask("{ nothing }")
        masked = await client.hear()
        await client.ask(FOLLOW, running)
        refused = await client.hear()

    assert masked["payload"][0]["message"] == "The document is not valid for this schema."
    assert (refused["type"], code(refused)) == ("error", "AUTHENTICATION_REQUIRED")


async def test_a_message_of_more_than_a_megabyte_is_not_taken(client: Client) -> None:
    await client.say("ping", payload={"x": "x" * 1024 * 1024})

    assert (await client.end())[0] == 1009


async def test_one_connection_runs_so_many_operations(
    client: Client, running: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_OPERATIONS", 2)
    for id in ("1", "2"):
        await client.ask(FOLLOW, running, id=id)
        await client.hear()

    await client.ask(ME, id="3")
    refused = await client.hear()
    await client.say("complete", id="1")

    assert (refused["type"], code(refused)) == ("error", "RATE_LIMIT_EXCEEDED")
    await until(lambda: len(tasks_of_sockets("Connection._run")) < 2)
    assert (await client.answer(ME))["data"] is not None


async def test_one_caller_runs_so_many_operations_on_all_connections(
    db: Database,
    site: Served,
    client: Client,
    ada: dict[str, str],
    running: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crowd, "MAX_OPERATIONS", 1)
    await client.ask(FOLLOW, running)
    await client.hear()

    async with connected(site.port) as second, connected(site.port) as otto:
        await second.greet(ada)
        await second.ask(ME)
        refused = await second.hear()
        await otto.greet({"Authorization": await bearer(db, "otto", Role.OPERATOR)})
        served = await otto.answer(ME)

    assert (refused["type"], code(refused)) == ("error", "RATE_LIMIT_EXCEEDED")
    assert served["data"] == {"me": {"username": "otto"}}


async def test_one_caller_has_so_many_connections(
    site: Served, ada: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MAX_CONNECTIONS", 2)
    async with AsyncExitStack() as open:
        for _ in range(2):
            client = await open.enter_async_context(connected(site.port, ada))
            await client.greet()
        by_header = await open.enter_async_context(connected(site.port, ada))
        by_greeting = await open.enter_async_context(connected(site.port))
        await by_greeting.say("connection_init", payload=ada)
        ends = [await by_header.end(), await by_greeting.end()]
    await until_alone()

    assert ends == [(1013, "RATE_LIMIT_EXCEEDED")] * 2
    async with connected(site.port, ada) as client:
        await client.greet()  # those who left have made room


async def test_strangers_are_counted_by_address(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MAX_CONNECTIONS", 1)
    async with connected(site.port) as first, connected(site.port) as second:
        await first.greet()
        assert await second.end() == (1013, "RATE_LIMIT_EXCEEDED")


async def test_an_operation_that_is_completed_says_no_more(
    client: Client, running: dict[str, str]
) -> None:
    await client.ask(FOLLOW, running)
    await client.hear()

    await client.say("complete", id="1")
    await client.say("ping")

    assert await client.hear() == {"type": "pong"}
    await until(lambda: not tasks_of_sockets("Feeds."))


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize(("query", "table"), WAITING)
async def test_the_statement_of_a_query_ends_with_its_client(
    db: Database, client: Client, query: str, table: str, gone: bool
) -> None:
    async with db.write() as session:
        await make_database(session)

    async with locked(db, table):
        await client.ask(query)
        await until_waiting(db)
        if gone:
            client.wire.transport.abort()
        else:
            await client.say("complete", id="1")
        await until_quiet(db)
    await until_clean(db)


@pytest.mark.parametrize("gone", [True, False])
async def test_a_mutation_that_has_begun_is_done_whoever_leaves(
    db: Database, client: Client, gone: bool
) -> None:
    async with locked(db, "credentials"):
        await client.ask(ADD)
        await until_waiting(db)
        if gone:
            client.wire.transport.abort()
        else:
            await client.say("complete", id="1")
            await client.say("ping")
            assert await client.hear() == {"type": "pong"}

    await until(lambda: not tasks_of_sockets("Connection._run"))
    async with db.read() as session:
        found = await session.execute(select(func.count()).select_from(Credential))
        assert found.scalar_one() == 1


async def test_a_client_that_vanishes_leaves_nothing_behind(
    db: Database, client: Client, running: dict[str, str]
) -> None:
    for number in range(20):
        await client.ask(FOLLOW, running, id=str(number))
        await client.hear()

    client.wire.transport.abort()

    await until_alone()
    await until_clean(db)
    assert db.feeds._feeds == {}


async def test_the_server_says_that_it_stops(
    opened_database: Database, settings: Settings, ada: dict[str, str], running: dict[str, str]
) -> None:
    async with (
        served(opened_database, settings, schema) as site,
        connected(site.port, ada) as client,
    ):
        await client.greet()
        await client.ask(FOLLOW, running)
        await client.hear()
        stopping = asyncio.create_task(site.stop())
        assert (await client.end())[0] == 1012
        await stopping
    await until_alone()
