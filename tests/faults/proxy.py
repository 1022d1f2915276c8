"""A TCP proxy that hurts: it stands between a client and a server on loopback and misbehaves."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from enum import StrEnum

CHUNK_BYTES = 16_384
SLICE_BYTES = 7
RATE_PIECE_BYTES = 256
COMMITS = 15  # the last of so many has its answer cut off


class Fault(StrEnum):
    """What the proxy does. CUTTING faults count the server's bytes from the moment they are set;
    BLACKHOLE and LATENCY also take hold of connections that are already open."""

    PASS = "pass"
    REFUSE = "refuse"  # nothing listens
    BLACKHOLE = "blackhole"  # accepts, then never says anything
    ACCEPT_CLOSE = "accept_close"
    RESET = "reset"
    BANNER = "banner"  # speaks another protocol
    LIMIT = "limit"  # resets the connection after so many bytes
    FIN = "fin"  # ends it politely after so many bytes
    STALL = "stall"  # freezes after so many bytes, the socket stays open
    CORRUPT = "corrupt"  # turns over all bytes after so many
    GARBLE = "garble"  # spoils the first letter of a word in answers
    LATENCY = "latency"  # delays every chunk, both ways
    RATE = "rate"  # lets so many bytes of an answer pass in a second
    SLICE = "slice"  # tears answers into crumbs
    EVERY = "every"  # resets every second connection, and the next one first
    COMMIT = "commit"  # now and then ends a connection when a COMMIT went by, before its answer


CUTTING = (Fault.LIMIT, Fault.FIN, Fault.STALL, Fault.CORRUPT)


class FaultProxy:
    """Forwards `127.0.0.1:port` to a server; `connections` counts what was accepted.

    `most_at_once` of them were open together. `answered_bytes` came from the server, and
    `questions` says how many had come whenever the client spoke.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.count_anew()
        self._upstream = (host, port)
        self._fault = Fault.PASS
        self._bytes_left = 0
        self._seconds = 0.0
        self._rate = 0
        self._turn = 0
        self._banner = self._word = b""
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    def count_anew(self) -> None:
        self.connections = self.most_at_once = self.answered_bytes = 0
        self.questions: list[int] = []

    def lead_to(self, host: str, port: int) -> None:
        """Forward to another server from now on."""
        self._upstream = (host, port)

    async def set(
        self,
        fault: Fault,
        *,
        after_bytes: int = 0,
        seconds: float = 0.0,
        banner: bytes = b"",
        rate: int = 0,
        word: bytes = b"",
    ) -> None:
        """Misbehave in this way from now on."""
        self._bytes_left, self._seconds, self._banner = after_bytes, seconds, banner
        self._rate, self._turn, self._word = rate, 0, word
        self._fault = fault
        if fault is Fault.REFUSE:
            await self._stop_listening()
        elif self._server is None:
            await self.start()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        await self._stop_listening()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        self.most_at_once = max(self.most_at_once, len(self._open))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            match self._fault:
                case Fault.ACCEPT_CLOSE:
                    return
                case Fault.RESET:
                    _reset_on_close(writer)
                case Fault.EVERY if self._is_its_turn():
                    _reset_on_close(writer)
                case Fault.BANNER:
                    writer.write(self._banner)
                    await _drain_until_closed(reader)
                case Fault.BLACKHOLE:
                    await _drain_until_closed(reader)
                case _:
                    await self._forward(reader, writer)
        except OSError:
            _reset_on_close(writer)
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        directions = [
            asyncio.create_task(self._pump(reader, upstream_writer)),
            asyncio.create_task(self._pump_answer(upstream_reader, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            upstream_writer.close()
            await asyncio.gather(*directions, return_exceptions=True)

    def _is_its_turn(self) -> bool:
        self._turn += 1
        return self._turn % 2 == 1

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            self.questions.append(self.answered_bytes)
            await self._delay()
            if self._fault is not Fault.BLACKHOLE:
                writer.write(chunk)
                await writer.drain()
            if self._fault is Fault.COMMIT and b"COMMIT" in chunk:
                self._turn += 1
                if self._turn % COMMITS == 0:
                    return

    async def _pump_answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._delay()
            self.answered_bytes += len(chunk)
            if self._fault is Fault.BLACKHOLE:
                continue
            if self._fault is Fault.GARBLE:
                chunk = chunk.replace(self._word, b"?" + self._word[1:])
            if self._fault not in CUTTING:
                await self._send(writer, chunk)
                continue
            allowed = chunk[: self._bytes_left]
            self._bytes_left -= len(allowed)
            await self._send(writer, allowed)
            if len(allowed) == len(chunk):
                continue
            if self._fault is Fault.CORRUPT:
                await self._send(writer, bytes(byte ^ 0xFF for byte in chunk[len(allowed) :]))
                continue
            if self._fault is Fault.LIMIT:
                _reset_on_close(writer)
            if self._fault is Fault.STALL:
                await _drain_until_closed(reader)
            return

    async def _send(self, writer: asyncio.StreamWriter, chunk: bytes) -> None:
        pieces = {Fault.SLICE: SLICE_BYTES, Fault.RATE: RATE_PIECE_BYTES}
        size = pieces.get(self._fault, CHUNK_BYTES)
        for start in range(0, len(chunk), size):
            writer.write(chunk[start : start + size])
            await writer.drain()
            await asyncio.sleep(size / self._rate if self._fault is Fault.RATE else 0)

    async def _delay(self) -> None:
        if self._fault is Fault.LATENCY:
            await asyncio.sleep(self._seconds)


@contextlib.asynccontextmanager
async def fault_proxy(host: str, port: int) -> AsyncIterator[FaultProxy]:
    """A proxy in front of `host:port` that forwards until told otherwise."""
    proxy = FaultProxy(host, port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


async def _drain_until_closed(reader: asyncio.StreamReader) -> None:
    while await reader.read(CHUNK_BYTES):
        pass


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
