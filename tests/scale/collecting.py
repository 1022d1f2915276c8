"""A large target, collected by a worker through GraphQL, and looked at as people would."""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import orjson
import psutil

from benchmarks.installation import installed, opened
from tests.factories import make_credential, make_instance
from tests.scale import site
from tests.scale.targets import COLLECTOR, DATABASE, PASSWORD, TABLE, LargeTarget, filled
from whalefall.auth import Role
from whalefall.domain.tls import TlsMode
from whalefall.resolvers.users import create_user
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

PATIENCE_SECONDS, EVERY_SECONDS, ROUNDS = 300, 0.02, 7
TERMINAL = ("COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELLED")
LOGIN = """
    mutation ($input: LoginInput!) { login(input: $input) { accessToken errors { message } } }
"""
CAPACITY = """
    mutation ($input: SyncInstanceCapacityInput!) {
      outcome: syncInstanceCapacity(input: $input) { session { id } errors { code message } }
    }
"""
REFRESH = """
    mutation ($input: RefreshTableSizesInput!) {
      outcome: refreshTableSizes(input: $input) { session { id } errors { code message } }
    }
"""
SESSION = """
    query ($id: ID!) {
      syncSession(id: $id) {
        status records(first: 1) { nodes { elapsedMs itemsSeen error { code message } } }
      }
    }
"""
IDS = "query ($name: String!) { databases(filter: {search: $name}) { nodes { id } } }"
TABLES = """
    query ($id: ID!, $page: Int, $search: String) {
      database(id: $id) {
        tableSnapshot { complete tableCount }
        tableSizes(first: $page, filter: {search: $search}) {
          totalCount nodes { schemaName tableName sizeBytes rowCount quality }
        }
      }
    }
"""
LAST = "query ($id: ID!) { database(id: $id) { tableSizes(last: 50) { nodes { tableName } } } }"
LINK = re.compile(r'href="(/databases/\d+)"')
SEARCH = "query ($text: String!) { search(text: $text) { tables { tableName } } }"


@dataclass
class Seen:
    """The most of each while the worker read: bytes in its memory, sessions on the target; what a
    refresh took in seconds, how many tables it saved; median seconds of every answer after it."""

    tables: int
    saved: int = 0
    seconds: float = 0
    worker_bytes: int = 0
    sessions: int = 0
    sessions_left: int = 0
    ending: str = ""
    answers: dict[str, float] = field(default_factory=dict)


@dataclass
class Client:
    """A person: a browser with a session for pages, and a program with its token for queries."""

    http: httpx2.AsyncClient
    headers: dict[str, str]

    async def ask(self, query: str, **variables: object) -> Any:
        body = orjson.dumps({"query": query, "variables": variables})
        response = await self.http.post("/graphql", content=body, headers=self.headers)
        answer = orjson.loads(response.content)
        assert "errors" not in answer, answer
        return answer["data"]

    async def visit(self, path: str) -> str:
        response = await self.http.get(path)
        assert response.status_code == 200, response.text[:500]
        return response.text

    async def run(self, mutation: str, **given: object) -> Any:
        """Ask for a collection and wait for its end; the session."""
        outcome = (await self.ask(mutation, input={**given, "waitSeconds": 0}))["outcome"]
        assert outcome["errors"] == [], outcome
        id = outcome["session"]["id"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                session = (await self.ask(SESSION, id=id))["syncSession"]
                if session["status"] in TERMINAL:
                    return session
                await asyncio.sleep(0.1)


def collected(name: str, folder: Path) -> Seen:
    """Make the target of this name, have it read, look at it, and remove it."""
    with installed(folder / "ours") as settings:
        return asyncio.run(_collected(settings, name, folder / "target"))


async def _collected(settings: Settings, name: str, state: Path) -> Seen:
    async with filled(name, state) as target:
        allowed = (*settings.targets_allow, f"127.0.0.1:{target.port}")
        mine = replace(settings, targets_allow=allowed)
        instance_id = await _furnish(mine, target)
        with site.running(mine) as processes:
            await site.wait_until_ready(mine.port)
            worker = psutil.Process(processes["worker"].pid)
            async with _entered(mine) as client:
                seen = await _read(client, target, worker, instance_id)
                await target.lock_everything()
                await _look(client, seen)
        return seen


async def _furnish(settings: Settings, target: LargeTarget) -> str:
    async with opened(settings) as db, db.write() as session:
        await create_user(session, site.SCALE, "ada", site.PASSWORD, Role.ADMIN)
        credential = await make_credential(
            session, keys=db.keys, username=COLLECTOR, password=PASSWORD
        )
        instance = await make_instance(
            session,
            engine=target.engine,
            host="127.0.0.1",
            port=target.port,
            credential_id=credential.id,
            tls_mode=TlsMode.DISABLE,
        )
        return global_id("Instance", instance.id)


@asynccontextmanager
async def _entered(settings: Settings) -> AsyncIterator[Client]:
    address = f"http://127.0.0.1:{settings.port}"
    async with httpx2.AsyncClient(base_url=address, timeout=60, trust_env=False) as http:
        client = Client(http, {"Content-Type": "application/json", "Origin": address})
        given = {"username": "ada", "password": site.PASSWORD}
        login = (await client.ask(LOGIN, input=given))["login"]
        assert login["errors"] == []
        client.headers["Authorization"] = f"Bearer {login['accessToken']}"
        yield client


async def _read(
    client: Client, target: LargeTarget, worker: psutil.Process, instance_id: str
) -> Seen:
    """The inventory, then every table; watched all the while."""
    seen = Seen(tables=target.tables)
    async with _watched(seen, target, worker):
        session = await client.run(CAPACITY, instanceId=instance_id)
        assert session["status"] == "COMPLETED", session
        (database,) = (await client.ask(IDS, name=DATABASE))["databases"]["nodes"]
        began = time.monotonic()
        session = await client.run(REFRESH, databaseId=database["id"])
        seen.seconds = time.monotonic() - began
    seen.ending, (record,) = session["status"], session["records"]["nodes"]
    seen.saved = record["itemsSeen"]
    seen.sessions_left = await target.sessions()
    return seen


@asynccontextmanager
async def _watched(seen: Seen, target: LargeTarget, worker: psutil.Process) -> AsyncIterator[None]:
    async def look() -> None:
        while True:
            seen.sessions = max(seen.sessions, await target.sessions())
            seen.worker_bytes = max(seen.worker_bytes, worker.memory_info().rss)
            await asyncio.sleep(EVERY_SECONDS)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()  # raises what ended the looking early


async def _look(client: Client, seen: Seen) -> None:
    """What people ask of such a database, each several times."""
    (database,) = (await client.ask(IDS, name=DATABASE))["databases"]["nodes"]
    id = database["id"]

    async def tables(page: int, search: str | None = None) -> None:
        answer = (await client.ask(TABLES, id=id, page=page, search=search))["database"]
        assert answer["tableSnapshot"]["tableCount"] == seen.tables
        assert answer["tableSizes"]["totalCount"] >= 1

    async def last() -> None:
        answer = (await client.ask(LAST, id=id))["database"]["tableSizes"]
        assert len(answer["nodes"]) == 50

    async def found() -> None:
        assert (await client.ask(SEARCH, text=f"{TABLE}{seen.tables - 1}"))["search"]["tables"]

    listed = LINK.search(await client.visit(f"/databases/ledgers?search={DATABASE}"))
    assert listed is not None
    page = listed[1]
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "50 tables, with their number": lambda: tables(50),
        "2,000 tables, with their number": lambda: tables(2_000),
        "tables by a part of their name": lambda: tables(50, "many_1999"),
        "the last 50 tables": last,
        "search for a table": found,
        "page: database": lambda: client.visit(page),
        "page: 200 tables": lambda: client.visit(f"{page}/tables"),
        "page: tables by a part of their name": lambda: client.visit(
            f"{page}/tables?search=many_1999"
        ),
    }
    for name, ask in asked.items():
        seen.answers[name] = await _median(ask)


async def _median(ask: Callable[[], Awaitable[object]]) -> float:
    """Seconds, after a first time that makes plans and fills caches."""
    await ask()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
