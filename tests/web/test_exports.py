"""CSV files: the page's filters, harmless cells, little memory, and nothing left behind."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterable
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from tests.factories import ADA, make_database, make_instance, make_tag
from tests.web.conftest import Browser
from whalefall.db import Database
from whalefall.errors import ServiceUnavailable
from whalefall.resolvers.databases import ledger_csv
from whalefall.web.csv import csv_response

LEDGER = "/api/v1/databases/ledgers/exports"
HEADER = [
    "database",
    "instance",
    "host",
    "engine",
    "tags",
    "size_bytes",
    "size",
    "collected_at",
    "freshness",
]
MANY = text("""
    INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on, size_bytes)
    SELECT id, 'database-' || n, current_date, current_date, n
      FROM instances, generate_series(1, 100000) AS n
""")


def rows(body: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body)))


async def test_ledger_leaves_with_its_filters(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        tag = await make_tag(session, "prod")
        instance = await make_instance(session, name="orders", tags=[tag])
        await make_database(session, instance, name="=cmd()", size_bytes=1536)
        await make_database(session, name="elsewhere")

    answer = await vera_browser.get(f"{LEDGER}?tags=prod&db_type=postgresql")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    named = r'attachment; filename="database_ledger_\d{8}_\d{6}\.csv"'
    assert re.fullmatch(named, answer.headers["content-disposition"])
    header, only = rows(answer.text)
    assert header == HEADER
    assert only[:7] == [
        "'=cmd()",
        "orders",
        "db.example.com",
        "POSTGRESQL",
        "prod",
        "1536",
        "1.5 KiB",
    ]


async def test_an_unknown_size_is_an_empty_cell(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        await make_database(session, name="unread")

    _, only = rows((await vera_browser.get(LEDGER)).text)

    assert only[5:] == ["", "", "", "NEVER"]


async def test_an_empty_ledger_still_has_its_header(vera_browser: Browser) -> None:
    assert rows((await vera_browser.get(LEDGER)).text) == [HEADER]


async def test_a_spreadsheet_gets_its_mark_when_asked(vera_browser: Browser) -> None:
    assert (await vera_browser.get(f"{LEDGER}?bom=1")).content.startswith(b"\xef\xbb\xbfdatabase")


async def test_instances_leave_too(db: Database, vera_browser: Browser) -> None:
    async with db.write() as session:
        await make_instance(session, name="orders")

    header, only = rows((await vera_browser.get("/api/v1/instances/exports")).text)

    assert header[0] == "name"
    assert only[0] == "orders"


async def test_signed_out_the_answer_is_an_envelope(nobody: Browser) -> None:
    answer = await nobody.get(LEDGER)

    assert answer.status_code == 401
    body = answer.json()
    assert (body["success"], body["error"]) == (False, True)
    assert body["message_code"] == "AUTHENTICATION_REQUIRED"


async def test_a_filter_without_sense_is_refused_in_the_envelope(vera_browser: Browser) -> None:
    answer = await vera_browser.get(f"{LEDGER}?instance_id=first")

    assert answer.status_code == 400
    assert answer.json()["message_code"] == "BAD_USER_INPUT"


async def test_a_hundred_thousand_rows_take_little_memory(db: Database) -> None:
    async with db.write() as session:
        await make_instance(session)
        await session.execute(MANY)
    process = psutil.Process()
    before = most = process.memory_info().rss
    lines = 0

    async for chunk in await _body(db):
        assert isinstance(chunk, bytes)
        lines += chunk.count(b"\n")
        most = max(most, process.memory_info().rss)

    assert lines == 100_001
    assert most - before < 50_000_000


async def test_a_reader_who_goes_away_leaves_no_statement_behind(db: Database) -> None:
    async with db.write() as session:
        await make_instance(session)
        await session.execute(MANY)

    left_behind = []
    for wanted in range(1, 7):  # COPY is met in another state each time
        chunks = await _body(db)
        async with asyncio.timeout(10):
            for _ in range(wanted):
                await anext(chunks)  # type: ignore[call-overload]
            await chunks.aclose()  # type: ignore[attr-defined]
        left_behind.append(await _copying(db))

    assert left_behind == [0] * 6


async def test_a_reader_who_takes_nothing_is_given_up(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whalefall.web.csv.STUCK_SECONDS", 0.1)
    copy, ended = db.copy, asyncio.Event()

    async def copy_and_tell(*arguments: Any, **named: Any) -> None:
        try:
            await copy(*arguments, **named)
        finally:
            ended.set()

    monkeypatch.setattr(db, "copy", copy_and_tell)
    async with db.write() as session:
        await make_instance(session)
        await session.execute(MANY)
    chunks = aiter(await _body(db))
    await anext(chunks)

    async with asyncio.timeout(10):
        await ended.wait()

    assert await _copying(db) == 0
    with pytest.raises(ServiceUnavailable):
        while True:
            await anext(chunks)


async def _copying(db: Database) -> int:
    """How many files are being made."""
    async with db.read() as session:
        copying = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY (%'"
        active = await session.execute(text(copying + " AND state = 'active'"))
        return int(active.scalar_one())


async def _body(db: Database) -> AsyncIterable[str | bytes | memoryview]:
    response = await csv_response(db, ledger_csv(ADA), name="ledger", bom=False)
    return response.body_iterator
