"""The composition root: settings become a database, a broker and the routes of both doors."""

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from whalefall import logs
from whalefall.db import Database
from whalefall.edge import Edge
from whalefall.edge.wire import WEBSOCKETS
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.logs import saving_logs
from whalefall.schema.build import make_schema
from whalefall.schema.http import graphql_routes
from whalefall.settings import Settings
from whalefall.web import routes as web_routes
from whalefall.web.problems import EXCEPTION_HANDLERS

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h


def create_app(settings: Settings) -> Starlette:
    """The web application. Its database opens with the lifespan, at `app.state.db`."""
    broker = make_broker(settings.redis_url)

    async def send_job(job: Job) -> None:
        await asyncio.to_thread(send, broker, job)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        db = Database.of(settings, send=send_job)
        await db.open()
        app.state.db = db
        async with saving_logs(db):
            yield
        await db.close()
        broker.close()

    app = Starlette(
        routes=routes(),
        lifespan=lifespan,
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Middleware(Edge, settings=settings)],
    )
    app.state.settings, app.state.broker = settings, broker
    return app


def routes() -> list[BaseRoute]:
    """Everything that answers: GraphQL, pages, files and probes."""
    return [*graphql_routes(make_schema()), *web_routes()]


def serve(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT."""
    logs.configure(settings)
    _keep_freed_memory()
    app = create_app(settings)
    gc.collect()
    gc.freeze()  # what is loaded now stays: walking it again would cost some request 150 ms
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,  # longer than proxies keep theirs, so they never meet a closed one
        **WEBSOCKETS,
    )


def _keep_freed_memory() -> None:
    """Have glibc keep up to 64 MB of freed memory instead of giving it back at once.

    Getting it again, page by page, took half of the processor's time of an answer of a megabyte.
    Other C libraries are left as they are.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024)
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024)
