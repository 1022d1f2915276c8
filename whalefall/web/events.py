"""Server-sent events: how a page hears that it should look again."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import TypeVar

EVENT_STREAM = "text/event-stream"
BEAT_SECONDS = 15  # proxies close what is silent for longer
LIFE_SECONDS = 15 * 60  # then the page goes on by asking
T = TypeVar("T")


async def told(
    first: T,
    states: AsyncGenerator[T, None],
    is_last: Callable[[T], bool],
    *,
    beat_seconds: float = BEAT_SECONDS,
    life_seconds: float = LIFE_SECONDS,
) -> AsyncGenerator[bytes, None]:
    """An event for each state, a comment when it is quiet, and "done" at the end of either.

    The events say that something has changed, not what: the page asks for that with its own
    filters, and with the rights that its reader has by then.
    """
    ends_at = asyncio.get_running_loop().time() + life_seconds
    pending: asyncio.Future[T] | None = None
    try:
        yield _event("changed")
        while not is_last(first) and asyncio.get_running_loop().time() < ends_at:
            pending = pending or asyncio.ensure_future(anext(states))
            finished, _ = await asyncio.wait({pending}, timeout=beat_seconds)
            if not finished:
                yield b": beat\n\n"
                continue
            first, pending = pending.result(), None
            yield _event("changed")
        yield _event("done")
    except StopAsyncIteration:
        yield _event("done")
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        await states.aclose()


def _event(name: str) -> bytes:
    return f"event: {name}\ndata:\n\n".encode()
