"""Refreshing a PostgreSQL database of 20,000 tables through a worker, against the bare query."""

from pathlib import Path

from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.installation import BENCH, process
from benchmarks.measuring import medians, say
from whalefall.db import Database, copy_rows, sqlalchemy_url
from whalefall.domain.engines import Engine
from whalefall.domain.states import SyncTrigger
from whalefall.embedded.launch import Process
from whalefall.resolvers.samples import SampleInstance, register_sample, unread_databases
from whalefall.resolvers.sessions import start_capacity, start_table_sizes, wait_for_session

NAME = "twenty_thousand"
PATIENCE_SECONDS = 120
MAKE = """
    DO $$ BEGIN
        FOR number IN {first}..{last} LOOP
            EXECUTE format('CREATE TABLE t%s (id integer PRIMARY KEY, kind integer)', number);
        END LOOP;
    END $$
"""
BARE = """
    SELECT n.nspname, c.relname, pg_total_relation_size(c.oid), pg_table_size(c.oid),
           pg_indexes_size(c.oid), c.reltuples::bigint
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
TARGET = text("""
    CREATE TABLE bench_refresh (schema_name text, table_name text, size_bytes bigint,
                                data_bytes bigint, index_bytes bigint, row_count bigint)
""")
COLUMNS = ("schema_name", "table_name", "size_bytes", "data_bytes", "index_bytes", "row_count")
EMPTY = text("TRUNCATE bench_refresh")


async def bench_refresh(db: Database) -> None:
    """Prints the ratio, and the most memory that the worker ever had."""
    target = await _make_tables(db)
    async with db.write() as session:
        await session.execute(TARGET)
    with process(db.settings, "whalefall", "worker") as worker:
        database_id = await _register(db)

        async def bare() -> None:
            async with target.connect() as connection:
                rows = (await connection.exec_driver_sql(BARE)).all()
            async with db.write() as session:
                await session.execute(EMPTY)
                await copy_rows(session, "bench_refresh", COLUMNS, [tuple(row) for row in rows])

        async def refresh() -> None:
            async with db.write() as session:
                started = await start_table_sizes(
                    session, BENCH, database_id, trigger=SyncTrigger.MANUAL
                )
            await _finished(db, started)

        seconds = await medians({"bare": bare, "refresh": refresh}, rounds=5)
        peak = _peak_bytes(worker)
    await target.dispose()
    print("Refreshing a PostgreSQL database of 20,000 tables")
    say("bare catalog query and COPY", seconds["bare"], seconds["bare"], "it")
    say("a refresh, from the call to its end", seconds["refresh"], seconds["bare"], "the query")
    print(f"  the worker's peak memory {peak / 1e6:28.0f} MB   (goal: below 300 MB)")


async def _make_tables(db: Database) -> AsyncEngine:
    """The database, made in portions: a transaction holds a lock on each table it makes."""
    url = make_url(sqlalchemy_url(db.settings.database_url))
    server, inside = (
        create_async_engine(one, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        for one in (url, url.set(database=NAME))
    )
    async with server.connect() as connection:
        await connection.exec_driver_sql(f"CREATE DATABASE {NAME}")
    await server.dispose()
    async with inside.connect() as connection:
        for first in range(1, 20_001, 1000):
            await connection.exec_driver_sql(MAKE.format(first=first, last=first + 999))
        await connection.exec_driver_sql("ANALYZE pg_class")
    return inside


async def _register(db: Database) -> int:
    """The id of the database, once the worker has found it."""
    url = make_url(db.settings.database_url)
    sample = SampleInstance(
        name="bench",
        engine=Engine("POSTGRESQL"),
        port=url.port or 5432,
        username=url.username or "",
        password=url.password or "",
        description="The server that the benchmarks run on.",
    )
    async with db.write() as session:
        instance_id = await register_sample(session, BENCH, db.keys, sample)
    assert instance_id is not None
    async with db.write() as session:
        started = await start_capacity(session, BENCH, instance_id, trigger=SyncTrigger.MANUAL)
    await _finished(db, started)
    async with db.read() as session:
        (database_id,) = await unread_databases(session, BENCH, instance_id, (NAME,))
    return database_id


async def _finished(db: Database, session_id: int) -> None:
    if not await wait_for_session(db, session_id, PATIENCE_SECONDS):
        raise TimeoutError("the worker does not finish")


def _peak_bytes(process: Process) -> int:
    """The most memory a process ever had; Linux keeps it as VmHWM, in KiB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
