"""The demo's processes: private servers, web, worker, scheduler, and a thread that fills them."""

import asyncio
import os
import signal
import subprocess
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from whalefall import logs
from whalefall.db import Database, migrate
from whalefall.demo.access import Access, check_port
from whalefall.demo.filling import fill, save_access
from whalefall.demo.mariadb import find_client
from whalefall.demo.postgresql import port_of
from whalefall.demo.supervision import ADDRESSES, DemoSupervisor
from whalefall.embedded.mariadb import MariaDB, find_mariadb, running_mariadb
from whalefall.embedded.supervisor import Environment
from whalefall.errors import Problem
from whalefall.queue import Job, make_broker, send
from whalefall.settings import Settings

LAST_WORDS_SECONDS = 10


def run_demo(settings: Settings) -> None:
    """Run everything until a signal comes. Raises Problem when something cannot start."""
    check_port(settings)
    if "WHALEFALL_LOG_LEVEL" not in os.environ:
        settings = replace(settings, log_level="WARNING")  # the demo's own lines are few
    logs.configure(settings)
    settings = replace(settings, state_dir=settings.state_dir.absolute())
    Demo(settings, Access.of(settings.state_dir)).run()


class Demo:
    """One run: a thread prepares what the demo shows while its processes start."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings, self._access = settings, access
        self._supervisor = DemoSupervisor(settings, access)
        self._mariadb: Future[MariaDB | None] = Future()
        self._filling = threading.Thread(target=self._fill, daemon=True)
        self._problem: Exception | None = None

    def run(self) -> None:
        """Run until a signal comes; raises what went wrong while filling."""
        say("starting PostgreSQL and Valkey …")
        with ExitStack() as stack:
            self._supervisor.run(lambda environment: self._prepare(environment, stack))
        self._filling.join(LAST_WORDS_SECONDS)
        if self._problem:
            raise self._problem

    def _prepare(self, environment: Environment, stack: ExitStack) -> None:
        """Everything that the processes cannot start without; the rest goes on beside them."""
        say("bringing the schema up to date …")
        url, redis_url = (environment[name] for name in ADDRESSES)
        migrate(url)
        self._settings = replace(
            self._settings,
            database_url=url,
            redis_url=redis_url,
            secret_keys=self._access.secret_keys,
        )
        asyncio.run(self._save_access())
        self._filling.start()
        server = _start_mariadb(self._settings.state_dir / "mariadb", stack)
        ports = [port_of(url), *([server.port] if server else [])]
        self._supervisor.allow_targets([f"127.0.0.1:{port}" for port in ports])
        self._mariadb.set_result(server)

    async def _save_access(self) -> None:
        db = Database.of(self._settings)
        await db.open()
        await save_access(db, self._access)
        await db.close()

    def _fill(self) -> None:
        try:
            asyncio.run(self._fill_and_greet())
        except Exception as problem:  # the door of a thread: what fails here ends the demo
            if not self._supervisor.is_stopping:
                self._problem = problem
                os.kill(os.getpid(), signal.SIGTERM)

    async def _fill_and_greet(self) -> None:
        broker = make_broker(self._settings.redis_url)

        async def send_job(job: Job) -> None:
            await asyncio.to_thread(send, broker, job)

        db = Database.of(self._settings, send=send_job)
        await db.open()
        await fill(db, self._access, self._mariadb, say)
        await db.close()
        broker.close()
        say(self._access.greeting(self._settings))


def _start_mariadb(state: Path, stack: ExitStack) -> MariaDB | None:
    """A MariaDB until the stack ends, where its programs are; without them the demo has one
    sample less."""
    if find_mariadb() is None or find_client() is None:
        return None
    say("starting MariaDB …")
    try:
        return stack.enter_context(running_mariadb(state))
    except (Problem, RuntimeError, OSError, subprocess.SubprocessError) as problem:
        say(f"going on without MariaDB: {problem}")
        return None


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 (the voice of a command)
