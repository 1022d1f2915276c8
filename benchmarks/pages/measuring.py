"""First byte of each list, as a person's browser gets it, and the list's own SQL in turns."""

import asyncio
import gzip
import http.client
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks import estates
from benchmarks.installation import BENCH, installed_with, make_token, opened
from benchmarks.listening import Sent, listening
from benchmarks.measuring import rotated
from benchmarks.reporting import Report
from benchmarks.servers import running
from whalefall.auth import Actor
from whalefall.db import PLANNED_EACH_TIME, ReadSession, plain_url
from whalefall.resolvers.audit_entries import list_audit_entries
from whalefall.resolvers.credentials import list_credentials
from whalefall.resolvers.databases import list_ledger
from whalefall.resolvers.instances import list_instances
from whalefall.resolvers.sync import list_sync_sessions
from whalefall.resolvers.tags import list_tags
from whalefall.resolvers.users import list_users
from whalefall.settings import Settings

SIZE = estates.PAGES
PEOPLE = Path(__file__).with_name("people.sql").read_text()
GOAL_RATIO, GOAL_MS, GOAL_BYTES = 3, 150, 120 * 1024
LEAST = 20  # readings of a page: a median of fewer says little
LISTS: Mapping[str, Callable[[ReadSession, Actor], Awaitable[Any]]] = {
    "/databases/ledgers": list_ledger,
    "/instances": list_instances,
    "/sync-sessions": list_sync_sessions,
    "/credentials": list_credentials,
    "/tags": list_tags,
    "/users": list_users,
    "/audit": list_audit_entries,
}


@dataclass
class ListPage:
    """A list: its SQL, and all readings in seconds."""

    path: str
    statement: Sent
    status: int = 0
    bytes: int = 0
    packed: int = 0
    first_byte: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        return statistics.median(self.first_byte) * 1000

    @property
    def sql_ms(self) -> float:
        return statistics.median(self.sql) * 1000


def bench_pages(folder: Path, rounds: int) -> None:
    """Print and keep the report."""
    with ExitStack() as stack:
        settings, _ = stack.enter_context(installed_with(SIZE, folder))
        token, pages = asyncio.run(_prepare(settings))
        (server,) = stack.enter_context(running(["whalefall"], settings, token))
        asyncio.run(_measure(settings, pages, server.port, token, max(rounds, LEAST)))
    report = Report("pages")
    title = f"Lists over {SIZE.instances:,} instances, {SIZE.databases:,} databases, one month"
    report.table(title, list(_rows(pages)))


async def _prepare(settings: Settings) -> tuple[str, list[ListPage]]:
    """Fill what is missing, and listen to what each list asks PostgreSQL."""
    async with opened(settings) as db:
        raw = await asyncpg.connect(plain_url(settings.database_url))
        if not await raw.fetchval("SELECT EXISTS (SELECT FROM credentials)"):
            await raw.execute(PEOPLE)
            await raw.execute("VACUUM (FREEZE, ANALYZE)")
        await raw.close()
        token = await make_token(db)
        pages = []
        for path, operation in LISTS.items():
            with listening(db) as sent:
                async with db.read() as session:
                    await operation(session, BENCH)
            pages.append(ListPage(path, sent[-1]))
    return token, pages


async def _measure(
    settings: Settings, pages: list[ListPage], port: int, token: str, rounds: int
) -> None:
    raw = await asyncpg.connect(
        plain_url(settings.database_url), server_settings={"jit": "off", **PLANNED_EACH_TIME}
    )
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for turn in range(rounds + 3):  # the first three only warm up
        for page in rotated(pages, turn):
            began = time.perf_counter()
            await raw.fetch(page.statement[0], *page.statement[1])
            sql = time.perf_counter() - began
            first_byte, whole = _ask(connection, page, token)
            if turn > 2:
                page.sql.append(sql)
                page.first_byte.append(first_byte)
                page.whole.append(whole)
    connection.close()
    await raw.close()


def _ask(connection: http.client.HTTPConnection, page: ListPage, token: str) -> tuple[float, float]:
    """Seconds to the first byte and to the last."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "text/html",
        "Accept-Encoding": "gzip",
        "Accept-Language": "en",
    }
    began = time.perf_counter()
    connection.request("GET", page.path, headers=headers)
    response = connection.getresponse()
    first_byte = time.perf_counter() - began
    body = response.read()
    whole = time.perf_counter() - began
    page.packed, page.status = len(body), response.status
    page.bytes = len(gzip.decompress(body) if response.getheader("Content-Encoding") else body)
    return first_byte, whole


def _rows(pages: list[ListPage]) -> Iterator[list[str]]:
    """Medians; beside them the least, which tells how far others disturbed the run."""
    yield [
        "list",
        "status",
        "first byte ms",
        "least",
        "whole ms",
        "its SQL ms",
        "x SQL",
        "KiB of HTML",
        "packed",
        "misses",
    ]
    for page in pages:
        ratio = page.ms / page.sql_ms
        yield [
            page.path,
            str(page.status),
            f"{page.ms:.1f}",
            f"{min(page.first_byte) * 1000:.1f}",
            f"{statistics.median(page.whole) * 1000:.1f}",
            f"{page.sql_ms:.1f}",
            f"{ratio:.1f}",
            f"{page.bytes / 1024:.0f}",
            f"{page.packed / 1024:.0f}",
            ", ".join(_misses(page, ratio)) or "-",
        ]


def _misses(page: ListPage, ratio: float) -> Iterator[str]:
    if page.status != http.HTTPStatus.OK:
        yield "no page"
    if ratio > GOAL_RATIO:
        yield f"{GOAL_RATIO} x SQL"
    if page.ms >= GOAL_MS:
        yield f"{GOAL_MS} ms"
    if page.bytes > GOAL_BYTES:
        yield f"{GOAL_BYTES // 1024} KiB"
