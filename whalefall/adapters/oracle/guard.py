"""What keeps a foreign or hostile server from hurting the process that talks to it.

The driver believes a packet's length: one below that of its own header sends its reader into an
endless loop which blocks the whole process, and it would follow a listener's redirection to any
address. So it is led through a relay of ours on loopback that looks at every packet's header. The
price is a copy of every byte; encrypted ones cannot be looked at, and only pass.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

HEADER_BYTES = 8
LONGEST_PACKET = 2 * 2**20
LONGEST_SESSION = 256 * 2**20
ACCEPT, REDIRECT, HIGHEST_TYPE = 2, 5, 19
WIDE_SINCE = 315  # the protocol's version from which lengths have four bytes
CHUNK = 64 * 1024


class Frames:
    """Follows a server's packets through the stream, however it is cut."""

    def __init__(self) -> None:
        self.redirects = False
        self._left = LONGEST_SESSION
        self._skip = 0  # bytes of the current packet that are still to come
        self._torn = b""
        self._is_wide = False

    def are_sound(self, data: bytes) -> bool:
        """Whether what came so far may be given to the driver."""
        self._left -= len(data)
        data, at = self._torn + data, self._skip
        while at + HEADER_BYTES + 2 <= len(data):
            length = struct.unpack_from(">I" if self._is_wide else ">H", data, at)[0]
            kind = data[at + 4]
            if not HEADER_BYTES <= length <= LONGEST_PACKET or not 0 < kind <= HIGHEST_TYPE:
                return False
            if kind == REDIRECT:
                self.redirects = True
                return False
            if kind == ACCEPT and length >= HEADER_BYTES + 2:
                self._is_wide = struct.unpack_from(">H", data, at + 8)[0] >= WIDE_SINCE
            at += length
        self._torn = data[at:]
        self._skip = max(0, at - len(data))
        return self._left >= 0


class Relay:
    """One connection through loopback to a server; `looks` at what comes unless it is encrypted."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, looks: bool
    ) -> None:
        self.port = 0
        self.frames = Frames()
        self._looks = looks
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
                if self._looks and not self.frames.are_sound(data):
                    break
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self._writer.transport.abort()


@contextlib.asynccontextmanager
async def relayed(address: str, port: int, *, looks: bool) -> AsyncIterator[Relay]:
    """A relay to the server, already connected to it. Raises OSError when it is not there."""
    reader, writer = await asyncio.open_connection(address, port)
    relay = Relay(reader, writer, looks=looks)
    listening = await asyncio.start_server(relay.accept, "127.0.0.1")
    relay.port = listening.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listening.close()
        await relay.close()
