"""A blocking driver on a thread of its own, one for each session.

A call that hangs is cancelled through the driver, waited for a moment, and then left to itself: its
thread ends when the driver gives up. Until then it counts, so that servers which hang for ever
cannot take all of the process.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from whalefall.errors import Code, TargetProblem, said

MOST_THREADS = 64
Answer = TypeVar("Answer")
_running = threading.BoundedSemaphore(MOST_THREADS)


class DriverThread:
    """Runs one call after the other. Raises TOO_MANY_CONNECTIONS when as many threads as there may
    be hang already."""

    def __init__(self) -> None:
        if not _running.acquire(blocking=False):
            raise TargetProblem(
                said("Too many connections to servers that do not answer are open already."),
                code=Code.TOO_MANY_CONNECTIONS,
            )
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._last: list[Callable[[], None]] = []
        threading.Thread(target=self._work, name="sqlserver", daemon=True).start()

    async def run(self, call: Callable[[], Answer]) -> Answer:
        """The call's answer, or what it raised; when it is given up it goes on by itself."""
        loop, future = asyncio.get_running_loop(), asyncio.Future[Answer]()

        def settle(answer: Answer | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(answer)  # type: ignore[arg-type]
            else:
                future.set_exception(error)

        def work() -> None:
            answer, error = None, None
            try:
                answer = call()
            except BaseException as raised:  # it belongs to whoever waits
                error = raised
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(settle, answer, error)

        self._calls.put(work)
        return await future

    def at_the_end(self, last: Callable[[], None]) -> None:
        """What is done on the thread before it ends."""
        self._last.append(last)

    async def leave(self) -> None:
        """End after all other calls, whether or not somebody waits for it."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        self._last.append(tell)
        self._calls.put(None)
        await ended.wait()

    def _work(self) -> None:
        try:
            while (call := self._calls.get()) is not None:
                call()
            for last in self._last:
                with suppress(Exception):  # the connection may be gone
                    last()
        finally:
            _running.release()
