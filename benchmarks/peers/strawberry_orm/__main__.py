"""Answers on PORT from the database DATABASE_URL."""

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import strawberry
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from benchmarks.peers.bearer import admit
from benchmarks.peers.serving import serve
from benchmarks.peers.strawberry_orm import loading
from benchmarks.peers.strawberry_orm.types import (
    Connection,
    Database,
    Info,
    Instance,
    write_moment,
)
from whalefall.domain.sizes import Bytes, Count

SETTINGS = {"timezone": "UTC", "jit": "off"}
BIG_INT = strawberry.scalar(name="BigInt", serialize=int, parse_value=int)
SCALARS: dict[object, ScalarDefinition] = {
    Bytes: BIG_INT,
    Count: BIG_INT,
    datetime: strawberry.scalar(name="DateTime", serialize=write_moment),
}


@strawberry.input
class DatabaseFilter:
    search: str | None = None


@strawberry.type
class Query:
    @strawberry.field
    async def instances(self, info: Info, first: int = 50) -> Connection[Instance]:
        return await loading.list_instances(info.context, first)

    @strawberry.field
    async def databases(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        filter: DatabaseFilter | None = None,
    ) -> Connection[Database]:
        keys = None if after is None else json.loads(base64.b64decode(after))[3:]
        search = filter.search if filter else None
        return await loading.list_databases(info.context, first, keys, search)

    @strawberry.field
    async def database(self, info: Info, id: strawberry.ID) -> Database | None:
        return await loading.get_database(info.context, int(base64.b64decode(id).split(b":")[1]))


class Endpoint(GraphQL[loading.Context, None]):
    """Looks the token up, then makes the request's loaders."""

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> loading.Context:
        state = request.app.state
        async with state.pool.acquire() as connection:
            await admit(connection, request.headers.get("authorization", ""))
        return loading.Context(state.engine)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    url = os.environ["DATABASE_URL"]
    app.state.engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://"),
        pool_size=8,
        max_overflow=0,
        connect_args={"server_settings": SETTINGS},
    )
    async with asyncpg.create_pool(
        url, min_size=0, max_size=8, server_settings=SETTINGS
    ) as app.state.pool:
        yield
    await app.state.engine.dispose()


def main() -> None:
    schema = strawberry.Schema(
        Query,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[lambda: ParserCache(100), lambda: ValidationCache(100)],
    )
    endpoint: Any = Endpoint(schema)
    app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=_lifespan)
    serve(app)


if __name__ == "__main__":
    main()
