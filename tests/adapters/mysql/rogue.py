"""A server that means ill: it speaks just enough of the protocol to lead a client astray."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pymysql.constants import CLIENT

from whalefall.adapters.base import Target
from whalefall.domain.engines import Engine

Script = Callable[["RogueServer"], Awaitable[None]]
OK = b"\x00\x00\x00\x02\x00\x00\x00"


class RogueServer:
    """One conversation, as a script leads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._sequence = 0

    def send(self, *packets: bytes) -> None:
        for packet in packets:
            length = struct.pack("<I", len(packet))[:3]
            self._writer.write(length + bytes([self._sequence % 256]) + packet)
            self._sequence += 1

    async def hear(self) -> bytes:
        header = await self._reader.readexactly(4)
        self._sequence = header[3] + 1
        return await self._reader.readexactly(int.from_bytes(header[:3], "little"))

    async def drain(self) -> None:
        await self._writer.drain()

    def greet(self, *, plugin: bytes = b"mysql_native_password") -> None:
        flags = CLIENT.CAPABILITIES & ~CLIENT.SSL
        self.send(
            b"\x0a10.11.0-MariaDB\x00"
            + struct.pack("<I8sxHBHHB10x", 7, b"saltsalt", flags & 0xFFFF, 45, 2, flags >> 16, 21)
            + b"saltsaltsalt\x00"
            + plugin
            + b"\x00"
        )

    async def sign_in(self) -> None:
        self.greet()
        await self.hear()
        self.send(OK)


@asynccontextmanager
async def rogue(script: Script) -> AsyncIterator[Target]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(RogueServer(reader, writer))
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Target(
            engine=Engine("MYSQL"),
            host="rogue.example",
            address="127.0.0.1",
            port=port,
            username="collector",
            password="planted secret",
        )
    finally:
        server.close()


def column(name: bytes) -> bytes:
    parts = b"".join(bytes([len(part)]) + part for part in (b"def", b"", b"", b"", name, name))
    return parts + b"\x0c" + struct.pack("<HIBHB2x", 45, 1, 253, 0, 0)
