"""A real server on loopback, and a client that speaks graphql-transport-ws, message by message."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from whalefall.db import Database
from whalefall.edge import Edge
from whalefall.edge.wire import WEBSOCKETS
from whalefall.schema.build import Schema
from whalefall.schema.http import graphql_routes
from whalefall.settings import Settings

PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 20


class _Server(uvicorn.Server):
    """Says when it is up, and leaves the signals to the tests."""

    up: asyncio.Event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A server that runs, and its way to be stopped."""

    port: int
    server: uvicorn.Server
    running: asyncio.Task[None]

    async def stop(self) -> None:
        self.server.should_exit = True
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.shield(self.running)


@asynccontextmanager
async def served(db: Database, settings: Settings, schema: Schema) -> AsyncIterator[Served]:
    """The GraphQL door behind the edge, on a port of its own."""
    app = Starlette(routes=graphql_routes(schema), middleware=[Middleware(Edge, settings=settings)])
    app.state.db, app.state.settings = db, settings
    async with serving(app) as site:
        yield site


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[Served]:
    """An application whose database is open, on a port of its own."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, **WEBSOCKETS)
    server = _Server(config)
    server.up = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await server.up.wait()
        site = Served(listening.getsockname()[1], server, running)
        try:
            yield site
        finally:
            await site.stop()


async def until(holds: Callable[[], bool]) -> None:
    """Give the tasks of the server time until it holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


@dataclass
class Client:
    """One connection to the door."""

    wire: ClientConnection

    async def say(self, kind: str, **message: Any) -> None:
        await self.wire.send(json.dumps({"type": kind, **message}))

    async def hear(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: dict[str, Any] = json.loads(await self.wire.recv())
        return message

    async def greet(self, payload: Mapping[str, Any] | None = None) -> None:
        """Begin; fails unless the server agrees."""
        await self.say("connection_init", **({} if payload is None else {"payload": payload}))
        assert await self.hear() == {"type": "connection_ack"}

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, *, id: str = "1"
    ) -> None:
        await self.say("subscribe", id=id, payload={"query": query, "variables": variables})

    async def answer(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The one answer to a query or mutation."""
        await self.ask(query, variables)
        answer = await self.hear()
        if answer["type"] == "next":
            assert await self.hear() == {"id": "1", "type": "complete"}
        return answer["payload"]

    async def end(self) -> tuple[int, str]:
        """The code and reason with which the server closes; what it says before is skipped."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with suppress(ConnectionClosed):
                while True:
                    await self.wire.recv()
        return self.wire.close_code or 0, self.wire.close_reason or ""


@asynccontextmanager
async def connected(
    port: int,
    headers: Mapping[str, str] | None = None,
    *,
    protocols: tuple[str, ...] = (PROTOCOL,),
    path: str = "/graphql",
) -> AsyncIterator[Client]:
    """A client, with headers beside those of every handshake."""
    async with connect(
        f"ws://127.0.0.1:{port}{path}",
        subprotocols=[Subprotocol(name) for name in protocols] or None,
        additional_headers=headers,
        compression=None,
        proxy=None,
        ping_interval=None,
    ) as wire:
        yield Client(wire)
