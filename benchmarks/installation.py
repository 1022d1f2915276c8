"""A WhaleFall of its own for a run: private servers, an administrator's token, processes."""

import asyncio
import hashlib
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from benchmarks import estates
from whalefall.auth import Actor, Role
from whalefall.crypto import generate_key_line
from whalefall.db import Database, migrate
from whalefall.embedded import running_postgres, running_valkey
from whalefall.embedded.launch import Process, end, free_port, spawn, try_lock
from whalefall.queue import Job, make_broker, send
from whalefall.resolvers.users import create_api_token, create_user
from whalefall.settings import Settings

BENCH = Actor.system("bench")
FOLDER = Path(__file__).parent.parent
ROOMY = {  # for 24 GiB and a disk that is quick; the server's own defaults are for a small machine
    "shared_buffers": "1GB",
    "effective_cache_size": "6GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "random_page_cost": "1.1",
}


@contextmanager
def installed(state: Path, **postgres_settings: str) -> Iterator[Settings]:
    """Servers below `state`, the schema in place, and settings that name them."""
    given = {**ROOMY, **postgres_settings}
    with running_postgres(state, **given) as postgres, running_valkey(state) as valkey:
        migrate(postgres.url)
        yield Settings(
            database_url=postgres.url,
            redis_url=valkey.url,
            secret_keys=_kept(state / "secret.keys", generate_key_line()),
            port=free_port(),
            state_dir=state,
            targets_allow=(f"127.0.0.1:{postgres.port}",),
            log_level="ERROR",
        )


@contextmanager
def installed_with(size: estates.Size, folder: Path) -> Iterator[tuple[Settings, int]]:
    """The same with an estate, and PostgreSQL's process id.

    The estate stays below `folder`; it is made anew when the schema or its script has changed.
    """
    state = folder / f"estate-{size.name}"
    folder.mkdir(parents=True, exist_ok=True)
    lock = try_lock(folder / f"{state.name}.lock")
    if lock is None:
        raise SystemExit(f"another run uses {state}")
    mark, fingerprint = state / "estate.fingerprint", _fingerprint(size)
    fits = mark.exists() and mark.read_text() == fingerprint
    if not fits:
        shutil.rmtree(state, ignore_errors=True)
    with lock, installed(state, autovacuum="off") as settings:
        if not fits:
            asyncio.run(estates.build(settings.database_url, size))
            mark.write_text(fingerprint)
        postmaster = state.glob("pg*/postmaster.pid")
        yield settings, int(next(postmaster).read_text().split()[0])


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
    with started((sys.executable, "-m", module, *arguments), environment) as child:
        yield child


@contextmanager
def started(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path | None = None
) -> Iterator[Process]:
    """Any process, ended with the block."""
    child = spawn(command, environment=environment, folder=FOLDER, log=log)
    try:
        yield child
    finally:
        end(child, signal.SIGTERM)


async def make_token(db: Database) -> str:
    """An administrator's API token, the same as long as the installation is kept."""
    kept = db.settings.state_dir / "api.token"
    if kept.exists():
        return kept.read_text()
    async with db.write() as session:
        await create_user(session, BENCH, "bench", "only for this one run", Role.ADMIN)
        token = await create_api_token(session, BENCH, "bench", "bench")
    return _kept(kept, token)


def _kept(path: Path, text: str) -> str:
    """What stands in a file that only we read, or from now on this text."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(text)
    return path.read_text()


def _fingerprint(size: estates.Size) -> str:
    digest = hashlib.sha256(repr(size).encode())
    for path in [estates.SCRIPT, *sorted((FOLDER / "migrations/versions").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
