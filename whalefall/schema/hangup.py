"""Notices when the client of a running operation goes away."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from starlette.types import Receive

QUICK_SECONDS = 0.1  # most answers are sent before: those pay for a timer, not for a task


class Hangup:
    """Calls `gone`, once, when the client of an HTTP request leaves while the block runs."""

    def __init__(self, receive: Receive, gone: Callable[[], None]) -> None:
        self._receive, self._gone = receive, gone
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(QUICK_SECONDS, self._begin)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass  # the body of a GET, which nobody has read
        self._gone()
