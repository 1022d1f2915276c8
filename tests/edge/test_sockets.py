"""Who may open a socket, who they are on it, and what becomes of peers that do not play fair."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import update
from starlette.requests import HTTPConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.edge.conftest import Site
from tests.log_lines import Lines
from tests.resolvers.users.conftest import SYSTEM
from tests.sockets import Served, connected, served, until
from whalefall.auth import NOBODY
from whalefall.db import Database
from whalefall.edge import wire
from whalefall.edge.callers import Proofs
from whalefall.models.users import ApiToken
from whalefall.resolvers.users import actor_of_token, create_api_token, issue_tokens
from whalefall.schema.build import schema
from whalefall.settings import Settings
from whalefall.web.probes import REQUESTS

ME = "{ me { username csrfToken } }"
ADD = """mutation { createCredential(input: {name: "c", username: "u", password: "p"}) {
  credential { name } errors { code } } }"""
THEIRS = {"Origin": "https://evil.example"}


@pytest.fixture
async def server(db: Database, settings: Settings) -> AsyncIterator[Served]:
    async with served(db, settings, schema) as server:
        yield server


def ours(server: Served) -> dict[str, str]:
    return {"Origin": f"http://127.0.0.1:{server.port}"}


async def whom(
    server: Served, headers: Mapping[str, str], payload: Mapping[str, Any] | None = None
) -> str | None:
    """The name of the person whom a socket with these headers belongs to."""
    async with connected(server.port, headers) as client:
        await client.greet(payload)
        me = (await client.answer("{ me { username } }"))["data"]["me"]
    return me and str(me["username"])


async def refusal(server: Served, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """How a handshake is refused."""
    with pytest.raises(InvalidStatus) as refused:
        async with connected(server.port, headers):
            pass
    (error,) = json.loads(refused.value.response.body or b"")["errors"]
    return refused.value.response.status_code, error


async def test_a_cookie_counts_on_a_page_of_ours(site: Site, server: Served) -> None:
    assert await whom(server, site.cookie | ours(server)) == "ada"
    assert await whom(server, site.cookie | {"Sec-Fetch-Site": "same-origin"}) == "ada"


async def test_a_cookie_counts_on_a_page_at_our_public_address(
    site: Site, db: Database, settings: Settings
) -> None:
    public = replace(settings, public_url="https://public.example/")
    async with served(db, public, schema) as server:
        assert await whom(server, site.cookie | {"Origin": "https://public.example"}) == "ada"


async def test_a_cookie_from_nowhere_is_nobodys(site: Site, server: Served) -> None:
    assert await whom(server, site.cookie) is None


@pytest.mark.parametrize(
    "theirs", [THEIRS, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "x"}]
)
async def test_another_site_opens_no_socket(
    site: Site, server: Served, theirs: dict[str, str]
) -> None:
    for headers in (site.cookie | theirs, theirs):
        status, error = await refusal(server, headers | {"X-Request-ID": "r-7"})
        assert (status, error["extensions"]["code"]) == (403, "CSRF_INVALID")
        assert error["extensions"]["requestId"] == "r-7"


async def test_an_outdated_cookie_is_nobodys(site: Site, server: Served) -> None:
    assert await whom(server, {"Cookie": "whalefall_session=old"} | ours(server)) is None


async def test_a_bearer_comes_by_header_or_with_the_greeting(site: Site, server: Served) -> None:
    assert await whom(server, site.bearer) == "ada"
    assert await whom(server, site.bearer | THEIRS) == "ada"  # browsers cannot send that header
    assert await whom(server, {}, site.bearer) == "ada"
    assert await whom(server, {}, {"authorization": f"bearer {site.token}"}) == "ada"


async def test_an_access_token_is_a_bearer_too(site: Site, server: Served) -> None:
    tokens = await issue_tokens(site.db, site.ada)

    assert await whom(server, {}, {"Authorization": f"Bearer {tokens.access_token}"}) == "ada"


async def test_other_schemes_are_somebody_elses_business(site: Site, server: Served) -> None:
    headers = site.cookie | ours(server) | {"Authorization": "Basic eDp5"}

    assert await whom(server, headers) == "ada"


async def test_a_wrong_bearer_is_never_nobody(site: Site, server: Served) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with site.db.write() as session:
        old = await create_api_token(session, SYSTEM, "ada", "old")
        await session.execute(
            update(ApiToken).where(ApiToken.name == "old").values(expires_at=yesterday)
        )
    wrong = {"Bearer wf_x": "TOKEN_INVALID", f"Bearer {old}": "TOKEN_EXPIRED"}

    for bearer, code in wrong.items():
        status, error = await refusal(server, {"Authorization": bearer})
        assert (status, error["extensions"]["code"]) == (401, code)
    for given in (*wrong, "Basic eDp5", "ä", 5, {"a": 1}):
        async with connected(server.port, site.cookie | ours(server)) as client:
            await client.say("connection_init", payload={"Authorization": given})
            assert await client.end() == (4403, wrong.get(str(given), "TOKEN_INVALID"))


async def test_a_bearer_wins_over_the_cookie(site: Site, server: Served) -> None:
    async with connected(server.port, site.cookie | ours(server)) as client:
        await client.greet(site.bearer)
        me = (await client.answer(ME))["data"]["me"]
        refused = await client.answer(ADD)

    assert me == {"username": "ada", "csrfToken": None}
    assert code(refused) == "PERMISSION_REQUIRED"  # the token may only view


async def test_writing_by_cookie_needs_the_csrf_token(site: Site, server: Served) -> None:
    async def write(payload: Mapping[str, Any] | None) -> Any:
        async with connected(server.port, site.cookie | ours(server)) as client:
            await client.greet(payload)
            assert (await client.answer(ME))["data"]["me"]["csrfToken"] == site.ada.csrf_token
            return await client.answer(ADD)

    assert code(await write(None)) == "CSRF_MISSING"
    assert code(await write({"X-CSRFToken": "x"})) == "CSRF_INVALID"
    done = await write({"x-csrftoken": site.ada.csrf_token})
    assert done["data"]["createCredential"]["errors"] == []


async def test_signing_in_needs_a_page_of_ours(site: Site, server: Served) -> None:
    sign_in = """mutation { login(input: {username: "ada", password: "wrong"}) {
      errors { code } } }"""

    async with connected(server.port) as client:
        await client.greet()
        from_nowhere = await client.answer(sign_in)
    async with connected(server.port, ours(server)) as client:
        await client.greet()
        from_us = await client.answer(sign_in)

    assert code(from_nowhere) == "CSRF_MISSING"
    assert from_us["data"]["login"]["errors"] == [{"code": "INVALID_CREDENTIALS"}]


async def test_a_socket_has_a_request_id(site: Site, server: Served) -> None:
    async with connected(server.port, {"X-Request-ID": "r-9"}) as client:
        await client.greet()
        await client.ask("{")
        (error,) = (await client.hear())["payload"]

    assert error["extensions"]["requestId"] == "r-9"


async def test_there_is_no_socket_elsewhere(site: Site, server: Served) -> None:
    for path in ("/", "/databases/ledgers", "/graphql/schema.graphql"):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(server.port, path=path):
                pass
        assert refused.value.response.status_code == 403


async def test_the_log_tells_of_sockets_and_holds_no_secret(
    site: Site, server: Served, lines: Lines
) -> None:
    before = REQUESTS[101]
    async with connected(server.port, path=f"/graphql?token={site.token}") as client:
        await client.greet(site.bearer)
        await client.say("subscribe")
        await client.end()
    await gone(server)

    written = lines()
    (closed,) = [line for line in written if line["event"] == "socket.closed"]
    assert (closed["status"], closed["close_code"], closed["address"]) == (101, 4400, "127.0.0.1")
    assert site.token not in json.dumps(written)
    assert not [line for line in written if line["module"] == "uvicorn"]
    assert REQUESTS[101] == before + 1


async def test_sockets_of_one_caller_share_their_look_ups(site: Site) -> None:
    looked_up = 0

    async def identify(asked: HTTPConnection) -> bool:
        nonlocal looked_up
        looked_up += 1
        asked.state.actor = await actor_of_token(site.db, site.token)
        return True

    headers = ((b"authorization", b"Bearer x"),)
    proofs = Proofs(identify)
    sockets = [proofs.of(headers, {"app": None}) for _ in range(50)]
    actors = await asyncio.gather(*(proof.confirmed(within=2) for proof in sockets))
    fresh = await asyncio.gather(*(proof.confirmed(within=0) for proof in sockets))

    assert {actor.name for actor in (*actors, *fresh)} == {"ada"}
    # Once for all; then for the first who wanted it anew, and for all who came after that began.
    assert looked_up == 3


async def test_proofs_are_forgotten_with_their_sockets(site: Site, server: Served) -> None:
    async def identify(asked: HTTPConnection) -> bool:
        asked.state.actor = NOBODY
        return False

    proofs = Proofs(identify)
    proof = proofs.of((), {"app": None})
    assert len(proofs._open) == 1
    del proof

    assert len(proofs._open) == 0


@pytest.mark.parametrize("size", [100, 500_000])
async def test_who_does_not_read_is_not_read_and_dropped(
    site: Site, server: Served, lines: Lines, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(wire, "STUCK_SECONDS", 0.5)
    payload = {"x": "x" * size}
    async with connected(server.port, site.bearer) as client:
        await client.greet()
        client.wire.transport.pause_reading()
        with pytest.raises((ConnectionClosed, OSError)):
            async with asyncio.timeout(20):
                while True:
                    await client.say("ping", payload=payload)
        await gone(server)

    (stuck,) = [line for line in lines() if line["event"] == "socket.stuck"]
    assert 0 < stuck["waiting_bytes"] < size + 1000  # one answer at the most


async def test_pings_of_who_does_not_read_fill_no_memory(
    site: Site, server: Served, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "STUCK_SECONDS", 0.5)
    async with connected(server.port, site.bearer) as client:
        await client.greet()
        client.wire.transport.pause_reading()
        with pytest.raises((ConnectionClosed, OSError)):
            async with asyncio.timeout(20):
                for number in count():
                    await client.wire.ping(f"{number:0100}")
        await gone(server)

    (stuck,) = [line for line in lines() if line["event"] == "socket.stuck"]
    assert 0 < stuck["waiting_bytes"] < 512 * 1024  # what one reading from the network may bring


async def test_a_message_of_endless_fragments_is_not_taken(site: Site, server: Served) -> None:
    async with connected(server.port, site.bearer) as client:
        await client.greet()

        with pytest.raises(ConnectionClosed) as closed:
            await client.wire.send(["", *[""] * 2000])
            await client.wire.recv()

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def gone(server: Served) -> None:
    """Until the server holds no connection and no task of one."""
    state = server.server.server_state
    await until(lambda: not state.connections and not state.tasks)


def code(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    found: str = error["extensions"]["code"]
    return found
