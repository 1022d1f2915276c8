"""A whole WhaleFall as clients meet it: on its own port, with workers and something to read."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.factories import (
    make_credential,
    make_database,
    make_instance,
    make_tag,
    make_user,
)
from tests.sockets import serving
from whalefall.app import create_app
from whalefall.auth import Actor, Role
from whalefall.crypto import hash_password
from whalefall.db import Database, WriteSession, sqlalchemy_url
from whalefall.domain.tls import TlsMode
from whalefall.embedded import EmbeddedPostgres
from whalefall.queue import Job
from whalefall.resolvers.collection import collect_capacity, collect_table_sizes
from whalefall.resolvers.users import create_api_token
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

PASSWORD = "a long enough password"
SYSTEM, WORKER = Actor.system("test"), Actor.system("worker")
COLLECT: Mapping[str, Any] = {
    "collect_capacity": collect_capacity,
    "collect_table_sizes": collect_table_sizes,
}
PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where it is, Ada's token, and the database `shop`, whose two tables can be read."""

    address: str
    token: str
    database_id: str

    @property
    def environment(self) -> dict[str, str]:
        """What commands find in their environment."""
        own = {
            "ADDRESS": self.address,
            "TOKEN": self.token,
            "DATABASE_ID": self.database_id,
        }
        return {**os.environ, **own}


@asynccontextmanager
async def installed(settings: Settings, postgres: EmbeddedPostgres) -> AsyncIterator[Installation]:
    """An installation over the tests' database, which reads their own PostgreSQL."""
    async with (
        _shop(postgres),
        _working(settings) as db,
        _answering(db, settings) as address,
    ):
        async with db.write() as session:
            database_id = await _fill(session, db, postgres)
            token = await create_api_token(session, SYSTEM, "ada", "tests")
        yield Installation(address=address, token=token, database_id=database_id)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command came to."""

    status: int
    output: str
    errors: str


async def run(*command: str, environment: Mapping[str, str], cwd: str | None = None) -> Done:
    """Run a command while the installation answers it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=cwd, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(status=process.returncode or 0, output=output.decode(), errors=errors.decode())


@asynccontextmanager
async def _working(settings: Settings) -> AsyncIterator[Database]:
    """The database, whose jobs are done beside everything else, as workers would do them."""
    jobs: set[asyncio.Task[None]] = set()

    async def begin(job: Job) -> None:
        jobs.add(asyncio.create_task(COLLECT[job.name](db, WORKER, **job.ids)))

    db = Database.of(settings, send=begin)
    await db.open()
    try:
        yield db
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*jobs)
    finally:
        await db.close()


@asynccontextmanager
async def _answering(db: Database, settings: Settings) -> AsyncIterator[str]:
    app = create_app(settings)
    app.state.db = db
    try:
        async with serving(app) as site:
            yield f"http://127.0.0.1:{site.port}"
    finally:
        app.state.broker.close()


@asynccontextmanager
async def _shop(postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """A database with two tables, on the server that is read."""
    await _execute(postgres.superuser_url, "CREATE DATABASE shop")
    url = make_url(postgres.superuser_url).set(database="shop")
    await _execute(
        url.render_as_string(hide_password=False),
        "CREATE TABLE orders (id integer)",
        "CREATE TABLE customers (id integer)",
    )
    try:
        yield
    finally:
        await _execute(postgres.superuser_url, "DROP DATABASE shop WITH (FORCE)")


async def _execute(url: str, *statements: str) -> None:
    engine = create_async_engine(sqlalchemy_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def _fill(session: WriteSession, db: Database, postgres: EmbeddedPostgres) -> str:
    """People, instances and databases, as the documentation speaks of them; the shop's id."""
    hashed = await hash_password(PASSWORD)
    await make_user(session, username="ada", role=Role.ADMIN, password_hash=hashed)
    await make_user(session, username="vera", role=Role.VIEWER, password_hash=hashed)
    url = make_url(postgres.superuser_url)
    account = await make_credential(
        session, keys=db.keys, password=str(url.password), username=url.username
    )
    reports = await make_instance(
        session,
        name="eu-reports",
        host="reports.example.com",
        tags=[await make_tag(session, "reporting")],
    )
    shops = await make_instance(
        session,
        name="eu-shop",
        host="127.0.0.1",
        port=url.port,
        tls_mode=TlsMode.PREFER,
        credential_id=account.id,
        tags=[await make_tag(session, "production")],
    )
    await make_database(session, reports, name="archive")
    await make_database(session, reports, name="warehouse", size_bytes=1024**4)
    for name, megabytes in (("billing", 50), ("crm", 700)):
        await make_database(session, shops, name=name, size_bytes=megabytes * 1024**2)
    shop = await make_database(session, shops, name="shop", size_bytes=5 * 1024**3)
    return global_id("Database", shop.id)
