"""A database's tables: read, then swapped as a whole; the old snapshot stays until then."""

import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import select

from whalefall.adapters import adapter_for
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.errors import NotFound
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.collection.claims import Claim, Outcome, fence, finish
from whalefall.resolvers.collection.leases import run_claimed
from whalefall.resolvers.collection.records import (
    completed,
    failed,
    remember,
    say,
    shortfall,
    since,
)
from whalefall.resolvers.collection.snapshots import save_snapshot
from whalefall.resolvers.collection.targets import endpoint_of, target_of
from whalefall.resolvers.table_names import add_names_of

log = structlog.get_logger(__name__)


async def collect_table_sizes(db: Database, actor: Actor, record_id: int) -> None:
    """Read one database's tables, and swap its snapshot; a worker's job."""
    actor.require(Permission.EXECUTE)
    await run_claimed(db, record_id, _table_sizes, db.settings.table_sizes_seconds, failed)
    await add_names_of(db, record_id)


async def _table_sizes(db: Database, claim: Claim) -> None:
    started = time.monotonic()
    async with db.read() as session:
        endpoint = await endpoint_of(session, claim.target)
        found = select(InstanceDatabase.name).where(InstanceDatabase.id == claim.database_id)
        name = (await session.execute(found)).scalar()
    if name is None or claim.database_id is None:
        raise NotFound("There is no such database any more.")
    target = await target_of(db, endpoint)
    adapter = adapter_for(endpoint.engine)
    async with adapter.connect(target, endpoint.limits, database=name) as remote:
        await say(db, claim, "tables", 0.3)
        tables = await remote.table_sizes(name)
    await say(db, claim, "saving", 0.8)
    now, elapsed_ms = datetime.now(UTC), since(started)
    async with db.write() as session:
        await fence(session, claim)
        counts = await save_snapshot(
            session, claim.database_id, tables, now=now, elapsed_ms=elapsed_ms
        )
        await remember(session, claim.target, remote.server, None)
        code, message = shortfall(tables.complete, tables.missing_grants)
        outcome = Outcome(
            status=completed(tables.complete),
            elapsed_ms=since(started),
            error_code=code,
            error_message=message,
            items_seen=counts.saved,
            items_created=counts.created,
            items_updated=counts.updated,
            items_removed=counts.removed,
        )
        await finish(session, claim, outcome)
    log.info("table_sizes.collected", tables=counts.saved, elapsed_ms=since(started))
