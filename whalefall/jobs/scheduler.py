"""The scheduler process: expires leases, sends again what was lost. Any number may run."""

import asyncio
import signal
from datetime import UTC, date, datetime

import structlog

from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.logs import saving_logs
from whalefall.resolvers.maintenance import forget_sign_ins, keep_partitions, reconcile
from whalefall.resolvers.table_names import tidy_table_names
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
    tidied: date | None = None
    async with saving_logs(db):
        while not stopping.is_set():
            await _tick(db)
            tidied = await tidy_once_a_day(db, tidied)
            await _pause(stopping)
    await db.close()
    broker.close()


async def _tick(db: Database) -> None:
    try:
        await reconcile(db, SCHEDULER)
        await keep_partitions(db, SCHEDULER)
        await forget_sign_ins(db, SCHEDULER)
    except ServiceUnavailable:
        log.warning("scheduler.waiting_for_database")
    except Exception:  # a door: the next tick must come, whatever this one met
        log.exception("scheduler.tick_failed")


async def tidy_once_a_day(db: Database, tidied: date | None) -> date | None:
    """Do what is due at midnight in the business time zone, and once at the start."""
    today = datetime.now(UTC).astimezone(db.settings.zone).date()
    if tidied == today:
        return tidied
    try:
        await tidy_table_names(db, SCHEDULER)
    except ServiceUnavailable:
        return tidied  # the next tick comes back to it
    except Exception:  # a door, as above: what went wrong today is tried again tomorrow
        log.exception("scheduler.tidying_failed")
    return today


async def _pause(stopping: asyncio.Event) -> None:
    waiting = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({waiting}, timeout=ROUND_SECONDS)
    waiting.cancel()
