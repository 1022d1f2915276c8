"""The ledger as CSV: its cells, and that no spreadsheet takes one for a formula."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.factories import NOBODY, VERA, make_database, make_instance, make_tag
from whalefall.db import WriteSession
from whalefall.domain.paging import Direction, OrderBy
from whalefall.errors import AuthenticationRequired
from whalefall.resolvers.databases import DatabaseFilter, DatabaseOrderField, ledger_csv

COLUMNS = (  # a contract
    "database,instance,host,engine,tags,size_bytes,size,collected_at,freshness"
)


async def csv_rows(session: WriteSession, **arguments: Any) -> list[dict[str, str]]:
    """The CSV as PostgreSQL writes it, from within the test's own transaction."""
    sql, values = ledger_csv(VERA, **arguments)
    connection = await (await session.connection()).get_raw_connection()
    written = io.BytesIO()
    driver: Any = connection.driver_connection
    await driver.copy_from_query(sql, *values, output=written, format="csv", header=True)
    return list(csv.DictReader(io.StringIO(written.getvalue().decode(), newline="")))


async def test_the_csv_has_a_fixed_header_and_empty_cells_for_null(session: WriteSession) -> None:
    tags = [await make_tag(session, "prod"), await make_tag(session, "crm")]
    instance = await make_instance(session, name="i", host="h", tags=tags)
    await make_database(
        session,
        instance,
        name="a",
        size_bytes=1_610_612_736,
        size_collected_at=datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC),
    )
    await make_database(session, instance, name="b")

    first, second = await csv_rows(session)

    assert ",".join(first) == COLUMNS
    assert list(first.values()) == [
        "a",
        "i",
        "h",
        "POSTGRESQL",
        "crm;prod",
        "1610612736",
        "1.5 GiB",
        "2026-01-02T03:04:05Z",
        "OVERDUE",
    ]
    assert [second[name] for name in ("size_bytes", "size", "collected_at")] == ["", "", ""]
    assert second["freshness"] == "NEVER"


@pytest.mark.parametrize(
    "name",
    [
        "=cmd|' /C calc'!A0",
        "+1",
        "-5",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1",
        "\u00a0=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ],
)
async def test_no_cell_of_the_csv_is_a_formula(session: WriteSession, name: str) -> None:
    await make_database(session, name=name)

    (row,) = await csv_rows(session)

    assert row["database"] == "'" + name


@pytest.mark.parametrize("name", ["a=b", "x-1", "'quoted'", 'say "hi", you', "a\nb", "😀", "\\1"])
async def test_other_names_pass_through_the_csv_unchanged(session: WriteSession, name: str) -> None:
    await make_database(session, name=name)

    (row,) = await csv_rows(session)

    assert row["database"] == name


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_048_576, "1.0 MiB"),
        (5 * 1024**4 // 2, "2.5 TiB"),
        (2**62, "4096.0 PiB"),
    ],
)
async def test_sizes_are_shown_in_binary_units(
    session: WriteSession, size: int, shown: str
) -> None:
    await make_database(session, size_bytes=size)

    (row,) = await csv_rows(session)

    assert (row["size_bytes"], row["size"]) == (str(size), shown)


async def test_the_csv_follows_filter_and_order(session: WriteSession) -> None:
    instance = await make_instance(session)
    for size in (5, 7, None, 1):
        await make_database(session, instance, name=f"db{size}", size_bytes=size)
    order = OrderBy(DatabaseOrderField.SIZE, Direction.DESC)

    rows = await csv_rows(session, filter=DatabaseFilter(search="db"), order=order)

    assert [row["database"] for row in rows] == ["db7", "db5", "db1", "dbNone"]


def test_nobody_gets_no_csv() -> None:
    with pytest.raises(AuthenticationRequired):
        ledger_csv(NOBODY)
