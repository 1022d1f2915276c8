"""One customer behind the fault proxy, and the operations that read it, as a worker runs them."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import text

from tests.factories import ADA, make_credential, make_database, make_instance
from tests.faults.customers import Customer
from tests.faults.proxy import Fault, FaultProxy
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import SyncTrigger
from whalefall.queue import Job
from whalefall.resolvers.collection import collect_capacity, collect_table_sizes
from whalefall.resolvers.sessions import start_capacity, start_table_sizes

WORKER = Actor.system("worker")
TABLES, CAPACITY = "table_sizes", "capacity"
OPERATIONS: Mapping[str, Callable[..., Any]] = {
    TABLES: collect_table_sizes,
    CAPACITY: collect_capacity,
}
OK, PARTLY = "ok", "partly"

TABLE_ROWS = text("""
    SELECT table_name AS name, true AS is_shown, quality, to_jsonb(stats)::text AS whole
      FROM database_table_size_stats AS stats WHERE database_id = :database_id
""")
DATABASE_ROWS = text("""
    SELECT name, is_active AS is_shown, size_quality AS quality, to_jsonb(known)::text AS whole
      FROM instance_databases AS known WHERE instance_id = :instance_id
""")
TABLE_HEAD = text("""
    SELECT collected_at, table_count, complete FROM table_snapshots
     WHERE database_id = :database_id
""")
DATABASE_HEAD = text("""
    SELECT size_collected_at, database_count, total_size_bytes,
           (SELECT md5(string_agg(to_jsonb(day)::text, '' ORDER BY database_id, stat_date))
              FROM database_size_stats AS day WHERE instance_id = :instance_id)
      FROM instances WHERE id = :instance_id
""")
MOVE = text("UPDATE instances SET host = :host, port = :port WHERE id = :id")
RECORD = text("SELECT * FROM sync_instance_records ORDER BY id DESC LIMIT 1")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What we show of a customer: the names, whether each is up to date, and every byte of it."""

    names: frozenset[str]
    stale: frozenset[str]
    whole: frozenset[str]
    head: tuple[Any, ...]

    @property
    def collected_at(self) -> Any:
        return self.head[0]

    @property
    def count(self) -> int:
        """The number that is said beside the names."""
        return int(self.head[1] or 0)


@dataclass(frozen=True, kw_only=True)
class Run:
    """How one operation went: `ending` is ok, `partly CODE`, or the CODE that it failed with."""

    ending: str
    record: Mapping[str, Any]
    seconds: float
    connections: int
    most_at_once: int


@dataclass
class Scene:
    """`operation` reads `customer` through `proxy`. What a fault opens goes on `held`, and is
    closed when the fault is over."""

    db: Database
    jobs: list[Job]
    customer: Customer
    proxy: FaultProxy
    operation: str
    instance_id: int = 0
    database_id: int = 0
    ports: Mapping[str, int] = field(default_factory=dict)  # of servers of another kind
    answered_bytes: int = 0  # by a good run
    questions: list[int] = field(default_factory=list)
    held: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def furnish(self) -> None:
        """The instance, its credential and its database, as people would have entered them."""
        mine = self.customer
        async with self.db.write() as session:
            credential = await make_credential(
                session, keys=self.db.keys, username=mine.username, password=mine.secret
            )
            instance = await make_instance(
                session,
                engine=mine.engine,
                host=self.proxy.host,
                port=self.proxy.port,
                credential_id=credential.id,
                database_name=mine.first_database,
            )
            database = await make_database(session, instance, name=mine.shop)
            self.instance_id, self.database_id = instance.id, database.id

    async def remember_a_good_run(self) -> None:
        """Collect once, and note how much the server said."""
        run = await self.run(60)
        assert run.ending == OK, run.record
        self.answered_bytes = self.proxy.answered_bytes
        self.questions = self.proxy.questions

    async def cut(self, fault: Fault, part: float) -> None:
        """A CUTTING fault after this part of what a good run was answered."""
        await self.proxy.set(fault, after_bytes=round(self.answered_bytes * part))

    async def run(self, seconds: float) -> Run:
        """Ask for the operation, and do its job within `seconds`."""
        limits = {"capacity_seconds": seconds, "table_sizes_seconds": seconds}
        self.db.settings = replace(self.db.settings, **limits)  # type: ignore[arg-type]
        self.proxy.count_anew()
        async with self.db.write() as session:
            if self.operation == CAPACITY:
                await start_capacity(session, ADA, self.instance_id, trigger=SyncTrigger.API)
            else:
                await start_table_sizes(session, ADA, self.database_id, trigger=SyncTrigger.API)
        (job,) = self.jobs
        self.jobs.clear()
        started = time.monotonic()
        await OPERATIONS[self.operation](self.db, WORKER, **job.ids)
        took = time.monotonic() - started
        record = await self.one(RECORD)
        code, proxy = record["error_code"], self.proxy
        endings = {"COMPLETED": OK, "COMPLETED_WITH_ERRORS": f"{PARTLY} {code}"}
        return Run(
            ending=endings.get(record["status"], str(code)),
            record=record,
            seconds=took,
            connections=proxy.connections,
            most_at_once=proxy.most_at_once,
        )

    async def picture(self) -> Picture:
        rows_of, head_of = (
            (DATABASE_ROWS, DATABASE_HEAD)
            if self.operation == CAPACITY
            else (TABLE_ROWS, TABLE_HEAD)
        )
        async with self.db.read() as session:
            rows = (await session.execute(rows_of, self._parameters(rows_of))).all()
            head = (await session.execute(head_of, self._parameters(head_of))).first()
        return Picture(
            names=frozenset(row.name for row in rows if row.is_shown),
            stale=frozenset(row.name for row in rows if row.is_shown and row.quality == "STALE"),
            whole=frozenset(row.whole for row in rows),
            head=tuple(head or (None, None, False)),
        )

    async def truth(self) -> set[str]:
        """The names that the customer has now."""
        mine = self.customer
        return await (mine.databases() if self.operation == CAPACITY else mine.tables())

    async def move(self, host: str, port: int) -> None:
        """The instance is said to be there."""
        async with self.db.write() as session:
            await session.execute(MOVE, {"host": host, "port": port, "id": self.instance_id})

    async def mend(self) -> None:
        """The fault is over."""
        await self.held.aclose()
        await self.move(self.proxy.host, self.proxy.port)
        self.proxy.lead_to(*self.customer.address)
        await self.proxy.set(Fault.PASS)
        await self.customer.restore()

    async def one(self, sql: Any) -> Mapping[str, Any]:
        async with self.db.read() as session:
            return dict((await session.execute(sql)).mappings().one())

    async def asked(self, sql: str) -> Mapping[str, Any]:
        """The one row that a question of a test's has."""
        return await self.one(text(sql))

    def _parameters(self, sql: Any) -> dict[str, int]:
        here = {"instance_id": self.instance_id, "database_id": self.database_id}
        return {name: value for name, value in here.items() if f":{name}" in str(sql)}
