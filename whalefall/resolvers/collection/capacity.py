"""An instance's databases and their sizes: read, then saved in one transaction."""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from whalefall.adapters import adapter_for
from whalefall.auth import Actor, Permission
from whalefall.db import Database
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    SkipReason,
)
from whalefall.errors import Code, said
from whalefall.resolvers.aggregation.keeping import sum_up_today
from whalefall.resolvers.collection.claims import Claim, Outcome, fence, finish
from whalefall.resolvers.collection.inventory import InventoryCounts, save_inventory, save_sizes
from whalefall.resolvers.collection.leases import run_claimed
from whalefall.resolvers.collection.records import (
    completed,
    failed,
    remember,
    say,
    shortfall,
    since,
)
from whalefall.resolvers.collection.targets import endpoint_of, target_of
from whalefall.resolvers.growth_events import record_growth

DOUBTED = said(
    "More than half of the known databases were missing; nothing was deactivated until a second"
    " reading agrees."
)
log = structlog.get_logger(__name__)


async def collect_capacity(db: Database, actor: Actor, record_id: int) -> None:
    """Read one instance's databases and their sizes, and save them; a worker's job."""
    actor.require(Permission.EXECUTE)
    await run_claimed(db, record_id, _capacity, db.settings.capacity_seconds, failed)


async def _capacity(db: Database, claim: Claim) -> None:
    started = time.monotonic()
    async with db.read() as session:
        endpoint = await endpoint_of(session, claim.target)
    target = await target_of(db, endpoint)
    adapter = adapter_for(endpoint.engine)
    async with adapter.connect(target, endpoint.limits) as remote:
        await say(db, claim, "inventory", 0.2)
        inventory = await remote.inventory()
        await say(db, claim, "sizes", 0.5)
        names = [fact.name for fact in inventory.items]
        excluded = {name for name in names if endpoint.rules.excludes(name)}
        sizes = _without(await remote.database_sizes(excluded), excluded)
    await say(db, claim, "saving", 0.9)
    now = datetime.now(UTC)
    today = db.settings.day_of(now)
    async with db.write() as session:
        await fence(session, claim)
        counts = await save_inventory(session, claim.target, inventory, today=today, now=now)
        if counts.is_doubted:
            sizes = replace(sizes, complete=False)  # nor is a total of what is left believed
        saved = await save_sizes(session, claim.target, sizes, today=today, now=now)
        await sum_up_today(session, claim.target, today)
        await record_growth(session, claim.target, today)
        await remember(session, claim.target, remote.server, None)
        outcome = _capacity_outcome(inventory, sizes, counts, saved, since(started))
        await finish(session, claim, outcome)
    log.info("capacity.collected", databases=len(inventory.items), elapsed_ms=since(started))


def _without(
    sizes: Collected[DatabaseSizeFact], excluded: Collection[str]
) -> Collected[DatabaseSizeFact]:
    """What was read, but of the databases that are left out only that they are."""
    read = [fact for fact in sizes.items if fact.name not in excluded]
    left = [
        DatabaseSizeFact(
            name=name,
            size_bytes=None,
            quality=Quality.UNAVAILABLE,
            reason=SkipReason.EXCLUDED,
        )
        for name in sorted(excluded)
    ]
    return replace(sizes, items=[*read, *left])


def _capacity_outcome(
    inventory: Collected[DatabaseFact],
    sizes: Collected[DatabaseSizeFact],
    counts: InventoryCounts,
    saved: int,
    elapsed_ms: int,
) -> Outcome:
    complete = inventory.complete and sizes.complete and not counts.is_doubted
    code, message = shortfall(complete, [*inventory.missing_grants, *sizes.missing_grants])
    if counts.is_doubted:
        code, message = Code.SUSPICIOUS_EMPTY, DOUBTED
    return Outcome(
        status=completed(complete),
        elapsed_ms=elapsed_ms,
        items_seen=saved,
        items_created=counts.created,
        items_updated=counts.refreshed,
        items_reactivated=counts.reactivated,
        items_removed=counts.deactivated,
        error_code=code,
        error_message=message,
    )
