"""TDS packets and the tokens of an answer, as far as a server sends them."""

import asyncio
import struct
from enum import IntEnum

COLLATION = bytes([0x09, 0x04, 0xD0, 0x00, 0x34])
VERSION_7_4 = 0x74000004
PACKET_BYTES = 4096
ROOM = PACKET_BYTES - 8
OF_BATCH, OF_PROCEDURE = 0xFD, 0xFE
MORE, ERRORED, COUNTED, ATTENDED = 0x01, 0x02, 0x10, 0x20


class Kind(IntEnum):
    """What a client's message is."""

    BATCH = 0x01
    RPC = 0x03
    ATTENTION = 0x06
    TRANSACTION = 0x0E
    LOGIN = 0x10
    PRELOGIN = 0x12


async def read_message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """A whole message: its kind and its bytes. Raises IncompleteReadError at the end."""
    body = b""
    while True:
        head = await reader.readexactly(8)
        kind, status, length = struct.unpack_from(">BBH", head)
        body += await reader.readexactly(length - 8)
        if status & 1:
            return kind, body


def packets(answer: bytes) -> bytes:
    """An answer cut into packets."""
    parts = [answer[at : at + ROOM] for at in range(0, len(answer), ROOM)] or [b""]
    return b"".join(
        struct.pack(">BBHHBB", 4, part is parts[-1], len(part) + 8, 51, (number + 1) & 255, 0)
        + part
        for number, part in enumerate(parts)
    )


def text(value: str) -> bytes:
    """A string with its length in a byte."""
    data = value.encode("utf-16-le")
    return bytes([len(data) // 2]) + data


def long_text(value: str) -> bytes:
    """A string with its length in two bytes."""
    data = value.encode("utf-16-le")
    return struct.pack("<H", len(data) // 2) + data


def done(token: int, status: int = 0, rows: int | None = None) -> bytes:
    counted = COUNTED if rows is not None else 0
    return struct.pack("<BHHQ", token, status | counted, 0xC1 if counted else 0, rows or 0)


def environment(kind: int, new: bytes, old: bytes) -> bytes:
    body = bytes([kind]) + new + old
    return struct.pack("<BH", 0xE3, len(body)) + body


def database_changed(new: str, old: str) -> bytes:
    return environment(1, text(new), text(old))


def error(number: int, message: str, *, severity: int = 14) -> bytes:
    body = struct.pack("<IBB", number, 1, severity) + long_text(message[:200])
    body += text("tds") + text("") + struct.pack("<I", 1)
    return struct.pack("<BH", 0xAA, len(body)) + body


def login_answer(database: str) -> bytes:
    name = b"\x01" + struct.pack(">I", VERSION_7_4) + text("Microsoft SQL Server")
    name += bytes([16, 0, 0x10, 0])
    return (
        database_changed(database, "master")
        + environment(7, b"\x05" + COLLATION, b"\0")
        + struct.pack("<BH", 0xAD, len(name))
        + name
        + environment(4, text(str(PACKET_BYTES)), text(str(PACKET_BYTES)))
        + done(OF_BATCH)
    )


def prelogin_answer() -> bytes:
    """The version, and that this server cannot encrypt."""
    options = bytes([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF])
    return options + bytes([16, 0, 0x10, 0, 0, 0]) + b"\x02"
