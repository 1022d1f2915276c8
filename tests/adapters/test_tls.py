"""Five ways to ask for TLS of five kinds of servers: the system's PostgreSQL, and MariaDB."""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.adapters.certificates import Authority
from tests.adapters.contract import QUICK, until
from tests.adapters.mysql.server import MySQLServer, administered, started
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.domain.tls import Tls, TlsMode
from whalefall.embedded import EmbeddedPostgres
from whalefall.embedded.mariadb import MariaDB
from whalefall.errors import Code, TargetProblem

AUTHORITY, STRANGER = Authority("ours"), Authority("theirs")
NAME, ADDRESS = "db.example", "127.0.0.1"
PLAIN, TLS, REFUSED = "plain", "encrypted", Code.TLS_ERROR.value
SERVERS = ("no TLS", "good", "wrong host", "expired", "other CA")
EXPECTED: Mapping[TlsMode, tuple[str, ...]] = {
    TlsMode.DISABLE: (PLAIN, PLAIN, PLAIN, PLAIN, PLAIN),
    TlsMode.PREFER: (PLAIN, TLS, TLS, TLS, TLS),
    TlsMode.REQUIRE: (REFUSED, TLS, TLS, TLS, TLS),
    TlsMode.VERIFY_CA: (REFUSED, TLS, TLS, REFUSED, REFUSED),
    TlsMode.VERIFY_FULL: (REFUSED, TLS, REFUSED, REFUSED, REFUSED),
}
CELLS = [
    pytest.param(kind, Tls(mode=mode, ca_pem=AUTHORITY.pem), ending, id=f"{kind}, {mode}")
    for place, kind in enumerate(SERVERS)
    for mode, endings in EXPECTED.items()
    for ending in [endings[place]]
]


class Encrypting(ABC):
    """A server whose certificate a test chooses."""

    @abstractmethod
    async def become(self, kind: str) -> None: ...

    @abstractmethod
    async def enter(self, tls: Tls) -> str:
        """As the server saw the session: plain or encrypted."""

    async def ending(self, tls: Tls) -> str:
        try:
            return await self.enter(tls)
        except TargetProblem as problem:
            return problem.problem_code.value


def _sign(folder: Path, kind: str) -> list[str]:
    signer = STRANGER if kind == "other CA" else AUTHORITY
    name = "other.example" if kind == "wrong host" else NAME
    address = "192.0.2.1" if kind == "wrong host" else ADDRESS
    return signer.sign(folder, name, address, is_expired=kind == "expired")


@dataclass
class EncryptingPostgreSQL(Encrypting):
    server: PostgreSQLServer
    folder: Path
    kind: str = ""

    async def become(self, kind: str) -> None:
        if kind == self.kind:
            return
        if kind != "no TLS":
            _sign(self.folder, kind)
            owner = self.folder.stat()
            for name in ("server.pem", "server.key"):
                os.chown(self.folder / name, owner.st_uid, owner.st_gid)
                (self.folder / name).chmod(0o600)
        loaded = await self._ask("SELECT pg_conf_load_time()")
        owner_of = self.server.owner
        await owner_of.execute(f"ALTER SYSTEM SET ssl = {'off' if kind == 'no TLS' else 'on'}")
        await owner_of.execute("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
        await owner_of.execute("SELECT pg_reload_conf()")

        async def is_loaded() -> bool:
            return bool(await self._ask("SELECT pg_conf_load_time()") > loaded)

        await until(is_loaded)
        self.kind = kind

    async def enter(self, tls: Tls) -> str:
        url = urlsplit(self.server.url)
        target = replace(
            self.server.target(url.username or ""), host=NAME, password=url.password or "", tls=tls
        )
        async with PostgreSQLAdapter().connect(target, QUICK) as session:
            [row] = await session.fetch(
                "SELECT ssl AS yes FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            )
        return TLS if row["yes"] else PLAIN

    async def _ask(self, sql: str) -> Any:
        """Of a newcomer: only they have what was loaded last."""
        connection = await asyncpg.connect(self.server.url, ssl=False)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


@dataclass
class EncryptingMariaDB(Encrypting):
    plain: MySQLServer
    server: MySQLServer
    folder: Path
    kind: str = ""

    async def become(self, kind: str) -> None:
        if kind not in (self.kind, "no TLS"):
            _sign(self.folder, kind)
            await self.server.execute("FLUSH SSL")
        self.kind = kind

    async def enter(self, tls: Tls) -> str:
        server = self.plain if self.kind == "no TLS" else self.server
        target: Target = replace(server.admin(), host=NAME, tls=tls)
        async with MySQLAdapter().connect(target, QUICK) as session:
            ((_, cipher),) = await session.rows("SHOW STATUS LIKE 'Ssl_cipher'")
        return TLS if cipher else PLAIN


@pytest.fixture(scope="module")
async def postgresql(debian_postgres: EmbeddedPostgres) -> AsyncIterator[Encrypting]:
    owner = await asyncpg.connect(debian_postgres.superuser_url)
    assert debian_postgres.ownership is not None
    [folder] = Path(debian_postgres.ownership.name).parent.glob("pg*/")
    yield EncryptingPostgreSQL(PostgreSQLServer(debian_postgres.superuser_url, owner), folder)
    await owner.close()


@pytest.fixture(scope="module")
async def mysql(
    mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Encrypting]:
    folder = tmp_path_factory.mktemp("tls")
    options = _sign(folder, "good")
    async with administered(mariadb) as plain, started(folder / "state", *options) as server:
        yield EncryptingMariaDB(plain, server, folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize(("kind", "tls", "ending"), CELLS)
async def test_postgresql_is_entered_as_asked_or_not_at_all(
    postgresql: Encrypting, kind: str, tls: Tls, ending: str
) -> None:
    await postgresql.become(kind)

    assert await postgresql.ending(tls) == ending


@pytest.mark.parametrize(("kind", "tls", "ending"), CELLS)
async def test_mariadb_is_entered_as_asked_or_not_at_all(
    mysql: Encrypting, kind: str, tls: Tls, ending: str
) -> None:
    await mysql.become(kind)

    assert await mysql.ending(tls) == ending
