"""How Alembic reaches our database: by the caller's URL or by WHALEFALL_DATABASE_URL."""

import asyncio
import re
from typing import Any

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from whalefall.db import sqlalchemy_url
from whalefall.models import Base
from whalefall.settings import Settings

LOCK = 8_600_001  # any number that nothing else locks
# Whoever comes after a waiting ALTER TABLE waits with it: pages of the running version, too.
LOCK_TIMEOUT = "2s"
PARTITION = re.compile(r"_(default|y\d{4}m\d{2})$")


def wanted(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Partitions come and go with the months; the models know their parents only."""
    return not (kind == "table" and name and PARTITION.search(name))


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, include_object=wanted)
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    url = context.config.attributes.get("url") or Settings.from_env().database_url
    engine = create_async_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        # Several hosts may start at once: the second waits and then finds nothing to do.
        await connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
        await connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.commit()
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(connect())
else:
    run(given)
