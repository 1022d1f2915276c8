"""The scheduler process: begins what is due, expires leases, sends again what was lost.

Any number may run.
"""

import asyncio
import signal

import structlog

from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.logs import saving_logs
from whalefall.resolvers.maintenance import reconcile
from whalefall.resolvers.partitions import keep_partitions
from whalefall.resolvers.schedules import run_due_schedules
from whalefall.settings import Settings

ROUND_SECONDS = 5
SCHEDULER = Actor.system("scheduler")
log = structlog.get_logger(__name__)


async def run_scheduler(settings: Settings) -> None:
    """Tick every five seconds until SIGTERM or SIGINT."""
    broker = make_broker(settings.redis_url)

    async def send_job(job: Job) -> None:
        await asyncio.to_thread(send, broker, job)

    db = Database.of(settings, send=send_job)
    await db.open()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with saving_logs(db):
        while not stopping.is_set():
            await tick(db)
            await _pause(stopping)
    await db.close()
    broker.close()


async def tick(db: Database) -> None:
    """One round. There is room for the rows of a day before anything is begun on it; a part that
    goes wrong keeps no other from its turn, and has its own again in the next round."""
    for part in (reconcile, keep_partitions, run_due_schedules):
        try:
            await part(db, SCHEDULER)
        except ServiceUnavailable:
            log.warning("scheduler.waiting_for_database")
        except Exception:  # a door: the next tick must come, whatever this one met
            log.exception("scheduler.tick_failed", part=part.__name__)


async def _pause(stopping: asyncio.Event) -> None:
    waiting = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({waiting}, timeout=ROUND_SECONDS)
    waiting.cancel()
