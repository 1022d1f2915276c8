"""SQL written by hand behind Starlette: `/hand/NAME` and `/text/NAME`, for who brings a token.

One statement looks the token up, as WhaleFall does, and one more makes the whole answer.
"""

import base64
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.bearer import admit
from benchmarks.peers.serving import serve
from whalefall.db import SETTINGS

BENCHMARKS = Path(__file__).parent.parent
STYLES = ("hand", "text")


def main() -> None:
    """Answer on PORT from the database DATABASE_URL."""
    app = Starlette(
        routes=[
            Route("/hello", hello, methods=["POST"]),
            Route("/{style}/{name}", answer, methods=["POST"]),
        ],
        lifespan=_lifespan,
    )
    serve(app)


async def hello(_request: Request) -> Response:
    """What HTTP and the generator of the load cost without any work."""
    return Response(b'{"data":{}}', media_type="application/json")


async def answer(request: Request) -> Response:
    """The answer of one statement, for the variables in the body."""
    statement = request.app.state.statements.get(tuple(request.path_params.values()))
    if statement is None:
        return Response(status_code=404)
    variables = orjson.loads(await request.body())["variables"]
    async with request.app.state.pool.acquire() as connection:
        await admit(connection, request.headers.get("authorization", ""))
        rows = await connection.fetch(statement, *_arguments(variables))
    text = "".join(piece for row in rows for piece in row if piece is not None)
    return Response(text, media_type="application/json")


def _arguments(variables: Mapping[str, Any]) -> Iterator[Any]:
    """The values of $1, $2, …: the variables in order, a cursor as the keys that stand in it."""
    for name, value in variables.items():
        yield from READERS[name](value) if name in READERS else (value,)


def _cursor_keys(cursor: str) -> list[Any]:
    return list(json.loads(base64.b64decode(cursor))[3:])


def _row_id(global_id: str) -> tuple[int]:
    return (int(base64.b64decode(global_id).partition(b":")[2]),)


def _pattern(search: str) -> tuple[str]:
    for wildcard in ("\\", "%", "_"):
        search = search.replace(wildcard, "\\" + wildcard)
    return (f"%{search}%",)


READERS: dict[str, Callable[[str], Any]] = {
    "after": _cursor_keys,
    "id": _row_id,
    "search": _pattern,
}


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.statements = {
        (style, path.parent.name): path.read_text()
        for style in STYLES
        for path in BENCHMARKS.glob(f"*/*/{style}.sql")
    }
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=0, max_size=8, server_settings=SETTINGS
    ) as app.state.pool:
        yield


if __name__ == "__main__":
    main()
