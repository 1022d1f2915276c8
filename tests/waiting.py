"""Until the database says that it is so: other sessions wait, or none of them does any more."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text

from whalefall.db import Database

PATIENCE_SECONDS = 3  # a statement that nobody cancels gives up its lock after 5
LOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
IN_TRANSACTION = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
)


async def until_waiting(db: Database) -> None:
    """A statement waits for a lock."""
    await until(lambda: _holds(db, LOCKED, 1))


async def until_quiet(db: Database) -> None:
    await until(lambda: _holds(db, LOCKED, 0))


async def until_clean(db: Database) -> None:
    """No connection is left in a transaction."""
    await until(lambda: _holds(db, IN_TRANSACTION, 0))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask the database again and again until it holds, at most so long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            pass


async def _holds(db: Database, count: Any, wanted: int) -> bool:
    async with db.read() as session:
        return bool((await session.execute(count)).scalar_one() == wanted)
