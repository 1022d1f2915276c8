"""Table sizes on PostgreSQL: what belongs to a table, what is locked, what is not listed."""

import time
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from tests.adapters.contract import QUICK
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.adapters.postgresql.dialing import Connection
from whalefall.adapters.postgresql.errors import LockTimeout
from whalefall.adapters.postgresql.tables import collect_tables
from whalefall.domain.facts import (
    Collected,
    Quality,
    Skipped,
    SkipReason,
    TableFact,
    TableKind,
)
from whalefall.errors import Code, TargetProblem

LOCKED = SkipReason.LOCKED


async def tables_of(target: Target, database: str) -> Collected[TableFact]:
    async with PostgreSQLAdapter().connect(target, QUICK, database=database) as session:
        return await session.table_sizes(database)


async def only_table(target: Target, database: str) -> TableFact:
    [fact] = (await tables_of(target, database)).items
    return fact


@pytest.fixture
async def owner(server: PostgreSQLServer, database: str) -> AsyncIterator[Connection]:
    """The superuser inside the database."""
    async with server.inside(database) as connection:
        yield connection


async def make_measurements(owner: Connection, leaves: int = 3) -> None:
    """A partitioned table with an index, one of its partitions partitioned again."""
    await owner.execute(
        """
        CREATE TABLE measurement (id bigint, day int, note text) PARTITION BY LIST (day);
        CREATE INDEX ON measurement (id);
        CREATE TABLE measurement_rest PARTITION OF measurement DEFAULT PARTITION BY LIST (day);
        CREATE TABLE measurement_other PARTITION OF measurement_rest DEFAULT;
        """
    )
    for day in range(leaves):
        await owner.execute(
            f"CREATE TABLE measurement_{day} PARTITION OF measurement FOR VALUES IN ({day})"
        )
    await owner.execute(
        "INSERT INTO measurement SELECT n, n % 5, repeat('x', 100) FROM generate_series(1, 2000) n"
    )


async def test_parts_of_a_table_reconcile_with_the_server(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute(
        """
        CREATE TABLE papers (id int PRIMARY KEY, body text);
        ALTER TABLE papers ALTER COLUMN body SET STORAGE EXTERNAL;
        INSERT INTO papers SELECT n, repeat('x', 20000) FROM generate_series(1, 50) n;
        """
    )
    await owner.execute("VACUUM ANALYZE papers")

    fact = await only_table(server.target(), database)

    expected = await owner.fetchrow(
        """
        SELECT pg_total_relation_size(oid), pg_table_size(oid), pg_indexes_size(oid),
               pg_total_relation_size(reltoastrelid), 50::bigint
          FROM pg_class WHERE relname = 'papers'
        """
    )
    assert expected is not None
    assert tuple(expected) == (
        fact.size_bytes,
        fact.data_bytes,
        fact.index_bytes,
        fact.lob_bytes,
        fact.row_count,
    )
    assert (fact.lob_bytes or 0) > 1_000_000
    assert (fact.schema_name, fact.kind, fact.quality) == (
        "public",
        TableKind.TABLE,
        Quality.EXACT,
    )


async def test_partitions_are_summed_under_their_root_and_not_listed(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await make_measurements(owner)
    await owner.execute("ANALYZE")

    fact = await only_table(server.target(), database)

    assert (fact.table_name, fact.kind) == ("measurement", TableKind.PARTITIONED_TABLE)
    assert fact.size_bytes == await owner.fetchval(
        "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree('measurement')"
    )
    assert (fact.index_bytes or 0) > 0
    assert fact.row_count == 2000


async def test_partitioned_table_without_partitions_is_empty(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE TABLE bare (id int) PARTITION BY LIST (id)")

    fact = await only_table(server.target(), database)

    assert (fact.size_bytes, fact.row_count, fact.quality) == (0, 0, Quality.EXACT)


async def test_inheriting_tables_are_tables_of_their_own(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE TABLE parent (id int); CREATE TABLE child () INHERITS (parent)")

    tables = await tables_of(server.target(), database)

    assert {fact.table_name for fact in tables.items} == {"parent", "child"}


async def test_materialized_views_are_listed_and_views_are_not(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute(
        """
        CREATE MATERIALIZED VIEW totals AS SELECT n FROM generate_series(1, 1000) n;
        CREATE INDEX ON totals (n);
        CREATE VIEW latest AS SELECT 1 AS one;
        CREATE SEQUENCE numbers;
        """
    )

    fact = await only_table(server.target(), database)

    assert (fact.table_name, fact.kind) == ("totals", TableKind.MATERIALIZED_VIEW)
    assert (fact.index_bytes or 0) > 0


async def test_temporary_tables_are_not_listed_and_unlogged_ones_are(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE TEMP TABLE scratch AS SELECT 1; CREATE UNLOGGED TABLE fast (i int)")

    fact = await only_table(server.target(), database)

    assert fact.table_name == "fast"


async def test_rows_are_unknown_until_the_table_was_analysed(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE TABLE fresh AS SELECT generate_series(1, 10)")
    before = await only_table(server.target(), database)
    await owner.execute("ANALYZE fresh")

    after = await only_table(server.target(), database)

    assert (before.row_count, after.row_count) == (None, 10)


async def test_role_without_any_privilege_inside_sees_all_sizes(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE SCHEMA private; CREATE TABLE private.t AS SELECT 1")

    tables = await tables_of(await server.create_role(), database)

    assert [(fact.schema_name, fact.table_name) for fact in tables.items] == [("private", "t")]
    assert (tables.items[0].size_bytes or 0) > 0
    assert tables.complete


@pytest.mark.parametrize(
    "lock",
    [
        "LOCK TABLE held IN ACCESS EXCLUSIVE MODE",
        "TRUNCATE held",
        "REINDEX INDEX held_pkey",
        "ALTER TABLE held ADD COLUMN more text",
    ],
)
async def test_locked_table_is_skipped_and_does_not_cost_the_others(
    server: PostgreSQLServer, database: str, owner: Connection, lock: str
) -> None:
    await owner.execute("CREATE TABLE held (id int PRIMARY KEY); CREATE TABLE free (id int)")
    started = time.monotonic()

    async with owner.transaction():
        await owner.execute(lock)
        tables = await tables_of(server.target(), database)

    assert time.monotonic() - started < 2
    assert [fact.table_name for fact in tables.items] == ["free"]
    assert tables.skipped == [Skipped(schema_name="public", name="held", reason=LOCKED)]
    assert not tables.complete


async def test_locked_toast_table_is_noticed(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await owner.execute("CREATE TABLE papers (body text); CREATE TABLE free (id int)")
    toast = await owner.fetchval(
        "SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = 'papers'"
    )

    async with owner.transaction():
        await owner.execute(f"REINDEX TABLE {toast}")
        tables = await tables_of(server.target(), database)

    assert [fact.table_name for fact in tables.items] == ["free"]
    assert tables.skipped == [Skipped(schema_name="public", name="papers", reason=LOCKED)]


async def test_sum_over_a_locked_partition_is_marked_partial(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await make_measurements(owner)

    async with owner.transaction():
        await owner.execute("TRUNCATE measurement_1")
        tables = await tables_of(server.target(), database)

    [fact] = tables.items
    assert (fact.quality, fact.reason) == (Quality.PARTIAL, LOCKED)
    assert tables.skipped == [Skipped(schema_name="public", name="measurement_1", reason=LOCKED)]
    assert not tables.complete


async def test_partitioned_table_of_which_nothing_can_be_read_has_no_size(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await make_measurements(owner)

    async with owner.transaction():
        await owner.execute("LOCK TABLE measurement IN ACCESS EXCLUSIVE MODE")
        tables = await tables_of(server.target(), database)

    assert tables.items == []
    assert "measurement" in {skipped.name for skipped in tables.skipped}
    assert {skipped.reason for skipped in tables.skipped} == {LOCKED}


async def test_lock_taken_in_the_very_moment_costs_only_its_own_table(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await server.create_tables(database, [f"t{number}" for number in range(9)])
    held = await owner.fetchval("SELECT 't4'::regclass::oid")

    async with PostgreSQLAdapter().connect(server.target(), QUICK, database=database) as session:

        async def fetch(statement: str, *arguments: Sequence[int]) -> list[asyncpg.Record]:
            if any(held in oids for oids in arguments):
                raise LockTimeout("held since a moment ago")
            return await session.fetch(statement, *arguments)

        tables = await collect_tables(fetch)

    assert len(tables.items) == 8
    assert tables.skipped == [Skipped(schema_name="public", name="t4", reason=LOCKED)]
    assert not tables.complete


async def test_size_function_that_may_not_be_run_is_a_missing_privilege(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    await server.create_tables(database, ["t"])
    await owner.execute("REVOKE EXECUTE ON FUNCTION pg_table_size(regclass) FROM PUBLIC")

    with pytest.raises(TargetProblem) as caught:
        await tables_of(server.target(), database)

    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED


async def test_thousands_of_tables_take_no_longer_than_twice_the_bare_query(
    server: PostgreSQLServer, database: str, owner: Connection
) -> None:
    for _ in range(3):  # in parts, for every table made holds a lock until the end
        await owner.execute(
            """
            DO $$ BEGIN
                FOR n IN 1..1000 LOOP
                    EXECUTE format('CREATE TABLE %I (id int)', 't' || gen_random_uuid());
                END LOOP;
            END $$
            """
        )
    bare_seconds, seconds = [], []
    for _ in range(2):  # the better of two, for the machine has other things to do
        async with server.inside(database) as stranger:
            started = time.monotonic()
            await stranger.fetch(
                "SELECT relname, pg_total_relation_size(oid), pg_indexes_size(oid)"
                " FROM pg_class WHERE relkind = 'r'"
            )
            bare_seconds.append(time.monotonic() - started)
        started = time.monotonic()
        tables = await tables_of(server.target(), database)
        seconds.append(time.monotonic() - started)

    assert len(tables.items) == 3000
    assert tables.complete
    assert min(seconds) < 2 * min(bare_seconds) + 0.5
