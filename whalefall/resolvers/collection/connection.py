"""One short connection, to learn whether an instance answers; runs in the web process."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from whalefall.adapters import adapter_for
from whalefall.adapters.base import Limits
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.domain.facts import ServerFact
from whalefall.errors import Code, Problem, said
from whalefall.resolvers.collection.records import remember, timed_out
from whalefall.resolvers.collection.targets import Endpoint, endpoint_of, target_of

TEST_SECONDS = 10
TESTS_AT_ONCE = 8
OURS = (Code.SERVICE_UNAVAILABLE, Code.NOT_FOUND)
_tests = asyncio.Semaphore(TESTS_AT_ONCE)


@dataclass(frozen=True, kw_only=True)
class ConnectionOutcome:
    """What a connection test says. `code` is null when it went well."""

    ok: bool
    code: Code | None
    message: str
    hint: str | None
    version: str | None
    latency_ms: int | None
    checked_at: datetime


async def test_instance(db: Database, actor: Actor, instance_id: int) -> ConnectionOutcome:
    """Connect to an instance once, and remember how it went."""
    actor.require(Permission.EXECUTE)
    async with db.read() as session:
        endpoint = await endpoint_of(session, instance_id)
    outcome, server = await _try(db, endpoint)
    async with db.write() as session:
        await remember(session, instance_id, server, outcome.code)
    return outcome


async def test_connection(db: Database, actor: Actor, endpoint: Endpoint) -> ConnectionOutcome:
    """Connect to what is not an instance yet. Needs the right to create: it dials any host."""
    actor.require(Permission.CREATE)
    outcome, _ = await _try(db, endpoint)
    return outcome


async def _try(db: Database, endpoint: Endpoint) -> tuple[ConnectionOutcome, ServerFact | None]:
    """One short connection. What goes wrong is the answer, not an exception."""
    now = datetime.now(UTC)
    try:
        async with _tests, asyncio.timeout(TEST_SECONDS):
            target = await target_of(db, endpoint)
            limits = Limits(connect_seconds=TEST_SECONDS - 1, statement_seconds=5)
            async with adapter_for(endpoint.engine).connect(target, limits) as remote:
                server = remote.server
    except TimeoutError:
        problem: Problem = timed_out(TEST_SECONDS)
    except Problem as raised:
        if raised.problem_code in OURS:
            raise
        problem = raised
    else:
        return ConnectionOutcome(
            ok=True,
            code=None,
            message=said("Connected to %(version)s.", version=server.version),
            hint=None,
            version=server.version,
            latency_ms=server.latency_ms,
            checked_at=now,
        ), server
    return ConnectionOutcome(
        ok=False,
        code=problem.problem_code,
        message=problem.message,
        hint=problem.hint,
        version=None,
        latency_ms=None,
        checked_at=now,
    ), None
