"""Every byte of a schema's files is in a bucket, and the files are those on the disk."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.contract import QUICK
from tests.adapters.mysql.server import COLLECTOR_GRANTS, MySQLServer, started
from whalefall.adapters.base import Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.mysql.reconciliation import reconciled
from whalefall.adapters.mysql.tables import Space, Spaces, TableRow
from whalefall.domain.facts import Collected, TableFact, TableKind
from whalefall.domain.reconciliation import BucketKind, Reconciliation

ADAPTER = MySQLAdapter()
NEGLIGIBLE = 0.001
BLOCK = 512
OF_DATA = (".ibd", ".MYD", ".MYI", ".MAD", ".MAI")
ROWS = "SELECT seq AS id, MD5(seq) AS text FROM seq_1_to_20000"
SHAPES = (
    f"CREATE TABLE plain (KEY (text)) {ROWS}",
    f"CREATE TABLE emptied (KEY (text)) {ROWS}",
    "DELETE FROM emptied WHERE id > 50",
    "CREATE TABLE pressed PAGE_COMPRESSED=1 SELECT seq AS id, REPEAT('a', 500) AS text"
    " FROM seq_1_to_20000",
    f"CREATE TABLE small_pages ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 {ROWS}",
    "CREATE TABLE pictures SELECT seq AS id, REPEAT('x', 100000) AS picture FROM seq_1_to_50",
    "CREATE TABLE words (id INT PRIMARY KEY, body TEXT, FULLTEXT (body))",
    "INSERT INTO words SELECT seq, CONCAT_WS(' ', MD5(seq), MD5(seq + 1)) FROM seq_1_to_3000",
    f"CREATE TABLE parts (id INT, text CHAR(32)) PARTITION BY HASH (id) PARTITIONS 4 {ROWS}",
    "CREATE SEQUENCE numbers",
    "CREATE TABLE versions (id INT) WITH SYSTEM VERSIONING",
    "INSERT INTO versions SELECT seq FROM seq_1_to_5000",
    f"CREATE TABLE my_isam ENGINE=MyISAM {ROWS}",
    f"CREATE TABLE aria ENGINE=Aria {ROWS}",
    f"CREATE TABLE `we/ird.名 前` {ROWS}",
    "CREATE VIEW seen AS SELECT * FROM plain",
)


async def tables_of(target: Target, database: str) -> Collected[TableFact]:
    async with ADAPTER.connect(target, QUICK) as session:
        return await session.table_sizes(database)


async def parts_of_databases(target: Target) -> dict[str, Reconciliation | None]:
    async with ADAPTER.connect(target, QUICK) as session:
        return {fact.name: fact.reconciliation for fact in (await session.database_sizes()).items}


def on_disk(folder: Path) -> int:
    """What the files of data in a folder take."""
    return sum(path.stat().st_blocks * BLOCK for path in folder.iterdir() if path.suffix in OF_DATA)


async def make(server: MySQLServer, database: str) -> None:
    await server.execute(f"USE {database}", *SHAPES, "FLUSH TABLES")


async def test_a_schema_of_every_shape_adds_up_to_its_files(
    server: MySQLServer, database: str
) -> None:
    await make(server, database)

    found = await tables_of(server.target(), database)

    parts = found.reconciliation
    assert parts is not None
    assert parts.objects_bytes == sum(fact.size_bytes or 0 for fact in found.items)
    assert parts.allocated_bytes == parts.whole_bytes
    assert abs(parts.unattributed_bytes) <= NEGLIGIBLE * parts.whole_bytes
    files = on_disk(server.mariadb.folder / "data" / database)
    assert abs(parts.whole_bytes - files) <= NEGLIGIBLE * files
    assert parts.buckets[BucketKind.FULL_TEXT] > 0
    assert parts.buckets[BucketKind.FREE] > 0


async def test_the_size_of_a_database_has_the_same_parts(
    server: MySQLServer, database: str
) -> None:
    await make(server, database)

    seen = (await tables_of(server.target(), database)).reconciliation
    parts = (await parts_of_databases(server.target()))[database]

    assert parts is not None
    assert seen is not None
    assert parts.objects_bytes == seen.objects_bytes
    assert parts.buckets.keys() == seen.buckets.keys()
    # The disk gives and takes blocks while the server writes back what it has in memory.
    assert abs(parts.whole_bytes - seen.whole_bytes) <= NEGLIGIBLE * seen.whole_bytes


async def test_without_process_the_parts_are_what_tables_hold(
    server: MySQLServer, database: str
) -> None:
    await server.execute(f"USE {database}", *SHAPES[:1])
    target = await server.make_account("REFERENCES")

    parts = (await tables_of(target, database)).reconciliation

    assert parts is not None
    assert parts.allocated_bytes is None
    assert parts.whole_bytes == parts.objects_bytes
    assert parts.buckets.keys() == {BucketKind.DATA, BucketKind.INDEX}


async def test_files_of_tables_that_cannot_be_seen_are_unattributed(
    server: MySQLServer, database: str
) -> None:
    await server.create_tables(database, ["open", "secret"])
    target = await server.make_account("PROCESS, SHOW DATABASES")
    await server.execute(f"GRANT REFERENCES ON {database}.open TO {target.username}")

    parts = (await tables_of(target, database)).reconciliation

    assert parts is not None
    assert parts.unattributed_bytes > 0
    assert parts.whole_bytes == parts.allocated_bytes


async def test_a_table_in_shared_files_is_shared(tmp_path: Path) -> None:
    async with started(tmp_path, "--innodb-file-per-table=0") as server:
        await server.execute("CREATE DATABASE shop", "USE shop", SHAPES[0])
        target = await server.make_account(COLLECTOR_GRANTS)
        parts = (await tables_of(target, "shop")).reconciliation

    assert parts is not None
    assert parts.buckets.keys() == {BucketKind.SHARED}
    assert parts.allocated_bytes == 0
    assert parts.whole_bytes == parts.objects_bytes


sizes = st.integers(min_value=0, max_value=2**40)


@given(data=sizes, index=sizes, file=sizes, hidden=sizes, full_text=sizes)
def test_the_parts_are_never_negative_and_add_up(
    data: int, index: int, file: int, hidden: int, full_text: int
) -> None:
    table = TableRow(
        name="one",
        file_name="one",
        kind=TableKind.TABLE,
        engine="InnoDB",
        row_count=None,
        data_bytes=data,
        index_bytes=index,
        comment="",
    )
    spaces = Spaces(hidden=[_space(4, hidden)])
    spaces.own["one"] = [_space(1, file)]
    spaces.full_text["one"] = [_space(2, full_text)]

    parts = reconciled("shop", [table], spaces)

    assert parts is not None
    assert all(size > 0 for size in parts.buckets.values())
    assert parts.whole_bytes == (file or data + index) + full_text + hidden
    assert parts.unattributed_bytes == hidden


def _space(number: int, allocated: int) -> Space:
    return Space(
        table_id=number, schema="shop", name="one", file_bytes=allocated, allocated_bytes=allocated
    )


@pytest.mark.parametrize("spaces", [None, Spaces()], ids=["unseen", "none"])
def test_an_empty_schema_has_no_parts(spaces: Spaces | None) -> None:
    parts = reconciled("shop", [], spaces)

    assert parts is not None
    assert parts.buckets == {}
    assert parts.whole_bytes == 0
