"""A relay on loopback between a driver of others' making and a server.

Drivers that read their socket themselves can neither be kept from what would hurt them nor made to
let go of it. So they are led through here: what comes is looked at before they see it, and closing
the relay ends their call and the server's session, whatever they are waiting for. The price is a
copy of every byte.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

CHUNK = 64 * 1024
LONGEST_SESSION = 256 * 2**20
Look = Callable[[bytes], bool]


def everything(data: bytes) -> bool:
    """For what is encrypted: it cannot be looked at."""
    return True


class Relay:
    """One connection through loopback to a server; what does not look right cuts it."""

    host = "127.0.0.1"

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, look: Look
    ) -> None:
        self.port = 0
        self._look, self._left = look, LONGEST_SESSION
        self._reader, self._writer = reader, writer
        self._ends = [writer]  # what has to be closed
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The driver has come; whoever comes later is sent away."""
        self._ends.append(writer)
        if len(self._ends) > 2:
            writer.transport.abort()
            return
        for pump in (self._up(reader), self._down(writer)):
            self._tasks.add(asyncio.create_task(pump))

    async def close(self) -> None:
        """Cut both ends; may be asked for again."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for end in self._ends:
            end.transport.abort()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    async def _up(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                self._writer.write(data)
                await self._writer.drain()
        self._writer.close()

    async def _down(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await self._reader.read(CHUNK):
                self._left -= len(data)
                if self._left < 0 or not self._look(data):
                    break
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self._writer.transport.abort()


@contextlib.asynccontextmanager
async def relayed(address: str, port: int, look: Look) -> AsyncIterator[Relay]:
    """A relay to the server, already connected to it. Raises OSError when it is not there."""
    reader, writer = await asyncio.open_connection(address, port)
    relay = Relay(reader, writer, look)
    listening = await asyncio.start_server(relay.accept, relay.host)
    relay.port = listening.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listening.close()
        await relay.close()
