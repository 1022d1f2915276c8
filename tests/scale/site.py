"""A WhaleFall in processes of its own, with an estate, people, and databases to be refreshed."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx2
from sqlalchemy import make_url, select

from benchmarks import estates
from benchmarks.installation import opened, started
from tests.factories import make_user
from whalefall.auth import Actor, Role
from whalefall.crypto import hash_password
from whalefall.db import Database
from whalefall.demo.collecting import collect_samples
from whalefall.demo.databases import COLLECTOR
from whalefall.demo.postgresql import make_databases
from whalefall.domain.engines import ENGINES, Engine
from whalefall.embedded.launch import Process
from whalefall.models.databases import InstanceDatabase
from whalefall.resolvers.databases import DatabaseFilter, count_ledger
from whalefall.resolvers.samples import SampleInstance
from whalefall.resolvers.users import create_api_token
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

SIZE = estates.Size("scale", instances=500, databases=20_000, tables=400_000, history=200_000)
PEOPLE = {Role.ADMIN: ("ada", 5), Role.OPERATOR: ("otto", 15), Role.VIEWER: ("vera", 30)}
PASSWORD = "a long enough password"
PROCESSES = {"web": "serve", "worker": "worker", "scheduler": "scheduler"}
SAMPLE_ENGINE = Engine("POSTGRESQL")
ELSEWHERE = tuple(engine for engine in ENGINES if engine != SAMPLE_ENGINE)
REFRESHED = ("many_tables", "shop", "telemetry")
SCALE = Actor.system("scale")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody who may sign in, and the API token of their programs."""

    name: str
    role: Role
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where it is, who may enter, and which places in it are worth asking for.

    `wide_id` is a database of 2,000 tables. `elsewhere` counts the ledger's rows of all engines but
    the samples': nothing changes there while people look.
    """

    port: int
    accounts: tuple[Account, ...]
    refreshed: tuple[str, ...]
    wide_id: str
    elsewhere: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def running(settings: Settings) -> Iterator[dict[str, Process]]:
    """Web, worker and scheduler, each with a log below the state directory."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                started(
                    (sys.executable, "-m", "whalefall", command),
                    _environment(settings),
                    settings.state_dir / f"{name}.log",
                )
            )
            for name, command in PROCESSES.items()
        }


async def furnish(settings: Settings) -> Site:
    """Wait for the processes, add people, and have the samples collected.

    The estate is there already.
    """
    await wait_until_ready(settings.port)
    async with opened(settings) as db:
        accounts = await _add_people(db)
        await _collect(db)
        refreshed = await _ids_of(db, REFRESHED)
        async with db.read() as session:
            filter = DatabaseFilter(engines=list(ELSEWHERE))
            elsewhere = await count_ledger(session, SCALE, filter)
    places = await estates.find_places(settings.database_url)
    return Site(
        port=settings.port,
        accounts=accounts,
        refreshed=refreshed,
        wide_id=places.wide_id,
        elsewhere=elsewhere,
    )


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "WHALEFALL_DATABASE_URL": settings.database_url,
        "WHALEFALL_REDIS_URL": settings.redis_url,
        "WHALEFALL_SECRET_KEYS": settings.secret_keys,
        "WHALEFALL_PORT": str(settings.port),
        "WHALEFALL_TARGETS_ALLOW": ",".join(settings.targets_allow),
        "WHALEFALL_LOG_LEVEL": settings.log_level,
    }


async def wait_until_ready(port: int) -> None:
    """Until the web process answers, its servers are up and its schema is there."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        while True:
            if await _is_ready(http):
                return
            await asyncio.sleep(0.1)


async def _is_ready(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == 200
    except httpx2.TransportError:
        return False


async def _add_people(db: Database) -> tuple[Account, ...]:
    """Fifty people with the same password, whose hash is made once."""
    hashed, accounts = await hash_password(PASSWORD), []
    async with db.write() as session:
        for role, (first_name, count) in PEOPLE.items():
            for number in range(1, count + 1):
                name = f"{first_name}-{number}"
                await make_user(session, username=name, role=role, password_hash=hashed)
                token = await create_api_token(session, SCALE, name, "scale")
                accounts.append(Account(name=name, role=role, token=token))
    return tuple(accounts)


async def _collect(db: Database) -> None:
    """The demo's databases in the private PostgreSQL, read by the worker."""
    secret = "only for this one run"
    url = db.settings.database_url
    await make_databases(url, secret)
    sample = SampleInstance(
        name="sample-postgresql",
        engine=SAMPLE_ENGINE,
        port=make_url(url).port or 0,
        username=COLLECTOR,
        password=secret,
        description="Databases that the load test refreshes.",
    )
    await collect_samples(db, [sample], say=lambda _: None)


async def _ids_of(db: Database, names: tuple[str, ...]) -> tuple[str, ...]:
    async with db.read() as session:
        rows = await session.execute(
            select(InstanceDatabase.id).where(InstanceDatabase.name.in_(names))
        )
        return tuple(global_id("Database", row.id) for row in rows)
