"""The unified log: saving what the process wrote, in batches, without ever delaying a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import structlog
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from whalefall.db import Database
from whalefall.errors import Problem
from whalefall.logs import BUFFER, Entry
from whalefall.models.logs import UnifiedLog

BATCH = 500
EVERY_SECONDS = 2
DRAIN_SECONDS = 5
log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def saving_logs(db: Database) -> AsyncIterator[None]:
    """Save entries while the block runs, and what is left at its end; count what cannot be."""
    task = asyncio.create_task(_save_for_ever(db))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await save_logs(db)


async def save_logs(db: Database) -> bool:
    """Save everything that waits; whether that worked. What could not be saved waits again."""
    while entries := BUFFER.take(BATCH):
        try:
            await _save(db, entries)
        except (Problem, SQLAlchemyError):
            BUFFER.put_back(entries)
            return False
        except asyncio.CancelledError:
            BUFFER.put_back(entries)  # the batch is atomic: at worst it is saved twice
            raise
    return True


async def _save_for_ever(db: Database) -> None:
    """Says once when saving fails, and again when it works, not every time."""
    working = True
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        before, working = working, await save_logs(db)
        if before and not working:
            log.warning("logs.not_saved", waiting=len(BUFFER))
        elif working and not before:
            log.info("logs.saved_again", lost=BUFFER.lost)


async def _save(db: Database, entries: Sequence[Entry]) -> None:
    rows = [asdict(entry) for entry in entries]
    try:
        async with db.write() as session:
            await session.execute(insert(UnifiedLog), rows)
    except DBAPIError as error:
        if not _is_refused(error):
            raise
        if len(entries) == 1:
            BUFFER.lose(1)
            return
        for entry in entries:  # one that PostgreSQL refuses must not take the others along
            await _save(db, [entry])


def _is_refused(error: DBAPIError) -> bool:
    """Whether PostgreSQL finds fault with a value (class 22), not with the moment."""
    return str(getattr(error.orig, "sqlstate", "")).startswith("22")
