"""The generator of the load, a process of its own: asks again and again over kept connections.

Reads one order in JSON per line and answers with one line: what each request took.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools
import uvloop

PATIENCE_SECONDS = 60


@dataclass(kw_only=True)
class Order:
    """Ask until the time is over and each connection has had `least` answers, or all `most`."""

    port: int
    request: str
    connections: int
    seconds: float
    least: int
    most: int = 1_000_000
    seconds_of: list[float] = field(default_factory=list)

    def is_fulfilled(self, done: int, now: float, until: float) -> bool:
        return done >= self.most or (now >= until and done >= self.least)


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last answer is complete."""

    def __init__(self, order: Order, until: float) -> None:
        self._order, self._until = order, until
        self._request = order.request.encode()
        self._done = 0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_exception(exc or ConnectionError("the server hung up"))

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        if self._parser.get_status_code() != HTTPStatus.OK:
            self.closed.set_exception(ValueError(f"status {self._parser.get_status_code()}"))
            self._transport.close()
            return
        self._order.seconds_of.append(now - self._asked)
        self._done += 1
        if self._order.is_fulfilled(self._done, now, self._until):
            self.closed.set_result(None)
            self._transport.close()
        else:
            self._ask()

    def _ask(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._asked = time.perf_counter()
        self._transport.write(self._request)


async def fulfil(order: Order) -> dict[str, object]:
    """The seconds of every request and of all together."""
    loop = asyncio.get_running_loop()
    started, cpu = time.perf_counter(), time.process_time()
    until = started + order.seconds
    opened = [
        await loop.create_connection(lambda: Connection(order, until), "127.0.0.1", order.port)
        for _ in range(order.connections)
    ]
    async with asyncio.timeout(order.seconds + PATIENCE_SECONDS):
        await asyncio.gather(*(connection.closed for _, connection in opened))
    return {
        "seconds": time.perf_counter() - started,
        "each": order.seconds_of,
        "cpu": time.process_time() - cpu,
    }


def say(line: str) -> None:
    """Write to stdout past Python's buffers: after uvloop has run, print drops parts of long lines.

    Seen with uvloop 0.23 on CPython 3.11; asyncio's own loop does no such thing.
    """
    rest = memoryview(line.encode() + b"\n")
    while rest:
        rest = rest[os.write(sys.stdout.fileno(), rest) :]


def main() -> None:
    for line in sys.stdin:
        try:
            answer = uvloop.run(fulfil(Order(**json.loads(line))))
        except (OSError, ValueError, httptools.HttpParserError) as error:
            answer = {"error": repr(error)}
        say(json.dumps(answer))


if __name__ == "__main__":
    main()
