"""What keeps a foreign or hostile server from hurting the process that talks to it."""

import asyncio
import struct

from asyncpg.protocol import Protocol

MESSAGE_TYPES = frozenset(b"RKSZTDCENnt123sIAVGHWcdv")
LONGEST_MESSAGE_BYTES = 16 * 2**20
LONGEST_SESSION_BYTES = 128 * 2**20  # the sizes of about 700,000 tables
_HEADER = struct.Struct(">xi")  # type and length; the length counts itself, not the type


class ForeignAnswer(Exception):
    """What came is no PostgreSQL, or has no end."""


class GuardedProtocol(Protocol):
    """The driver's protocol behind a check of every message's type and length, and of the sum.

    The driver believes any length: one below 4 sends its reader into an endless loop that blocks
    the whole process, and it keeps every row it is sent until there is no memory left.
    """

    is_foreign = False
    _wire: asyncio.Transport
    _bytes_left = LONGEST_SESSION_BYTES
    _skip = 0  # bytes of the current message that are still to come
    _torn_header = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._wire = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:  # type: ignore[override]  # stub says object
        if not self.is_foreign and self._is_sound(data):
            super().data_received(data)
        else:
            self.is_foreign = True
            self._wire.abort()

    def _is_sound(self, data: bytes) -> bool:
        self._bytes_left -= len(data)
        data = self._torn_header + data
        position = self._skip
        while position + _HEADER.size <= len(data):
            [length] = _HEADER.unpack_from(data, position)
            if data[position] not in MESSAGE_TYPES or not 4 <= length <= LONGEST_MESSAGE_BYTES:
                return False
            position += 1 + length
        self._torn_header = data[position:]
        self._skip = max(0, position - len(data))
        return self._bytes_left >= 0
