"""The first collection: sample servers registered, read by the workers, given a month of past."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from whalefall.auth import Actor
from whalefall.db import Database, WriteSession
from whalefall.domain.states import SyncTrigger
from whalefall.errors import ServiceUnavailable
from whalefall.resolvers.samples import (
    SampleInstance,
    register_sample,
    save_sample_history,
    sum_up_samples,
    unread_databases,
)
from whalefall.resolvers.sessions import start_capacity, start_table_sizes, wait_for_session

DEMO = Actor.system("demo")
PATIENCE_SECONDS = 90
READ_TABLES_OF = ("shop", "many_tables", "telemetry", "crm")

Start = Callable[[WriteSession, int], Awaitable[int]]


async def collect_samples(
    db: Database, samples: Sequence[SampleInstance], say: Callable[[str], None]
) -> None:
    """Register the samples and have the workers read them. May be run again."""
    ids = []
    for sample in samples:
        async with db.write() as session:
            ids.append(await register_sample(session, DEMO, db.keys, sample))
    instances = [instance_id for instance_id in ids if instance_id is not None]
    say("collecting databases and their sizes …")
    await _all(db, instances, _capacity)
    unread: list[int] = []
    for instance_id in instances:
        async with db.write() as session:
            today = db.settings.today()
            await save_sample_history(session, DEMO, instance_id, today=today)
        async with db.read() as session:
            unread += await unread_databases(session, DEMO, instance_id, READ_TABLES_OF)
    async with db.write() as session:
        await sum_up_samples(session, DEMO)
    if unread:
        say(f"collecting the tables of {len(unread)} databases …")
        await _all(db, unread, _tables)


async def _all(db: Database, ids: Sequence[int], start: Start) -> None:
    """Start a sync session for each id and wait until all have finished."""
    sessions = []
    for one in ids:
        async with db.write() as session:
            sessions.append(await start(session, one))
    waiting = (wait_for_session(db, session_id, PATIENCE_SECONDS) for session_id in sessions)
    if not all(await asyncio.gather(*waiting)):
        raise ServiceUnavailable("The worker does not collect; the lines above may say why.")


def _capacity(session: WriteSession, instance_id: int) -> Awaitable[int]:
    return start_capacity(session, DEMO, instance_id, trigger=SyncTrigger.MANUAL)


def _tables(session: WriteSession, database_id: int) -> Awaitable[int]:
    return start_table_sizes(session, DEMO, database_id, trigger=SyncTrigger.MANUAL)
