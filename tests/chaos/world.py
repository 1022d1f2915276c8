"""A WhaleFall of processes: workers and schedulers that may be killed, servers that come back."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
from sqlalchemy import text

from tests.chaos.pages import LOOK_SECONDS, PATIENCE_SECONDS, until_answered
from tests.factories import (
    ADA,
    OTTO,
    POSTGRESQL,
    make_credential,
    make_database,
    make_instance,
    make_user,
)
from tests.faults.proxy import Fault, FaultProxy, fault_proxy
from whalefall.auth import Role
from whalefall.crypto import generate_key_line
from whalefall.db import Database, migrate
from whalefall.domain.states import SyncTrigger
from whalefall.embedded import (
    EmbeddedPostgres,
    EmbeddedValkey,
    running_postgres,
    running_valkey,
)
from whalefall.embedded.launch import free_port
from whalefall.errors import ServiceUnavailable
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.sessions import start_table_sizes
from whalefall.resolvers.users import create_api_token
from whalefall.settings import Settings

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("WHALEFALL_CHAOS_SEED") or 1)
SLOW_SECONDS = 0.05  # for each chunk between a worker and its target
TABLES = 30
# What is committed outlives the death of the server, if not that of the machine.
LASTING = {"synchronous_commit": "on"}
UNENDED = """
    SELECT count(*) AS count FROM sync_instance_records
     WHERE status NOT IN ('COMPLETED', 'COMPLETED_WITH_ERRORS', 'FAILED', 'CANCELLED')
"""


@dataclass
class World:
    """`database_ids` are shops on a server of somebody else's, behind a slow wire."""

    settings: Settings
    state: Path
    db: Database
    postgres: EmbeddedPostgres
    target: EmbeddedPostgres
    valkey: EmbeddedValkey
    proxy: FaultProxy
    random: Random
    root: Path = ROOT  # of the version that processes are started of
    database_ids: list[int] = field(default_factory=list)
    processes: dict[str, list[subprocess.Popen[bytes]]] = field(default_factory=dict)
    came_back: ExitStack = field(default_factory=ExitStack)  # servers that were started again

    def spawn(
        self, command: str, count: int = 1, *, module: str = "whalefall", **other: str
    ) -> None:
        """Start `python -m MODULE COMMAND`, so often; `other` settings stand for the usual ones."""
        names = ("database_url", "redis_url", "secret_keys", "port")
        settings = {name: str(getattr(self.settings, name)) for name in names}
        settings |= {"targets_allow": ",".join(self.settings.targets_allow), **other}
        given = {f"WHALEFALL_{name.upper()}": value for name, value in settings.items()}
        for _ in range(count):
            process = subprocess.Popen(
                [sys.executable, "-m", module, command],
                env={**os.environ, **given},
                cwd=self.root,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self.processes.setdefault(command, []).append(process)

    def kill_one(self, command: str) -> None:
        """As if the power had failed for one of them; another takes its place."""
        victim = self.random.choice(self.processes[command])
        self.processes[command].remove(victim)
        victim.kill()
        victim.wait()
        self.spawn(command)

    async def kill_database(self, number: signal.Signals = signal.SIGKILL) -> None:
        """As if the power had failed for our own PostgreSQL; then it comes back, on its port.

        With SIGINT it is shut down as for a change of its settings.
        """
        await _end(self.postgres, number)
        self.postgres = self.came_back.enter_context(
            running_postgres(self.state / "ours", **LASTING)
        )

    async def kill_broker(self) -> None:
        await _end(self.valkey, signal.SIGKILL)

    async def start_broker(self) -> None:
        """Again, on its port, with what it had written down."""
        state = self.state / "ours"
        self.valkey = await asyncio.to_thread(EmbeddedValkey.start, state)
        self.came_back.enter_context(self.valkey)

    @asynccontextmanager
    async def browsing(self, **other: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A web process, and a program of an administrator's in front of it."""
        async with self.db.write() as session:
            user = await make_user(session, role=Role.ADMIN)
            token = await create_api_token(session, ADA, user.username, "chaos")
        self.spawn("serve", 1, module="whalefall", **other)
        address = f"http://127.0.0.1:{self.settings.port}"
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(
            base_url=address, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS
        ) as client:
            await until_answered(client)
            yield client

    def stop_all(self) -> None:
        for process in [one for each in self.processes.values() for one in each]:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        self.processes.clear()

    def retire_all(self) -> None:
        """Let all processes end their work and stop, as for an upgrade."""
        retiring = [one for each in self.processes.values() for one in each]
        self.processes.clear()
        for process in retiring:
            process.terminate()
        for process in retiring:
            process.wait(PATIENCE_SECONDS)

    async def refresh(self, database_id: int) -> int:
        """Ask for the tables of a shop; the id of the session."""
        async with self.db.write() as session:
            return await start_table_sizes(session, OTTO, database_id, trigger=SyncTrigger.API)

    async def refresh_all(self) -> list[int]:
        return [await self.refresh(database_id) for database_id in self.database_ids]

    async def run(self, sql: str) -> None:
        async with self.db.write() as session:
            await session.execute(text(sql))

    async def until_running(self) -> None:
        """Until a worker has done something: starting takes it a while."""
        await self.refresh(self.database_ids[-1])
        await self.until_ended()
        await self.run("DELETE FROM table_snapshots")
        await self.run("DELETE FROM database_table_size_stats")

    async def one(self, sql: str, **values: Any) -> dict[str, Any]:
        async with self.db.read() as session:
            return dict((await session.execute(text(sql), values)).mappings().one())

    async def all(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        async with self.db.read() as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def until_ended(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Until no record waits or runs. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if (await self.one(UNENDED))["count"] == 0:
                        return
                except ServiceUnavailable:
                    pass  # it was killed, and is coming back
                await asyncio.sleep(LOOK_SECONDS)

    async def until_logged(self, words: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Until our PostgreSQL has said so in its log. Raises TimeoutError."""
        log = self.state / "ours" / "postgres.log"
        async with asyncio.timeout(seconds):
            while words not in log.read_text():  # noqa: ASYNC110 - as above
                await asyncio.sleep(LOOK_SECONDS)

    async def until(self, sql: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Until the statement's one value is true. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not next(iter((await self.one(sql)).values())):  # noqa: ASYNC110 - as above
                await asyncio.sleep(LOOK_SECONDS)

    async def assert_whole(self, sessions: Sequence[int]) -> None:
        """Every session is done, each of its records once, and every snapshot is one reading."""
        found = await self.all(
            "SELECT status, attempt, error_code, error_message FROM sync_instance_records"
            " WHERE session_id = ANY(:ids)",
            ids=list(sessions),
        )
        assert {row["status"] for row in found} == {"COMPLETED"}, found
        assert len(found) == len(set(sessions))
        heads = await self.all(
            "SELECT head.database_id, head.table_count, count(stat.id) AS rows"
            "  FROM table_snapshots AS head"
            "  LEFT JOIN database_table_size_stats AS stat USING (database_id)"
            " WHERE head.collected_at IS NOT NULL GROUP BY 1, 2"
        )
        assert {(row["table_count"], row["rows"]) for row in heads} == {(TABLES, TABLES)}
        left = await self.one(
            "SELECT count(*) AS count FROM target_leases WHERE expires_at > now()"
        )
        assert left["count"] == 0


async def _end(server: EmbeddedPostgres | EmbeddedValkey, number: signal.Signals) -> None:
    assert server.child is not None
    assert server.ownership is not None
    os.kill(server.pid, number)
    await asyncio.to_thread(server.child.wait)
    server.ownership.close()


@asynccontextmanager
async def world(folder: Path, seed: int, shops: int) -> AsyncIterator[World]:
    """Private servers, a customer's server with shops on it, and no process yet."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(running_postgres(folder / "ours", **LASTING))
        target = stack.enter_context(running_postgres(folder / "theirs", max_connections="200"))
        valkey = stack.enter_context(running_valkey(folder / "ours"))
        await asyncio.to_thread(migrate, postgres.url)  # which has a loop of its own
        url = urlsplit(target.url)
        proxy = await stack.enter_async_context(fault_proxy("127.0.0.1", url.port or 0))
        settings = Settings(
            database_url=postgres.url,
            redis_url=valkey.url,
            secret_keys=generate_key_line(),
            targets_allow=(f"127.0.0.1:{proxy.port}",),
            log_level="ERROR",
            port=free_port(),
        )
        broker = make_broker(settings.redis_url)

        async def send_job(job: Job) -> None:
            await asyncio.to_thread(send, broker, job)

        db = Database.of(settings, send=send_job)
        await db.open()
        stack.push_async_callback(db.close)
        made = World(settings, folder, db, postgres, target, valkey, proxy, Random(seed))
        stack.enter_context(made.came_back)
        stack.callback(made.stop_all)
        await _furnish(made, shops)
        await proxy.set(Fault.LATENCY, seconds=SLOW_SECONDS)
        yield made


async def _furnish(made: World, shops: int) -> None:
    """Every shop is a database of its own on an instance of its own."""
    owner = await asyncpg.connect(made.target.superuser_url)
    url = urlsplit(made.target.superuser_url)
    for number in range(shops):
        name = f"shop_{number}"
        await owner.execute(f"CREATE DATABASE {name}")
        inside = await asyncpg.connect(made.target.superuser_url, database=name)
        for table in range(TABLES):
            await inside.execute(f"CREATE TABLE orders_{table} (id integer)")
        await inside.close()
        async with made.db.write() as session:
            credential = await make_credential(
                session, made.db.keys, username=url.username, password=url.password or ""
            )
            instance = await make_instance(
                session,
                engine=POSTGRESQL,
                host=made.proxy.host,
                port=made.proxy.port,
                credential_id=credential.id,
            )
            made.database_ids.append((await make_database(session, instance, name=name)).id)
    await owner.close()
