"""One short visit to a server from the web process: eight at a time, ten seconds each."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from whalefall.adapters import adapter_for
from whalefall.adapters.base import Limits, TargetSession
from whalefall.db import Database
from whalefall.errors import Code, Problem
from whalefall.resolvers.collection.records import timed_out
from whalefall.resolvers.collection.targets import Endpoint, target_of

VISIT_SECONDS = 10
VISITS_AT_ONCE = 8
OURS = (Code.SERVICE_UNAVAILABLE, Code.NOT_FOUND)
Answer = TypeVar("Answer")
_visits = asyncio.Semaphore(VISITS_AT_ONCE)


async def visit(
    db: Database, endpoint: Endpoint, ask: Callable[[TargetSession], Awaitable[Answer]]
) -> Answer | Problem:
    """What `ask` was answered, or the problem that the server made. Problems of ours are raised."""
    try:
        async with _visits, asyncio.timeout(VISIT_SECONDS):
            target = await target_of(db, endpoint)
            most = min(endpoint.limits.connect_seconds, VISIT_SECONDS - 1)
            limits = Limits(connect_seconds=most, statement_seconds=5)
            async with adapter_for(endpoint.engine).connect(target, limits) as remote:
                return await ask(remote)
    except TimeoutError:
        return timed_out(VISIT_SECONDS)
    except Problem as problem:
        if problem.problem_code in OURS:
            raise
        return problem
