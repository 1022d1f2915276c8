"""Packets that the driver must not be given, and a relay that nobody else can use."""

import asyncio
import itertools
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.contract import QUICK
from tests.adapters.oracle.seam import OracleSeam
from whalefall.adapters.oracle import OracleAdapter
from whalefall.adapters.oracle.guard import Frames
from whalefall.errors import Code, Problem

DATA, ACCEPT, REDIRECT = 6, 2, 5


def packet(kind: int, body: bytes = b"", *, is_wide: bool = False) -> bytes:
    length = struct.pack(
        ">I" if is_wide else ">HH", *([8 + len(body)] if is_wide else [8 + len(body), 0])
    )
    return length + bytes([kind, 0, 0, 0]) + body


ACCEPTED = packet(ACCEPT, struct.pack(">H", 318) + b"\0" * 20)
STREAM = (
    packet(11)
    + ACCEPTED
    + b"".join(packet(DATA, b"\0" * size, is_wide=True) for size in (2, 70_000, 5))
)


@settings(deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=len(STREAM)), max_size=20))
def test_sound_packets_pass_however_they_are_cut(cuts: list[int]) -> None:
    frames, edges = Frames(), sorted({0, *cuts, len(STREAM)})

    assert all(frames.are_sound(STREAM[first:last]) for first, last in itertools.pairwise(edges))


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 64,
        b"\0\x07" + b"\0" * 62,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        packet(0, b"xx"),
        packet(99, b"xx"),
    ],
    ids=["nothing", "too short", "another", "no type", "unknown type"],
)
def test_what_is_no_packet_does_not_pass(data: bytes) -> None:
    assert not Frames().are_sound(data)


def test_a_length_that_is_corrupt_later_does_not_pass() -> None:
    frames = Frames()

    assert frames.are_sound(ACCEPTED)
    assert not frames.are_sound(struct.pack(">I", 3) + bytes([DATA]) + b"\0" * 20)


def test_a_redirection_does_not_pass_and_is_told() -> None:
    frames = Frames()

    assert not frames.are_sound(packet(REDIRECT, b"(ADDRESS=...)"))
    assert frames.redirects


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"\0" * 64, Code.DATABASE_CONNECTION_ERROR),
        (packet(REDIRECT, b"\0\x40(ADDRESS=(HOST=192.0.2.1))"), Code.UNSUPPORTED),
    ],
    ids=["zeros", "redirection"],
)
async def test_the_process_goes_on_whatever_a_server_says(
    seam: OracleSeam, answer: bytes, code: Code
) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(5), server:
        with pytest.raises(Problem) as caught:
            async with OracleAdapter().connect(replace(seam.target(), port=port), QUICK):
                pass

    assert caught.value.problem_code is code
