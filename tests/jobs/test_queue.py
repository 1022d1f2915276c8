"""The way to the workers when nobody answers at its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tests.faults.proxy import Fault, FaultProxy, fault_proxy
from whalefall.db import Database
from whalefall.embedded.launch import free_port
from whalefall.queue import Job, enqueue, make_broker, send

JOB = Job("collect_table_sizes", {"record_id": 1})


@pytest.fixture
async def silent() -> AsyncIterator[FaultProxy]:
    """It takes connections, and says nothing."""
    async with fault_proxy("127.0.0.1", free_port()) as proxy:
        await proxy.set(Fault.ACCEPT_CLOSE)
        yield proxy


async def refused(port: int) -> None:
    broker = make_broker(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(send, broker, JOB)
    broker.close()


async def test_a_broker_that_is_away_is_a_connection_error() -> None:
    await refused(free_port())


async def test_a_broker_that_hangs_up_is_a_connection_error(silent: FaultProxy) -> None:
    await refused(silent.port)


async def test_what_is_committed_stays_when_its_job_cannot_be_sent(db: Database) -> None:
    broker, tried = make_broker(f"redis://127.0.0.1:{free_port()}/0"), 0

    async def send_job(job: Job) -> None:
        nonlocal tried
        tried += 1
        await asyncio.to_thread(send, broker, job)

    other = Database.of(db.settings, send=send_job)
    await other.open()
    async with other.write() as session:
        await session.execute(text("CREATE TABLE written (id integer)"))
        enqueue(session, JOB.name, **JOB.ids)
        enqueue(session, JOB.name, **JOB.ids)
    async with other.write() as session:
        await session.execute(text("DROP TABLE written"))
    await other.close()
    broker.close()

    assert tried == 1  # the others would wait as long
