"""What a database takes as a whole."""

from pathlib import Path

from tests.adapters.mysql.reading import bytes_on_disk, read, read_total
from tests.adapters.mysql.server import MySQLServer, started
from whalefall.domain.facts import Quality, SkipReason


async def test_total_is_what_the_files_take(server: MySQLServer, database: str) -> None:
    await server.create_tables(database, ["a", "b"])

    total = await read_total(server.target(), database)

    assert total.size_bytes == bytes_on_disk(server, database)
    assert total.quality is Quality.EXACT


async def test_empty_database_takes_nothing(server: MySQLServer, database: str) -> None:
    total = await read_total(server.target(), database)

    assert (total.size_bytes, total.quality) == (0, Quality.EXACT)


async def test_databases_whose_names_differ_in_case_are_kept_apart(
    server: MySQLServer, database: str
) -> None:
    namesake = database.upper()
    await server.create_database(namesake)
    await server.create_tables(database, ["small"])
    await server.create_tables(namesake, ["LARGE"])

    tables = await read(server.target(), namesake)
    total = await read_total(server.target(), database)
    await server.drop_database(namesake)

    assert [fact.table_name for fact in tables.items] == ["LARGE"]
    assert tables.complete
    assert total.size_bytes == bytes_on_disk(server, database)


async def test_files_that_the_server_has_not_opened_are_not_taken_for_nothing(
    tmp_path: Path,
) -> None:
    """After a restart MariaDB lists a full-text file only once it is used."""
    async with started(tmp_path) as server:
        await server.execute(
            "CREATE DATABASE shop",
            "CREATE TABLE shop.searched (id INT PRIMARY KEY, body TEXT, FULLTEXT (body))",
            "CREATE TABLE shop.plain (id INT PRIMARY KEY)",
        )

    async with started(tmp_path, "--skip-innodb-buffer-pool-load-at-startup") as server:
        tables = await read(server.admin(), "shop")
        total = await read_total(server.admin(), "shop")

    facts = {fact.table_name: fact for fact in tables.items}
    assert tables.complete
    assert (facts["plain"].allocated_bytes or 0) > 0
    assert facts["searched"].allocated_bytes is None
    assert facts["searched"].quality is Quality.PARTIAL
    assert facts["searched"].reason is SkipReason.NOT_COLLECTED
    assert (total.quality, total.reason) == (Quality.PARTIAL, SkipReason.NOT_COLLECTED)
