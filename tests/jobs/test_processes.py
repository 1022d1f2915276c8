"""The worker as a process: it takes jobs from the broker, and ends them before it stops."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from tests.factories import POSTGRESQL, make_credential, make_database, make_instance
from tests.faults.proxy import FaultProxy, fault_proxy
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import SyncTrigger
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.sessions import start_table_sizes, wait_for_session
from whalefall.settings import Settings

PATIENCE_SECONDS = 60


@contextmanager
def process(settings: Settings, command: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m whalefall COMMAND` for the time of a block."""
    environment = {
        **os.environ,
        "WHALEFALL_DATABASE_URL": settings.database_url,
        "WHALEFALL_REDIS_URL": settings.redis_url,
        "WHALEFALL_SECRET_KEYS": settings.secret_keys,
        "WHALEFALL_TARGETS_ALLOW": ",".join(settings.targets_allow),
    }
    started = subprocess.Popen(
        [sys.executable, "-m", "whalefall", command],
        env=environment,
        cwd=Path(__file__).parent.parent.parent,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture
async def sending(db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Our database with a real broker behind its commits."""
    broker = make_broker(settings.redis_url)

    async def send_job(job: Job) -> None:
        await asyncio.to_thread(send, broker, job)

    monkeypatch.setattr(db, "_send", send_job)
    return db


@pytest.fixture
async def proxy(settings: Settings) -> AsyncIterator[FaultProxy]:
    """A way to the target that the test can slow down; the target is our own PostgreSQL."""
    async with fault_proxy("127.0.0.1", make_url(settings.database_url).port or 0) as proxy:
        yield proxy


async def make_target(db: Database, settings: Settings, port: int) -> int:
    url = make_url(settings.database_url)
    async with db.write() as session:
        credential = await make_credential(
            session, db.keys, password=str(url.password), username=str(url.username)
        )
        instance = await make_instance(
            session,
            engine=POSTGRESQL,
            host="127.0.0.1",
            port=port,
            credential_id=credential.id,
        )
        return (await make_database(session, instance, name=str(url.database))).id


async def start(db: Database, otto: Actor, database_id: int) -> int:
    async with db.write() as session:
        return await start_table_sizes(session, otto, database_id, trigger=SyncTrigger.API)


async def one(db: Database, sql: str) -> dict[str, Any]:
    async with db.read() as session:
        return dict((await session.execute(text(sql))).mappings().one())


async def test_a_refresh_runs_on_a_worker(
    sending: Database, settings: Settings, otto: Actor, proxy: FaultProxy
) -> None:
    database_id = await make_target(sending, settings, proxy.port)

    with process(settings, "worker"):
        session_id = await start(sending, otto, database_id)
        assert await wait_for_session(sending, session_id, PATIENCE_SECONDS)

    record = await one(sending, "SELECT * FROM sync_instance_records")
    assert (record["status"], record["error_code"]) == ("COMPLETED", None)
    assert record["items_seen"] > 10


async def test_a_stopped_worker_lets_its_job_end(
    sending: Database, settings: Settings, otto: Actor, proxy: FaultProxy
) -> None:
    database_id = await make_target(sending, settings, proxy.port)

    with process(settings, "worker") as worker:
        session_id = await start(sending, otto, database_id)
        await wait_for_session(sending, session_id, PATIENCE_SECONDS)
        worker.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0
