"""The ledger's page of 50 through GraphQL, against the same answer written by hand in SQL."""

import asyncio
import http.client
import json
import time
from typing import Any

from sqlalchemy import text

from benchmarks.installation import make_token, process
from benchmarks.measuring import medians, say
from whalefall.db import Database

REQUESTS = 40  # in a row, for each round
PATIENCE_SECONDS = 60
QUERY = """{ databases(first: 50) {
    nodes { id name sizeBytes sizeCollectedAt instance { name host engine } }
    pageInfo { hasNextPage } } }"""
INSTANCES = text("""
    INSERT INTO instances (name, engine, host, port)
    SELECT 'instance-' || lpad(i::text, 4, '0'), 'POSTGRESQL', 'db' || i || '.example.com', 5432
      FROM generate_series(1, 500) AS i
""")
DATABASES = text("""
    INSERT INTO instance_databases (instance_id, name, first_seen_on, last_seen_on, size_bytes,
                                    size_quality, size_reason, size_collected_at)
    SELECT i.id, 'database_' || lpad(n::text, 2, '0'), '2026-01-01', '2026-01-02',
           i.id * 1000003 + n, 'EXACT', NULL, now()
      FROM instances AS i, generate_series(1, 40) AS n
""")


async def bench_ledger(db: Database) -> None:
    """Prints the ratio; raises when both answers are not the same."""
    token = await make_token(db)
    async with db.write() as session:
        await session.execute(INSTANCES)
        await session.execute(DATABASES)
    await _analyze(db)
    with process(db.settings, "benchmarks.ledger_server"):
        client = await asyncio.to_thread(Client, db.settings.port, token)
        if client.by_graphql() != client.by_hand():
            raise AssertionError("GraphQL and SQL do not give the same answer")
        seconds = await medians({"graphql": client.run_graphql, "hand": client.run_hand})
    print("Ledger page of 50 from 20,000 databases, one request at a time over HTTP")
    say("the same SQL as JSON text", seconds["hand"] / REQUESTS, seconds["hand"] / REQUESTS, "it")
    graphql, hand = (seconds[name] / REQUESTS for name in ("graphql", "hand"))
    say("GraphQL", graphql, hand, "the SQL")


class Client:
    """One kept connection to the web process, which it waits for."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._body = json.dumps({"query": QUERY})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError("the web process does not answer")
            time.sleep(0.1)

    def by_graphql(self) -> Any:
        return json.loads(self._ask("POST", "/graphql", self._body))

    def by_hand(self) -> Any:
        return json.loads(self._ask("GET", "/ledger-by-hand"))

    async def run_graphql(self) -> None:
        for _ in range(REQUESTS):
            self._ask("POST", "/graphql", self._body)

    async def run_hand(self) -> None:
        for _ in range(REQUESTS):
            self._ask("GET", "/ledger-by-hand")

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != http.HTTPStatus.OK:
            raise AssertionError(answer.decode())
        return answer

    def _is_ready(self) -> bool:
        try:
            self._ask("GET", "/readyz")
        except (OSError, AssertionError):
            self._connection.close()
            return False
        return True


async def _analyze(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("ANALYZE instances, instance_databases"))
