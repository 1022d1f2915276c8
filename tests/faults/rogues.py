"""Servers that mean ill, behind the proxy: they let everybody in and answer as they like."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

from tests.adapters.mysql.rogue import RogueServer, column, rogue
from whalefall.adapters.postgresql.dialing import SSL_REQUEST

ROW = b"\xfd" + struct.pack("<I", 60_000)[:3] + b"x" * 60_000
END_OF_COLUMNS = b"\xfe\x00\x00\x02\x00"
LOCAL_INFILE = b"\xfb/etc/passwd"
WELCOME = (
    b"R"
    + struct.pack("!ii", 8, 0)
    + b"S"
    + struct.pack("!i", 24)
    + b"server_version\x0018.6\0"
    + b"Z"
    + struct.pack("!i", 5)
    + b"I"
)
NOTICE = b"N" + struct.pack("!i", 65_004) + b"M" + b"x" * 64_998 + b"\0"


@contextlib.asynccontextmanager
async def endless_mysql() -> AsyncIterator[int]:
    """The port of a MySQL whose rows have no end."""

    async def answer(server: RogueServer) -> None:
        await server.sign_in()
        await server.hear()
        server.send(b"\x01", column(b"one"), END_OF_COLUMNS)
        while True:
            server.send(ROW)
            await server.drain()

    async with rogue(answer) as target:
        yield target.port


@contextlib.asynccontextmanager
async def thief() -> AsyncIterator[int]:
    """The port of a MySQL that asks for a file of the client's instead of answering."""
    heard: list[bytes] = []

    async def answer(server: RogueServer) -> None:
        await server.sign_in()
        await server.hear()
        server.send(LOCAL_INFILE)
        while True:
            heard.append(await server.hear())

    async with rogue(answer) as target:
        yield target.port
    assert not any(b"root:" in packet for packet in heard)


@contextlib.asynccontextmanager
async def endless_postgresql() -> AsyncIterator[int]:
    """The port of a PostgreSQL that answers the first statement for ever."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            if await reader.read(1024) == SSL_REQUEST:
                writer.write(b"N")
                await reader.read(1024)
            writer.write(WELCOME)
            while await reader.read(1024) and not writer.is_closing():
                while True:
                    writer.write(NOTICE)
                    await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
