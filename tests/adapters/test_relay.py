"""A relay that nobody else can use, and that lets go when it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from whalefall.adapters import relay as module
from whalefall.adapters.relay import everything, relayed


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1")
    async with server:
        yield server.sockets[0].getsockname()[1]


async def leave(*ends: asyncio.StreamWriter) -> None:
    for end in ends:
        end.close()
        with contextlib.suppress(OSError):
            await end.wait_closed()


async def test_it_takes_one_connection_only() -> None:
    async with echoing() as port, relayed("127.0.0.1", port, everything) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(b"first")
        assert await reader.readexactly(5) == b"first"
        second, other = await asyncio.open_connection(relay.host, relay.port)
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            other.write(b"second")
            await second.readexactly(1)
        await leave(writer, other)


async def test_what_does_not_look_right_cuts_it() -> None:
    async with (
        echoing() as port,
        relayed("127.0.0.1", port, lambda data: b"evil" not in data) as relay,
    ):
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(b"evil")
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        await leave(writer)


async def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SESSION", 10)
    async with echoing() as port, relayed("127.0.0.1", port, everything) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(b"0123456789ab")
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(12)
        await leave(writer)


async def test_closing_it_ends_whoever_waits() -> None:
    async with echoing() as port, relayed("127.0.0.1", port, everything) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(b"x")
        await reader.readexactly(1)
        await relay.close()
        with pytest.raises((OSError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        await leave(writer)


async def test_a_server_that_is_not_there_is_an_error_at_once() -> None:
    async with echoing() as port:
        pass
    with pytest.raises(OSError, match="Connect"):
        async with relayed("127.0.0.1", port, everything):
            pass
