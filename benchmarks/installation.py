"""A WhaleFall of its own for one run: private servers, an administrator's token, processes."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from whalefall.auth import Actor, Role
from whalefall.crypto import generate_key_line
from whalefall.db import Database, migrate
from whalefall.embedded import running_postgres, running_valkey
from whalefall.embedded.launch import Process, end, spawn, usable_port
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.users import create_api_token, create_user
from whalefall.settings import Settings

BENCH = Actor.system("bench")
FOLDER = Path(__file__).parent.parent


@contextmanager
def installed(state: Path) -> Iterator[Settings]:
    """Servers below `state`, the schema in place, and settings that name them."""
    with running_postgres(state) as postgres, running_valkey(state) as valkey:
        migrate(postgres.url)
        yield Settings(
            database_url=postgres.url,
            redis_url=valkey.url,
            secret_keys=generate_key_line(),
            port=usable_port(state / "no port yet"),
            state_dir=state,
            targets_allow=(f"127.0.0.1:{postgres.port}",),
            log_level="ERROR",
        )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    broker = make_broker(settings.redis_url)

    async def send_job(job: Job) -> None:
        await asyncio.to_thread(send, broker, job)

    db = Database.of(settings, send=send_job)
    await db.open()
    yield db
    await db.close()
    broker.close()


@contextmanager
def process(settings: Settings, module: str, *arguments: str) -> Iterator[Process]:
    """A process of ours (`python -m module …`) with these settings, for the time of a block."""
    environment = {
        "WHALEFALL_DATABASE_URL": settings.database_url,
        "WHALEFALL_REDIS_URL": settings.redis_url,
        "WHALEFALL_SECRET_KEYS": settings.secret_keys,
        "WHALEFALL_PORT": str(settings.port),
        "WHALEFALL_TARGETS_ALLOW": ",".join(settings.targets_allow),
        "WHALEFALL_LOG_LEVEL": settings.log_level,
    }
    command = (sys.executable, "-m", module, *arguments)
    child = spawn(command, environment=environment, folder=FOLDER)
    try:
        yield child
    finally:
        end(child, signal.SIGTERM)


async def make_token(db: Database) -> str:
    """An administrator's API token."""
    async with db.write() as session:
        await create_user(session, BENCH, "bench", "only for this one run", Role.ADMIN)
        return await create_api_token(session, BENCH, "bench", "bench")
