"""The driver's connection with the promises it does not make by itself."""

import ssl
from functools import lru_cache
from typing import Any

import aiomysql
from pymysql.constants import CLIENT, CR
from pymysql.err import OperationalError

from whalefall.adapters.base import APPLICATION_NAME, Target
from whalefall.domain.tls import Tls, TlsMode

# An answer may cost so much memory: its bytes, and for each packet (a row is one) what Python adds.
# 100,000 tables cost a fifth of it; a server that answers without end is cut off.
ANSWER_LIMIT_BYTES = 256 * 1024 * 1024
PACKET_COST_BYTES = 200

Rows = tuple[tuple[Any, ...], ...]

_IN_THE_CLEAR = frozenset({"mysql_clear_password", "mysql_old_password"})


class Wire(aiomysql.Connection):  # type: ignore[misc]  # the driver carries no types
    """A connection that dials only the address, never falls back from TLS, never gives the password
    away, refuses LOAD DATA LOCAL and several statements in one, bounds an answer's size, and whose
    `close` drops the socket at once."""

    _reader: Any = None
    _writer: Any = None  # as long as there is none: the driver's __del__ asks

    def __init__(self, target: Target, database: str | None = None) -> None:
        super().__init__(
            host=target.address,
            port=target.port,
            user=target.username,
            # The driver encodes passwords as latin1; servers expect the connection's UTF-8.
            password=target.password.encode().decode("latin1"),
            db=database or None,
            charset="utf8mb4",
            autocommit=True,
            local_infile=False,
            ssl=_tls_context(target.tls),
            program_name=APPLICATION_NAME,
        )
        self.client_flag &= ~CLIENT.MULTI_STATEMENTS
        self._tls_mode = target.tls.mode
        self._certificate_name = target.tls.server_name or target.host
        self._received_bytes = 0

    async def open(self) -> None:
        """Dial, encrypt and sign in."""
        await self._connect()

    async def rows(self, sql: str, *values: str) -> Rows:
        """The rows of a statement; `%s` stands for a value, `%%` for a percent sign."""
        self._received_bytes = 0
        await self.query(sql % tuple(self.literal(value) for value in values))
        return self._result.rows or ()

    def close(self) -> None:
        # The driver's own close waits for a peer that may never read again.
        writer, self._writer, self._reader = self._writer, None, None
        if writer is not None:
            writer.transport.abort()

    async def _get_server_information(self) -> None:
        """Read the greeting, and leave before signing in if the server offers too little."""
        await super()._get_server_information()
        offers_tls = bool(self.server_capabilities & CLIENT.SSL)
        may_be_plain = self._tls_mode in (TlsMode.DISABLE, TlsMode.PREFER)
        if not offers_tls and not may_be_plain:
            raise OperationalError(CR.CR_SSL_CONNECTION_ERROR, "The server offers no TLS")
        self._refuse_to_show_the_password(self._server_auth_plugin)
        self._host = self._certificate_name  # has been dialled; from here on it only names the peer

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        self._refuse_to_show_the_password(plugin_name.decode("ascii", "replace"))
        return await super()._process_auth(plugin_name, auth_packet)

    def _refuse_to_show_the_password(self, plugin: str) -> None:
        verified = self._tls_mode in (TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL)
        if plugin in _IN_THE_CLEAR and not verified:
            raise OperationalError(CR.CR_SSL_CONNECTION_ERROR, "The server is not verified")

    async def _read_bytes(self, num_bytes: int) -> bytes:
        self._received_bytes += num_bytes + PACKET_COST_BYTES // 2  # header and body each
        if self._received_bytes > ANSWER_LIMIT_BYTES:
            self.close()
            raise OperationalError(CR.CR_MALFORMED_PACKET, "The answer is too long")
        received: bytes = await super()._read_bytes(num_bytes)
        return received


@lru_cache(maxsize=64)  # reading the system's roots takes longer than a handshake
def _tls_context(tls: Tls) -> ssl.SSLContext | None:
    if tls.mode is TlsMode.DISABLE:
        return None
    if tls.mode in (TlsMode.PREFER, TlsMode.REQUIRE):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context = ssl.create_default_context(cadata=tls.ca_pem or None)
    context.check_hostname = tls.mode is TlsMode.VERIFY_FULL
    return context
