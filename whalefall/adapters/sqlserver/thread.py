"""A blocking driver on a thread of its own, one for each session.

A call that hangs cannot be ended from outside: it is cancelled through the driver, waited for a
moment, and then left to itself. Its thread ends when the driver gives up; until then it counts, so
that servers which hang for ever cannot take all of the process.
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
    """Runs one call after the other. Raises SERVICE_UNAVAILABLE's cousin TOO_MANY_CONNECTIONS when
    as many threads as there may be hang already."""

    def __init__(self) -> None:
        if not _running.acquire(blocking=False):
            raise TargetProblem(
                said("Too many connections to servers that do not answer are open already."),
                code=Code.TOO_MANY_CONNECTIONS,
            )
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
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

    def leave(self, last: Callable[[], None]) -> None:
        """Do this after all other calls, and end; nobody waits for it."""
        self._calls.put(last)
        self._calls.put(None)

    def _work(self) -> None:
        try:
            while (call := self._calls.get()) is not None:
                with suppress(Exception):  # of the last call; others have told whoever waits
                    call()
        finally:
            _running.release()
