"""The sample PostgreSQL: databases of different shapes inside the embedded server."""

import asyncio
from collections.abc import Iterable

from sqlalchemy import URL, NullPool, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from whalefall.db import sqlalchemy_url
from whalefall.demo.databases import COLLECTOR, MARK, SAMPLES, Sample

AT_ONCE = 2
QUICK = {"synchronous_commit": "off", "application_name": "whalefall demo", "jit": "off"}


async def make_databases(url: str, password: str) -> None:
    """Make the collector's role and whatever sample database is missing or half made."""
    server = make_url(sqlalchemy_url(url))
    engine = _engine(server)
    async with engine.connect() as connection:
        await _make_collector(connection, password)
        made = set((await connection.exec_driver_sql(FINISHED, (MARK,))).scalars())
    turns = asyncio.Semaphore(AT_ONCE)
    missing = [sample for sample in SAMPLES if sample.name not in made]
    await asyncio.gather(*(_make(engine, server, sample, turns) for sample in missing))
    await engine.dispose()


ROLE = "SELECT 1 FROM pg_roles WHERE rolname = $1"
FINISHED = "SELECT datname FROM pg_database WHERE shobj_description(oid, 'pg_database') = $1"


async def _make_collector(connection: AsyncConnection, password: str) -> None:
    """A role that may log in and read statistics, and nothing else: what README asks for."""
    known = await connection.exec_driver_sql(ROLE, (COLLECTOR,))
    verb = "CREATE" if known.first() is None else "ALTER"
    secret = password.replace("'", "''")
    await connection.exec_driver_sql(f"{verb} ROLE {COLLECTOR} LOGIN PASSWORD '{secret}'")
    await connection.exec_driver_sql(f"GRANT pg_read_all_stats TO {COLLECTOR}")


async def _make(engine: AsyncEngine, server: URL, sample: Sample, turns: asyncio.Semaphore) -> None:
    """Make one database; the mark comes last, so a half made one is thrown away next time."""
    name = quoted(sample.name)
    async with turns:
        await _run(engine, [f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"])
        await _run(engine, [f"CREATE DATABASE {name}"])
        if sample.statements:
            inside = _engine(server.set(database=sample.name))
            await _run(inside, sample.statements)
            await inside.dispose()
        finish = [statement.format(name=name) for statement in sample.at_last]
        await _run(engine, [*finish, f"COMMENT ON DATABASE {name} IS '{MARK}'"])


async def _run(engine: AsyncEngine, statements: Iterable[str]) -> None:
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


def _engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args={"server_settings": QUICK, "timeout": 10},
    )


def port_of(url: str) -> int:
    """The port that a database URL names."""
    return make_url(url).port or 5432


def quoted(name: str) -> str:
    """A name as PostgreSQL's identifier."""
    return '"' + name.replace('"', '""') + '"'
