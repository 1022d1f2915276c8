"""A thousand servers that are not there: each answers, fails or hangs as its number says.

Run as a module it is `python -m whalefall`, but knows their engine: workers that read them.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from sqlalchemy import text

from benchmarks.installation import opened, process
from tests.factories import make_credential, make_instance
from whalefall.__main__ import main
from whalefall.adapters import ADAPTERS
from whalefall.adapters.base import Limits, Target
from whalefall.db import Database
from whalefall.domain.engines import ENGINES, Engine, EngineKind
from whalefall.domain.facts import Collected, DatabaseFact, DatabaseSizeFact, ServerFact, TableFact
from whalefall.domain.privileges import AccountScript, PrivilegeCheck
from whalefall.domain.sizes import Bytes
from whalefall.errors import Code, TargetProblem
from whalefall.settings import Settings

SIMULATED = Engine("SIMULATED")
INSTANCES, HANG_PERCENT, FAIL_PERCENT = 1000, 3, 2
SLOWEST_SECONDS, QUICKEST_SECONDS = 3.0, 0.2
FIRST_PORT = 10_000
SEED = 7
LOOK_SECONDS = 0.5
CODES = """
    SELECT status, error_code, count(*) AS records, count(DISTINCT instance_id) AS instances,
           max(attempt) AS attempts
      FROM sync_instance_records GROUP BY status, error_code
"""


class Fate(StrEnum):
    ANSWERS = "ANSWERS"
    FAILS = "FAILS"
    HANGS = "HANGS"


@dataclass(frozen=True)
class Server:
    """What becomes of whom asks it."""

    fate: Fate
    seconds: float
    databases: int


def server_at(port: int) -> Server:
    """The same in every process."""
    place = port - FIRST_PORT
    random = Random(SEED * INSTANCES + place)
    drawn = Random(SEED).sample(range(INSTANCES), INSTANCES)[place] * 100 // INSTANCES
    fate = Fate.ANSWERS
    if drawn < HANG_PERCENT + FAIL_PERCENT:
        fate = Fate.HANGS if drawn < HANG_PERCENT else Fate.FAILS
    seconds = random.uniform(QUICKEST_SECONDS, SLOWEST_SECONDS)
    return Server(fate, seconds, random.randint(1, 20))


class SimulatedSession:
    server = ServerFact(
        product="Simulated",
        version="Simulated 1",
        main_version="1",
        banner="simulated",
        latency_ms=1,
    )

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def _names(self) -> list[str]:
        return [f"shop_{number}" for number in range(self._server.databases)]

    async def inventory(self) -> Collected[DatabaseFact]:
        if self._server.fate is Fate.HANGS:
            await asyncio.Event().wait()
        await asyncio.sleep(self._server.seconds)
        if self._server.fate is Fate.FAILS:
            raise TargetProblem("It hung up.", code=Code.DATABASE_CONNECTION_ERROR)
        facts = [DatabaseFact(name=name) for name in self._names]
        return Collected(items=facts, complete=True, source="simulated")

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        facts = [DatabaseSizeFact(name=name, size_bytes=Bytes(1000)) for name in self._names]
        return Collected(items=facts, complete=True, source="simulated")

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        return Collected(items=[], complete=True, source="simulated")

    async def privileges(self) -> list[PrivilegeCheck]:
        return []


class SimulatedAdapter:
    engine = SIMULATED

    @asynccontextmanager
    async def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AsyncIterator[SimulatedSession]:
        yield SimulatedSession(server_at(target.port))

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        return AccountScript(create=username, drop=username)


def register() -> None:
    ENGINES[SIMULATED] = EngineKind(
        label="Simulated", badge="SI", default_port=FIRST_PORT, default_database="main"
    )
    ADAPTERS[SIMULATED] = SimulatedAdapter()


@contextmanager
def working(settings: Settings, workers: int) -> Iterator[None]:
    """Workers that know the engine, and a scheduler."""
    allowing = replace(settings, targets_allow=("127.0.0.1",))
    with ExitStack() as stack:
        for command in ("scheduler", *["worker"] * workers):
            stack.enter_context(process(allowing, __name__, command))
        yield


async def furnish(db: Database) -> None:
    """A thousand instances with one credential."""
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
        for place in range(INSTANCES):
            await make_instance(
                session,
                name=f"server-{place}",
                engine=SIMULATED,
                host="127.0.0.1",
                port=FIRST_PORT + place,
                credential_id=credential.id,
            )


async def run_tonight(settings: Settings, seconds: float) -> None:
    """Make the nightly reading due, and wait until its session has ended. Raises TimeoutError."""
    due = text("UPDATE schedules SET next_run_at = now() WHERE task = 'CAPACITY'")
    ended = text("SELECT count(*) FROM sync_sessions WHERE finished_at IS NOT NULL")
    async with opened(settings) as db:
        async with db.write() as session:
            await session.execute(due)
        async with asyncio.timeout(seconds):
            while True:
                async with db.read() as session:
                    if (await session.execute(ended)).scalar_one():
                        return
                await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    register()
    sys.exit(main())
