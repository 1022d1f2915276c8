"""A worker process: threads that take jobs, one event loop that runs them, one Database."""

import asyncio
import signal
import threading
from contextlib import AsyncExitStack

import dramatiq
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import Middleware
from dramatiq.worker import Worker

from whalefall.db import Database
from whalefall.queue import QUEUE, Job, make_broker, send
from whalefall.resolvers.logs import saving_logs
from whalefall.settings import Settings

STOP_MS = 20_000
_database: Database | None = None


def database() -> Database:
    """The worker's database, inside a job."""
    if _database is None:
        raise RuntimeError("this process is no worker")
    return _database


class OwnDatabase(Middleware):
    """Opens the database on the event loop of the jobs before the first one, closes it after all.

    Stands behind AsyncIO among the middleware: so its loop is there earlier and ends later.
    """

    def __init__(self, settings: Settings, broker: dramatiq.Broker) -> None:
        self._settings, self._broker = settings, broker
        self._open = AsyncExitStack()

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        self._run(self._start)

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: Worker) -> None:
        self._run(self._open.aclose)

    async def _start(self) -> None:
        global _database

        async def send_job(job: Job) -> None:
            await asyncio.to_thread(send, self._broker, job)

        _database = Database.of(self._settings, send=send_job)
        await _database.open()
        self._open.push_async_callback(_database.close)
        await self._open.enter_async_context(saving_logs(_database))

    def _run(self, function: object) -> None:
        thread = get_event_loop_thread()
        assert thread is not None and callable(function)  # noqa: S101, PT018
        thread.run_coroutine(function())


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; running jobs get some seconds, then hand their records back."""
    broker = make_broker(settings.redis_url)
    broker.add_middleware(OwnDatabase(settings, broker))
    import whalefall.jobs.collection  # noqa: F401, PLC0415 (its actors need the broker)

    worker = Worker(broker, queues={QUEUE}, worker_threads=settings.worker_threads)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    worker.start()
    stopping.wait()
    worker.stop(timeout=STOP_MS)
    broker.close()
