"""The customers of the fault tests, and a scene with one of them."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.adapters.mysql.server import MySQLServer, administered
from tests.adapters.oracle.seam import OracleSeam, oracle_seam
from tests.adapters.postgresql.server import PostgreSQLServer
from tests.faults.cases import MARIADB, POSTGRESQL
from tests.faults.customers import Customer, MariaDBCustomer, PostgreSQLCustomer
from tests.faults.doubles import OracleCustomer, SQLServerCustomer
from tests.faults.matrix import ORACLE, SQLSERVER
from tests.faults.proxy import fault_proxy
from tests.faults.scene import Scene
from tests.log_lines import Lines, lines
from tests.tds.instance import TdsInstance, tds_instance
from whalefall.adapters import ADAPTERS
from whalefall.db import Database
from whalefall.domain.engines import Engine
from whalefall.domain.targets import TargetPolicy
from whalefall.embedded import EmbeddedPostgres
from whalefall.embedded.mariadb import MariaDB
from whalefall.queue import Job

__all__ = ["lines"]


@pytest.fixture(scope="session")
async def postgresql_server(postgres: EmbeddedPostgres) -> AsyncIterator[PostgreSQLServer]:
    owner = await asyncpg.connect(postgres.superuser_url)
    yield PostgreSQLServer(postgres.superuser_url, owner)
    await owner.close()


@pytest.fixture(scope="session")
async def mariadb_server(mariadb: MariaDB) -> AsyncIterator[MySQLServer]:
    async with administered(mariadb) as server:
        yield server


@pytest.fixture
async def sqlserver_server(postgres: EmbeddedPostgres) -> AsyncIterator[TdsInstance]:
    async with tds_instance(postgres.superuser_url) as instance:
        yield instance


@pytest.fixture
async def oracle_server(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OracleSeam]:
    async with oracle_seam(postgres.superuser_url) as seam:
        monkeypatch.setitem(ADAPTERS, Engine("ORACLE"), seam.adapter)
        yield seam


@pytest.fixture
def customer(request: pytest.FixtureRequest, engine: str) -> Customer:
    """Where `engine` says: its server starts when the first customer needs it."""
    server = request.getfixturevalue(f"{engine}_server")
    if engine == SQLSERVER:
        return SQLServerCustomer(server)
    if engine == ORACLE:
        return OracleCustomer(server, ("127.0.0.1", urlsplit(server.url).port or 0))
    return MariaDBCustomer(server) if engine == MARIADB else PostgreSQLCustomer(server)


@pytest.fixture
def ports(db: Database) -> dict[str, int]:
    """Servers of other kinds, by name."""
    main, valkey = urlsplit(db.settings.database_url).port, urlsplit(db.settings.redis_url).port
    return {"main": main or 0, POSTGRESQL: main or 0, "valkey": valkey or 0}


@pytest.fixture
async def scene(
    db: Database,
    sent_jobs: list[Job],
    customer: Customer,
    operation: str,
    ports: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Scene]:
    """A customer with a shop, an instance that says where, and nobody else who may be dialled."""
    monkeypatch.setattr(db, "settings", db.settings)  # a run shortens its deadline
    async with AsyncExitStack() as stack:
        stack.push_async_callback(customer.close)
        await customer.restore()
        proxy = await stack.enter_async_context(fault_proxy(*customer.address))
        only = TargetPolicy.parse([f"{proxy.host}:{proxy.port}"])
        monkeypatch.setattr(db, "target_policy", only)
        scene = Scene(db, sent_jobs, customer, proxy, operation, ports=ports)
        await scene.furnish()
        yield scene


@pytest.fixture
def logged(lines: Lines) -> Callable[[], str]:
    """All that was logged since it was asked last."""
    return lambda: json.dumps(lines(), ensure_ascii=False)
