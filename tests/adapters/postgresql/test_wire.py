"""How a connection is protected: TLS as asked, and against servers that mean ill."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.adapters.certificates import Authority
from tests.adapters.contract import QUICK, until
from tests.adapters.postgresql.server import PostgreSQLServer
from tests.adapters.postgresql.tls_front import TlsFront, tls_front
from whalefall.adapters.base import Target
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.adapters.postgresql.guard import GuardedProtocol
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Code, TargetProblem

ADAPTER = PostgreSQLAdapter()
AUTHORITY, STRANGER = Authority("ours"), Authority("theirs")
NAME = "db.example"


@pytest.fixture
async def front(
    server: PostgreSQLServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TlsFront]:
    folder = tmp_path_factory.mktemp("tls")
    AUTHORITY.sign(folder, NAME, "127.0.0.1")
    target = server.target()
    async with tls_front((target.address, target.port), folder) as front:
        yield front


def through(front: TlsFront, server: PostgreSQLServer, tls: Tls, host: str = NAME) -> Target:
    return replace(server.target(), host=host, port=front.port, tls=tls)


async def enter(target: Target) -> None:
    async with ADAPTER.connect(target, QUICK) as session:
        await session.inventory()


async def refusal(target: Target) -> Code:
    with pytest.raises(TargetProblem) as caught:
        await enter(target)
    return caught.value.problem_code


# TLS


@pytest.mark.parametrize(
    ("tls", "host"),
    [
        (Tls(mode=TlsMode.PREFER), NAME),
        (Tls(mode=TlsMode.REQUIRE), "another.example"),
        (Tls(mode=TlsMode.VERIFY_CA, ca_pem=AUTHORITY.pem), "another.example"),
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem), NAME),
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem), "127.0.0.1"),
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem, server_name=NAME), "10.9.8.7"),
    ],
)
async def test_session_is_encrypted(
    server: PostgreSQLServer, front: TlsFront, tls: Tls, host: str
) -> None:
    await enter(through(front, server, tls, host))

    assert (front.encrypted, front.plain) == (1, 0)


@pytest.mark.parametrize(
    ("tls", "host"),
    [
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem), "another.example"),
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem, server_name="other.example"), NAME),
        (Tls(mode=TlsMode.VERIFY_FULL, ca_pem=STRANGER.pem), NAME),
        (Tls(mode=TlsMode.VERIFY_CA, ca_pem=STRANGER.pem), NAME),
        (Tls(mode=TlsMode.VERIFY_CA), NAME),
        (Tls(mode=TlsMode.VERIFY_CA, ca_pem="no certificate"), NAME),
    ],
)
async def test_certificate_that_does_not_fit_is_refused(
    server: PostgreSQLServer, front: TlsFront, tls: Tls, host: str
) -> None:
    assert await refusal(through(front, server, tls, host)) is Code.TLS_ERROR
    assert front.plain == 0


@pytest.mark.parametrize("mode", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
async def test_server_without_tls_is_refused_where_tls_is_required(
    server: PostgreSQLServer, mode: TlsMode
) -> None:
    assert await refusal(replace(server.target(), tls=Tls(mode=mode))) is Code.TLS_ERROR


@pytest.mark.parametrize("mode", [TlsMode.DISABLE, TlsMode.PREFER])
async def test_server_without_tls_is_entered_where_tls_is_not_required(
    server: PostgreSQLServer, mode: TlsMode
) -> None:
    await enter(replace(server.target(), tls=Tls(mode=mode)))


async def test_server_that_needs_tls_says_so_in_any_language(
    server: PostgreSQLServer, front: TlsFront
) -> None:
    code = await refusal(through(front, server, Tls(mode=TlsMode.DISABLE)))

    assert code is Code.TLS_ERROR


async def test_wrong_password_under_tls_is_not_repeated_in_plain_text(
    server: PostgreSQLServer, front: TlsFront
) -> None:
    target = replace(through(front, server, Tls(mode=TlsMode.PREFER)), password="not the secret")

    assert await refusal(target) is Code.AUTH_FAILED
    assert (front.encrypted, front.plain) == (1, 0)


async def test_cancelling_stops_the_statement_under_verified_tls(
    server: PostgreSQLServer, front: TlsFront
) -> None:
    tls = Tls(mode=TlsMode.VERIFY_FULL, ca_pem=AUTHORITY.pem)

    async def wait_on_the_server() -> None:
        async with ADAPTER.connect(through(front, server, tls), QUICK) as session:
            await session.fetch("SELECT pg_sleep(60)")

    async def is_running() -> bool:
        return await server.running() == 1

    async def is_gone() -> bool:
        return await server.sessions() == 0

    waiting = asyncio.create_task(wait_on_the_server())
    await until(is_running)
    waiting.cancel()
    await asyncio.wait([waiting])

    await until(is_gone, seconds=2)
    assert front.encrypted == 2


# Servers that mean ill

AUTHENTICATED = b"R" + struct.pack("!ii", 8, 0)
VERSION = b"S" + struct.pack("!i", 24) + b"server_version\x0018.6\0"
READY = b"Z" + struct.pack("!i", 5) + b"I"
NOTICE = b"N" + struct.pack("!i", 1004) + b"M" + b"x" * 998 + b"\0"
Answers = Callable[[], AsyncIterator[bytes]]


@asynccontextmanager
async def rogue(
    answers: Answers, target: Target, greeting: bytes = VERSION
) -> AsyncIterator[Target]:
    """A server that lets everybody in, waits for a statement and answers as it likes."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1024)
            writer.write(AUTHENTICATED + greeting + READY)
            await reader.read(1024)
            async for answer in answers():
                writer.write(answer)
                await writer.drain()
            await reader.read()
        except OSError:
            pass  # hung up on, which is the point
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield replace(target, port=port, tls=Tls(mode=TlsMode.DISABLE))
    finally:
        server.close()


async def forever() -> AsyncIterator[bytes]:
    while True:
        yield NOTICE


@pytest.mark.parametrize("length", [0, 3, -1, -(2**31), 2**31 - 1])
@pytest.mark.parametrize("kind", [b"D", b"N", b"T", b"Z", b"\0"])
async def test_message_of_impossible_length_ends_the_connection(
    server: PostgreSQLServer, kind: bytes, length: int
) -> None:
    async def answers() -> AsyncIterator[bytes]:
        yield kind + struct.pack("!i", length) + b"\0" * 64

    async with rogue(answers, server.target()) as target:
        assert await refusal(target) is Code.DATABASE_CONNECTION_ERROR


@pytest.mark.parametrize("greeting", [b"", VERSION.replace(b"18.6", b"beta")])
async def test_server_without_a_version_is_taken_for_a_stranger(
    server: PostgreSQLServer, greeting: bytes
) -> None:
    async with rogue(forever, server.target(), greeting) as target:
        assert await refusal(target) is Code.DATABASE_CONNECTION_ERROR


async def test_header_torn_over_packets_is_checked_too(server: PostgreSQLServer) -> None:
    async def answers() -> AsyncIterator[bytes]:
        for byte in NOTICE + b"N" + struct.pack("!i", 2):
            yield bytes([byte])

    async with rogue(answers, server.target()) as target:
        assert await refusal(target) is Code.DATABASE_CONNECTION_ERROR


async def test_answer_without_end_is_cut_off(
    server: PostgreSQLServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GuardedProtocol, "_bytes_left", 2**20)
    started = time.monotonic()

    async with rogue(forever, server.target()) as target:
        code = await refusal(target)

    assert code is Code.DATABASE_CONNECTION_ERROR
    assert time.monotonic() - started < QUICK.connect_seconds
