"""How WhaleFall itself is doing: ready or not, and the few numbers of its metrics."""

import asyncio
import contextlib
import functools
import time
import weakref

import structlog
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from whalefall.db import PROJECT, Database
from whalefall.errors import Problem
from whalefall.models.sync import LIVE, SyncRecord

CACHED_SECONDS = 2
PATIENCE_SECONDS = 3
log = structlog.get_logger(__name__)


class _Readiness:
    """The last answer and its age; one question at a time reaches database and broker."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.ready = False
        self.asked_at = float("-inf")


_known: weakref.WeakKeyDictionary[Database, _Readiness] = weakref.WeakKeyDictionary()


async def is_ready(db: Database) -> bool:
    """Whether database, migrations and broker are as they must be; at most two seconds old."""
    known = _known.setdefault(db, _Readiness())
    async with known.lock:
        if time.monotonic() - known.asked_at >= CACHED_SECONDS:
            was, known.ready = known.ready, await _ask(db)
            known.asked_at = time.monotonic()
            if was and not known.ready:
                log.error("health.not_ready")
    return known.ready


async def count_live_records(db: Database) -> int | None:
    """Sync records that wait or run; null when our database does not answer."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), db.read() as session:
            live = select(func.count()).select_from(SyncRecord).where(text(LIVE))
            return (await session.execute(live)).scalar_one()
    except (Problem, SQLAlchemyError, TimeoutError):
        return None


async def _ask(db: Database) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return all(await asyncio.gather(_is_migrated(db), _has_broker(db)))
    except TimeoutError:
        return False


async def _is_migrated(db: Database) -> bool:
    try:
        async with db.read() as session:
            found = await session.execute(text("SELECT version_num FROM alembic_version"))
            return found.scalars().all() == [_head()]
    except (Problem, SQLAlchemyError):
        return False


async def _has_broker(db: Database) -> bool:
    client = Redis.from_url(db.settings.redis_url, socket_connect_timeout=1, socket_timeout=2)
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        with contextlib.suppress(RedisError, OSError):
            await client.aclose()


@functools.cache
def _head() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory.from_config(Config(toml_file=PROJECT)).get_current_head()
