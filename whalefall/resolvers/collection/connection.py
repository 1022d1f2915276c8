"""One short connection, to learn whether an instance answers; runs in the web process."""

from dataclasses import dataclass
from datetime import UTC, datetime

from whalefall.adapters.base import TargetSession
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.domain.facts import ServerFact
from whalefall.errors import Code, Problem, said
from whalefall.resolvers.collection.records import remember
from whalefall.resolvers.collection.targets import Endpoint, endpoint_of
from whalefall.resolvers.collection.visits import visit


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
    found = await visit(db, endpoint, _introduce)
    if isinstance(found, Problem):
        outcome = ConnectionOutcome(
            ok=False,
            code=found.problem_code,
            message=found.message,
            hint=found.hint,
            version=None,
            latency_ms=None,
            checked_at=now,
        )
        return outcome, None
    outcome = ConnectionOutcome(
        ok=True,
        code=None,
        message=said("Connected to %(version)s.", version=found.version),
        hint=None,
        version=found.version,
        latency_ms=found.latency_ms,
        checked_at=now,
    )
    return outcome, found


async def _introduce(remote: TargetSession) -> ServerFact:
    return remote.server
