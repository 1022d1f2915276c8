"""From an instance to a target that an adapter may dial: credential opened, address permitted."""

import asyncio
import socket
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from whalefall.adapters.base import Limits, Target
from whalefall.db import Database, Session
from whalefall.domain.database_rules import DatabaseRules
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.tls import Tls, TlsMode
from whalefall.errors import Code, NotFound, TargetProblem, said
from whalefall.models.instances import Credential, Instance

RESOLVE_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a server is said to be, and which credential opens it; nothing resolved yet."""

    engine: Engine
    host: str
    port: int
    credential_id: int | None
    database_name: str | None = None
    tls: Tls = field(default_factory=Tls)
    options: dict[str, str] = field(default_factory=dict)
    connect_seconds: int | None = None
    statement_seconds: int | None = None
    rules: DatabaseRules = field(default_factory=DatabaseRules)

    @property
    def limits(self) -> Limits:
        """The usual ones, but for what its instance says."""
        usual = Limits()
        return replace(
            usual,
            connect_seconds=self.connect_seconds or usual.connect_seconds,
            statement_seconds=self.statement_seconds or usual.statement_seconds,
        )


async def endpoint_of(session: Session, instance_id: int) -> Endpoint:
    """Where an instance is. Raises NotFound, also for one in the recycle bin."""
    found = select(Instance).where(Instance.id == instance_id, Instance.deleted_at.is_(None))
    row = (await session.execute(found)).scalar()
    if row is None:
        raise NotFound("There is no such instance.")
    return Endpoint(
        engine=row.engine,
        host=row.host,
        port=row.port,
        credential_id=row.credential_id,
        database_name=row.database_name,
        tls=Tls(mode=TlsMode(row.tls_mode), ca_pem=row.tls_ca_pem, server_name=row.tls_server_name),
        options=row.options,
        connect_seconds=row.connect_seconds,
        statement_seconds=row.statement_seconds,
        rules=DatabaseRules(row.include_databases, row.exclude_databases),
    )


async def target_of(db: Database, endpoint: Endpoint) -> Target:
    """Open the credential and resolve the host.

    Raises CREDENTIAL_INACTIVE, CREDENTIAL_DECRYPT_FAILED, DATABASE_CONNECTION_ERROR (name) or
    TARGET_NOT_ALLOWED. The address that is checked is the one that will be dialled.
    """
    async with db.read() as session:
        username, password = await _open(session, db, endpoint.credential_id)
    address = await _resolve(endpoint.host, endpoint.port)
    db.target_policy.check(address, endpoint.port)
    return Target(
        engine=endpoint.engine,
        host=endpoint.host,
        address=address,
        port=endpoint.port,
        username=username,
        password=password,
        database=endpoint.database_name or ENGINES[endpoint.engine].default_database or None,
        tls=endpoint.tls,
        options=endpoint.options,
    )


async def _open(session: Session, db: Database, credential_id: int | None) -> tuple[str, str]:
    row = None if credential_id is None else await session.get(Credential, credential_id)
    if row is None:
        raise TargetProblem(
            "This instance has no credential.",
            code=Code.CREDENTIAL_INACTIVE,
            hint=said("Choose a credential in the instance's settings."),
        )
    if not row.is_active:
        message = said("The credential %(name)s is not active.", name=row.name)
        raise TargetProblem(message, code=Code.CREDENTIAL_INACTIVE)
    return row.username, db.keys.decrypt(row.key_id, row.password_ciphertext, row.id)


async def _resolve(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise TargetProblem(
            "The host name cannot be resolved.",
            code=Code.DATABASE_CONNECTION_ERROR,
            hint=said("Check the host name, and the name server of WhaleFall's host."),
        ) from error
    return str(found[0][4][0])
