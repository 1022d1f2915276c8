"""Sizes as MariaDB tells them: what is logical, what is allocated, and whose each file is."""

import pytest

from tests.adapters.mysql.reading import bytes_on_disk, read, read_total
from tests.adapters.mysql.server import MySQLServer
from whalefall.adapters.mysql.dialect import dialect_of
from whalefall.adapters.mysql.tables import (
    TableRow,
    attribute,
    innodb_spaces,
    table_fact,
    table_rows,
)
from whalefall.domain.facts import Quality, SkipReason, TableFact, TableKind
from whalefall.errors import Code, TargetProblem

MARIADB = dialect_of("10.11.19-MariaDB")
MYSQL_8 = dialect_of("8.0.36")


async def read_only_table(server: MySQLServer, database: str) -> TableFact:
    (fact,) = (await read(server.target(), database)).items
    return fact


async def test_table_is_reported_with_its_kind_rows_and_bytes(
    server: MySQLServer, database: str
) -> None:
    await server.execute(
        f"CREATE TABLE {database}.orders (id INT PRIMARY KEY, note VARCHAR(200), KEY (note))",
        f"INSERT INTO {database}.orders SELECT seq, REPEAT(seq, 20) FROM {database}.seq_1_to_2000",
        f"ANALYZE TABLE {database}.orders",
    )

    fact = await read_only_table(server, database)

    assert (fact.schema_name, fact.table_name, fact.kind) == (database, "orders", TableKind.TABLE)
    assert (fact.data_bytes or 0) > 100_000
    assert (fact.index_bytes or 0) > 100_000
    assert fact.allocated_bytes == bytes_on_disk(server, database)
    assert 1_000 < (fact.row_count or 0) < 3_000
    assert fact.quality is Quality.ESTIMATED
    assert fact.reason is None


async def test_deleted_rows_leave_the_allocation(server: MySQLServer, database: str) -> None:
    await server.execute(
        f"CREATE TABLE {database}.t (id INT PRIMARY KEY, filler CHAR(200))",
        f"INSERT INTO {database}.t SELECT seq, 'x' FROM {database}.seq_1_to_20000",
        f"DELETE FROM {database}.t WHERE id > 100",
        "SET GLOBAL innodb_max_purge_lag_wait = 0",
        f"ANALYZE TABLE {database}.t",
    )

    fact = await read_only_table(server, database)

    assert (fact.size_bytes or 0) < 2_000_000
    assert (fact.allocated_bytes or 0) > 4_000_000


async def test_compressed_pages_take_less_than_they_hold(
    server: MySQLServer, database: str
) -> None:
    await server.execute(
        f"CREATE TABLE {database}.t (id INT PRIMARY KEY, filler TEXT) PAGE_COMPRESSED=1",
        f"INSERT INTO {database}.t SELECT seq, REPEAT('x', 3000) FROM {database}.seq_1_to_2000",
        f"FLUSH TABLES {database}.t FOR EXPORT",  # writes its pages
        "UNLOCK TABLES",
        f"ANALYZE TABLE {database}.t",
    )

    fact = await read_only_table(server, database)

    assert (fact.size_bytes or 0) > 4_000_000
    assert (fact.allocated_bytes or 0) < 3_000_000


async def test_partitions_are_one_table(server: MySQLServer, database: str) -> None:
    await server.execute(
        f"CREATE TABLE {database}.t (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4"
    )

    fact = await read_only_table(server, database)

    assert fact.kind is TableKind.PARTITIONED_TABLE
    assert fact.size_bytes == 4 * 16_384
    assert fact.allocated_bytes == bytes_on_disk(server, database, "t#P#*.ibd")


async def test_versioned_tables_and_sequences_are_listed_and_views_are_not(
    server: MySQLServer, database: str
) -> None:
    await server.execute(
        f"CREATE TABLE {database}.history (id INT) WITH SYSTEM VERSIONING",
        f"CREATE SEQUENCE {database}.numbers",
        f"CREATE VIEW {database}.v AS SELECT id FROM {database}.history",
    )

    kinds = {fact.table_name: fact.kind for fact in (await read(server.target(), database)).items}

    assert kinds == {"history": TableKind.TABLE, "numbers": TableKind.SEQUENCE}


async def test_full_text_files_count_as_index_of_their_table(
    server: MySQLServer, database: str
) -> None:
    await server.execute(
        f"CREATE TABLE {database}.plain (id INT PRIMARY KEY, body TEXT)",
        f"CREATE TABLE {database}.searched (id INT PRIMARY KEY, body TEXT, FULLTEXT (body))",
        f"INSERT INTO {database}.plain SELECT seq, UUID() FROM {database}.seq_1_to_500",
        f"INSERT INTO {database}.searched SELECT * FROM {database}.plain",
    )

    tables = await read(server.target(), database)

    facts = {fact.table_name: fact for fact in tables.items}
    full_text = bytes_on_disk(server, database, "FTS_*.ibd")
    assert full_text > 11 * 65_536 - 1
    assert (facts["searched"].index_bytes or 0) >= full_text
    assert (facts["searched"].allocated_bytes or 0) > full_text
    assert facts["plain"].index_bytes == 0
    assert tables.complete
    assert (await read_total(server.target(), database)).size_bytes == bytes_on_disk(
        server, database
    )


async def test_table_named_like_a_full_text_file_is_a_table(
    server: MySQLServer, database: str
) -> None:
    await server.create_tables(database, ["FTS_00000000000000ff_CONFIG"])

    tables = await read(server.target(), database)

    assert tables.complete
    assert (tables.items[0].allocated_bytes or 0) > 0


@pytest.mark.parametrize("name", ["aux", "naïve / 'Ключ' 鯨", "#sql-not", "t#P#p0", "a@0040b"])
async def test_names_that_are_spelled_otherwise_on_disk_find_their_files(
    server: MySQLServer, database: str, name: str
) -> None:
    await server.create_tables(database, [name])

    tables = await read(server.target(), database)

    assert tables.complete
    assert [fact.table_name for fact in tables.items] == [name]
    assert tables.items[0].allocated_bytes == bytes_on_disk(server, database)


async def test_other_engines_count_by_what_they_report(server: MySQLServer, database: str) -> None:
    await server.execute(
        f"CREATE TABLE {database}.files (id INT, KEY (id)) ENGINE=MyISAM SELECT 1 AS id",
        f"CREATE TABLE {database}.memory (id INT) ENGINE=MEMORY SELECT 1 AS id",
    )

    facts = {fact.table_name: fact for fact in (await read(server.target(), database)).items}

    assert facts["files"].quality is Quality.EXACT
    assert facts["files"].size_bytes == facts["files"].allocated_bytes
    assert facts["files"].row_count == 1
    assert facts["memory"].quality is Quality.ESTIMATED
    assert facts["memory"].allocated_bytes is None


async def test_broken_table_has_a_reason_instead_of_a_size(
    server: MySQLServer, database: str
) -> None:
    await server.execute(f"CREATE TABLE {database}.broken (id INT) ENGINE=MyISAM", "FLUSH TABLES")
    (server.mariadb.folder / "data" / database / "broken.MYI").unlink()

    fact = await read_only_table(server, database)

    assert fact.size_bytes is None
    assert (fact.quality, fact.reason) == (Quality.UNAVAILABLE, SkipReason.OFFLINE)
    await server.execute(f"DROP TABLE {database}.broken")


def row(name: str, *, engine: str = "InnoDB", data_bytes: int | None = 16_384) -> TableRow:
    return TableRow(
        name=name,
        file_name=name,
        kind=TableKind.TABLE,
        engine=engine,
        row_count=1,
        data_bytes=data_bytes,
        index_bytes=0,
        comment="",
    )


def test_table_in_a_shared_tablespace_is_not_given_all_of_it() -> None:
    found = innodb_spaces(((7, "shop/t", 0), (8, "shop/u", 9)), ((9, "general", 9, 9),), MYSQL_8)
    table = row("t")

    fact = table_fact("shop", table, attribute(found["shop"], [table]))

    assert fact.size_bytes == 16_384
    assert fact.allocated_bytes is None
    assert (fact.quality, fact.reason) == (Quality.PARTIAL, SkipReason.UNSUPPORTED)


def test_mysql_8_names_tables_by_their_tablespaces() -> None:
    tables = ((7, "sh@002dop/w@00e4l", 3), (8, "sh@002dop/fts_0000000000000007_config", 4))
    spaces = (
        (3, "sh-op/wäl#p#p0", 65_536, 65_536),
        (4, "sh-op/fts_0000000000000007_config", 32_768, 32_768),
    )
    table = row("wäl")

    found = attribute(innodb_spaces(tables, spaces, MYSQL_8)["sh-op"], [table])
    fact = table_fact("sh-op", table, found)

    assert fact.allocated_bytes == 98_304
    assert fact.index_bytes == 32_768
    assert not found.hidden


def test_spaces_of_an_alter_table_belong_to_nobody() -> None:
    found = innodb_spaces(
        ((7, "shop/#sql-ib12", 3), (8, "shop/secret", 4)),
        ((3, "shop/#sql-ib12", 1, 1), (4, "shop/secret", 2, 2)),
        MARIADB,
    )

    spaces = attribute(found["shop"], [])

    assert [space.name for space in spaces.temporary] == ["#sql-ib12"]
    assert [space.name for space in spaces.hidden] == ["secret"]


def test_number_that_stands_for_unknown_is_unknown() -> None:
    columns = ("t", b"t", "InnoDB", 2**64 - 1, 16_384, 0, None, None)

    (table,) = table_rows((("shop", "BASE TABLE", *columns),), "shop")

    assert table.row_count is None


def test_name_that_is_no_text_is_a_problem_of_the_target() -> None:
    columns = ("t", b"\xe4t", "InnoDB", 1, 16_384, 0, None, None)

    with pytest.raises(TargetProblem) as caught:
        table_rows((("shop", "BASE TABLE", *columns),), "shop")

    assert caught.value.problem_code is Code.DATABASE_CONNECTION_ERROR
