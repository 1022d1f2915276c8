"""The TLS that the embedded PostgreSQL was built without: a front that encrypts, then forwards."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from whalefall.adapters.postgresql.dialing import SSL_REQUEST

# What a server says whose pg_hba.conf has only hostssl lines; reworded as in a German one.
NEEDS_TLS = b"SFATAL\0VFATAL\0C28000\0Mkein pg_hba.conf-Eintrag, keine Verschl\xc3\xbcsselung\0\0"


class TlsFront:
    """Speaks TLS with `context` before `upstream`; counts what came, plain and encrypted."""

    def __init__(self, upstream: tuple[str, int], context: ssl.SSLContext) -> None:
        self.port = 0
        self.plain = 0
        self.encrypted = 0
        self._upstream = upstream
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            writer.close()
            self._tasks.discard(task)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
            self.plain += 1
            writer.write(b"E" + (len(NEEDS_TLS) + 4).to_bytes(4) + NEEDS_TLS)
            return
        writer.write(b"S")
        await writer.start_tls(self._context)
        self.encrypted += 1
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        directions = (_pump(reader, upstream_writer), _pump(upstream_reader, writer))
        tasks = [asyncio.create_task(direction) for direction in directions]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            upstream_writer.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def tls_front(upstream: tuple[str, int], folder: Path) -> AsyncIterator[TlsFront]:
    """A front with the certificate `server.pem` and key `server.key` of `folder`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    front = TlsFront(upstream, context)
    server = await asyncio.start_server(front.accept, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()
        await front.stop()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(16_384):
        writer.write(chunk)
        await writer.drain()
