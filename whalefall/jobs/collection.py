"""The actors: ids in, one operation call. Imported once the broker is set."""

import dramatiq

from whalefall.auth import Actor
from whalefall.jobs.runtime import database
from whalefall.queue import QUEUE
from whalefall.resolvers import collection, upkeep

WORKER = Actor.system("worker")


@dramatiq.actor(queue_name=QUEUE, notify_shutdown=True)
async def collect_capacity(record_id: int) -> None:
    await collection.collect_capacity(database(), WORKER, record_id)


@dramatiq.actor(queue_name=QUEUE, notify_shutdown=True)
async def collect_table_sizes(record_id: int) -> None:
    await collection.collect_table_sizes(database(), WORKER, record_id)


# What sums up a large estate takes longer than any server is waited for.
@dramatiq.actor(queue_name=QUEUE, notify_shutdown=True, time_limit=upkeep.LONGEST_SECONDS * 1100)
async def do_task(record_id: int) -> None:
    await upkeep.do_task(database(), WORKER, record_id)
