"""The way from an address to a driver connection with a GuardedProtocol in it.

asyncpg.connect has no place for one. Besides, it reads the environment and files of the home
directory, which say nothing about a customer's server; here nothing is read but the arguments.
"""

import asyncio
import ssl
import struct
from typing import TypeAlias

import asyncpg
from asyncpg.connect_utils import (
    SessionAttribute,
    SSLMode,
    SSLNegotiation,
    _ClientConfiguration,
    _ConnectionParameters,
)

from whalefall.adapters.base import APPLICATION_NAME, Limits, Target
from whalefall.adapters.postgresql.guard import ForeignAnswer, GuardedProtocol
from whalefall.domain.tls import TlsMode

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"  # generic for the checker only

GRACE_SECONDS = 5  # what a statement may take here beyond the server's own limit
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


async def login(
    target: Target, limits: Limits, database: str, context: ssl.SSLContext | None
) -> Connection:
    """A connection past authentication, over TLS if there is a `context`; where the mode is
    PREFER, also plain when the server says that it has no TLS."""
    loop = asyncio.get_running_loop()
    address = (target.address, target.port)
    transport: asyncio.Transport
    if context is None:
        transport, _ = await loop.create_connection(asyncio.Protocol, *address)
    else:
        transport, context = await _negotiated(address, context, target.tls.mode)
    parameters = _parameters(target, limits, database, context)
    connected: asyncio.Future[bool] = loop.create_future()
    protocol = GuardedProtocol(address, connected, parameters, asyncpg.Record, loop)
    protocol.connection_made(transport)
    transport.set_protocol(protocol)
    try:
        await connected
        connection = asyncpg.Connection(
            protocol, transport, loop, address, _configuration(limits), parameters
        )
    except BaseException:
        transport.abort()
        if protocol.is_foreign:
            raise ForeignAnswer from None
        raise
    protocol.set_connection(connection)
    return connection


class _Offer(asyncio.Protocol):
    """Waits for the one byte that answers an SSLRequest."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError())


async def _negotiated(
    address: tuple[str, int], context: ssl.SSLContext, mode: TlsMode
) -> tuple[asyncio.Transport, ssl.SSLContext | None]:
    """A transport under TLS with its context, or a plain one without.

    More than the one byte in the answer would be something slipped in before encryption began.
    """
    loop = asyncio.get_running_loop()
    transport, offer = await loop.create_connection(_Offer, *address)
    try:
        transport.write(SSL_REQUEST)
        answer = await offer.answer
        if answer == b"S":
            secured = await loop.start_tls(transport, offer, context, server_hostname="")
            if secured is None:
                raise ConnectionResetError
            return secured, context
        if answer != b"N":
            raise ForeignAnswer
        if mode is not TlsMode.PREFER:
            raise ssl.SSLError("the server offers no TLS")
    except BaseException:
        transport.abort()
        raise
    return transport, None


def _parameters(
    target: Target, limits: Limits, database: str, context: ssl.SSLContext | None
) -> _ConnectionParameters:
    return _ConnectionParameters(
        user=target.username,
        password=target.password,
        database=database,
        ssl=context or False,
        sslmode=SSLMode.require if context else SSLMode.disable,  # for the cancelling connection
        ssl_negotiation=SSLNegotiation.postgres,
        server_settings={
            "application_name": APPLICATION_NAME,
            "default_transaction_read_only": "on",
            "statement_timeout": str(round(limits.statement_seconds * 1000)),
            "lock_timeout": str(round(limits.lock_seconds * 1000)),
            "search_path": "pg_catalog",
        },
        target_session_attrs=SessionAttribute.any,
        krbsrvname=None,
        gsslib="gssapi",
    )


def _configuration(limits: Limits) -> _ClientConfiguration:
    """No prepared statements are kept: a pooler between us and the server may lose them."""
    return _ClientConfiguration(
        command_timeout=limits.statement_seconds + GRACE_SECONDS,
        statement_cache_size=0,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
    )
