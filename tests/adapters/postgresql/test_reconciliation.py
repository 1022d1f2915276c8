"""Every byte of a PostgreSQL database is in a bucket, whatever shapes its objects have."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.adapters.contract import QUICK
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.domain.facts import Collected, TableFact
from whalefall.domain.reconciliation import BucketKind, Reconciliation

ADAPTER = PostgreSQLAdapter()
NEGLIGIBLE = 0.001  # of the whole: the files that hold no relation
SHAPES = (
    "CREATE TABLE plain AS SELECT number, md5(number::text) AS text"
    " FROM generate_series(1, 30000) AS number",
    "CREATE INDEX ON plain (text); CREATE INDEX ON plain USING brin (number);"
    " CREATE INDEX ON plain USING hash (text)",
    "CREATE TABLE fat (body text); ALTER TABLE fat ALTER body SET STORAGE EXTERNAL",
    "INSERT INTO fat SELECT repeat(md5(number::text), 2000) FROM generate_series(1, 100) AS number",
    "CREATE TABLE parts (id int, at int) PARTITION BY RANGE (at)",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10) PARTITION BY LIST (id)",
    "CREATE TABLE parts_1_a PARTITION OF parts_1 DEFAULT",
    "CREATE TABLE parts_2 PARTITION OF parts DEFAULT; CREATE INDEX ON parts (id)",
    "INSERT INTO parts SELECT number, number % 20 FROM generate_series(1, 5000) AS number",
    "CREATE TABLE mother (id int); CREATE TABLE child (more text) INHERITS (mother)",
    "INSERT INTO child SELECT number, 'more' FROM generate_series(1, 5000) AS number",
    "CREATE MATERIALIZED VIEW seen AS SELECT * FROM plain; CREATE UNIQUE INDEX ON seen (number)",
    "CREATE UNLOGGED TABLE quick AS SELECT * FROM plain",
    "CREATE TABLE counted (id bigserial PRIMARY KEY, tags text[], about tsvector)",
    "CREATE INDEX ON counted USING gin (tags); CREATE INDEX ON counted USING gin (about)",
    'CREATE SCHEMA "Über uns"; CREATE TABLE "Über uns"."a b" AS SELECT * FROM plain',
    "SELECT lo_from_bytea(0, convert_to(repeat('x', 500000), 'UTF8'))",
    "DELETE FROM plain WHERE number % 3 = 0",
    "VACUUM plain",
    "ANALYZE",
)


async def tables_of(target: Target, database: str) -> Collected[TableFact]:
    async with ADAPTER.connect(target, QUICK, database=database) as session:
        return await session.table_sizes(database)


def assert_reconciled(found: Collected[TableFact]) -> Reconciliation:
    parts = found.reconciliation
    assert parts is not None
    assert parts.whole_bytes == parts.database_bytes == parts.allocated_bytes
    assert parts.objects_bytes == sum(fact.size_bytes or 0 for fact in found.items)
    assert all(size > 0 for kind, size in parts.buckets.items() if kind != "UNATTRIBUTED")
    assert abs(parts.unattributed_bytes) <= NEGLIGIBLE * parts.whole_bytes
    return parts


@pytest.fixture
async def shapes(server: PostgreSQLServer, database: str) -> AsyncIterator[asyncpg.Connection]:
    """The owner inside a database of every shape, who keeps a temporary table open."""
    async with server.inside(database) as owner:
        for statement in SHAPES:
            await owner.execute(statement)
        await owner.execute("CREATE TEMPORARY TABLE passing AS SELECT * FROM plain")
        yield owner


async def test_an_empty_database_is_its_catalogs(server: PostgreSQLServer, database: str) -> None:
    parts = assert_reconciled(await tables_of(server.target(), database))

    assert parts.objects_bytes == 0
    assert parts.buckets[BucketKind.CATALOG] > 0.99 * parts.whole_bytes
    assert BucketKind.DATA not in parts.buckets


async def test_a_database_of_every_shape_adds_up(
    server: PostgreSQLServer, database: str, shapes: asyncpg.Connection
) -> None:
    parts = assert_reconciled(await tables_of(server.target(), database))

    sizes = {
        BucketKind.TEMP: "SELECT pg_total_relation_size('passing')",
        BucketKind.LOB: "SELECT pg_total_relation_size('pg_largeobject')"
        " + pg_total_relation_size('pg_largeobject_metadata') + sum(pg_total_relation_size(oid))"
        " FROM pg_class WHERE oid IN (SELECT reltoastrelid FROM pg_class AS c JOIN pg_namespace"
        " AS n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
        " AND n.nspname <> 'information_schema')",
    }
    for kind, question in sizes.items():
        assert parts.buckets[kind] == await shapes.fetchval(question), kind


async def test_a_locked_catalog_costs_the_parts_and_not_the_tables(
    server: PostgreSQLServer, database: str
) -> None:
    await server.create_tables(database, ["orders"])
    async with server.inside(database) as owner, owner.transaction():
        await owner.execute("LOCK TABLE pg_largeobject IN ACCESS EXCLUSIVE MODE")
        found = await tables_of(server.target(), database)

    assert [fact.table_name for fact in found.items] == ["orders"]
    assert found.complete
    assert found.reconciliation is not None
    assert found.reconciliation.unattributed_bytes >= 0


async def test_sizes_that_nobody_may_ask_for_cost_the_parts_and_not_the_tables(
    server: PostgreSQLServer, database: str
) -> None:
    await server.create_tables(database, ["orders"])
    async with server.inside(database) as owner:
        await owner.execute("REVOKE EXECUTE ON FUNCTION pg_database_size(oid) FROM PUBLIC")

    found = await tables_of(server.target(), database)

    assert [fact.table_name for fact in found.items] == ["orders"]
    assert found.reconciliation is None


async def test_what_grows_meanwhile_is_still_a_whole(
    server: PostgreSQLServer, database: str
) -> None:
    await server.create_tables(database, ["growing"])
    done = asyncio.Event()

    async def grow() -> None:
        async with server.inside(database) as owner:
            while not done.is_set():
                await owner.execute("INSERT INTO growing SELECT generate_series(1, 10000)")

    growing = asyncio.create_task(grow())
    found = await tables_of(server.target(), database)
    done.set()
    await growing

    assert found.reconciliation is not None
    assert found.reconciliation.whole_bytes == found.reconciliation.allocated_bytes
