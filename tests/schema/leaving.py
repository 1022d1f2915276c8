"""Statements that wait until they are cancelled, and clients that go away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from starlette.applications import Starlette
from starlette.types import Message

from tests.factories import OTTO
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.schema.build import Schema, schema
from whalefall.schema.execution import Execution
from whalefall.schema.http import GraphQLEndpoint

WAITING = [  # a query, and the table that its first or its second statement waits for
    ("{ databases { nodes { name } } }", "instance_databases"),
    ("{ databases { nodes { tableSnapshot { status } } } }", "table_snapshots"),
]


@asynccontextmanager
async def locked(db: Database, table: str) -> AsyncIterator[None]:
    """Whoever reads this table waits until the block ends, or the statement is cancelled."""
    async with db.write() as session:
        await session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


class Client:
    """Asks the endpoint one thing after another, and may go away before it is answered."""

    def __init__(
        self,
        db: Database,
        schema: Schema = schema,
        *,
        actor: Actor = OTTO,
        compiled: bool = True,
    ) -> None:
        self._actor = actor
        self._endpoint = GraphQLEndpoint(Execution(schema, compiled=compiled))
        self._app = Starlette()
        self._app.state.db = db
        self._gone = asyncio.Event()
        self._body = b""
        self.sent: list[Message] = []

    def leave(self) -> None:
        self._gone.set()

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        return await self.post(json.dumps({"query": query, "variables": variables}).encode())

    async def post(self, body: bytes) -> Any:
        self._body = body
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "headers": [(b"content-type", b"application/json")],
            "state": {"actor": self._actor, "csrf_problem": None},
            "app": self._app,
        }
        await self._endpoint(scope, self._receive, self._send)
        return json.loads(self.sent[-1]["body"])

    async def _receive(self) -> Message:
        if self._body:
            body, self._body = self._body, b""
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
