"""Feeds: what changes is read once, however many follow it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from whalefall.errors import ServiceUnavailable
from whalefall.notifications import Notifications

INTERVAL_SECONDS = 0.3  # from one change to the next: followers get at most three values a second
RETRY_SECONDS = 1  # after our database did not answer
LOOK_SECONDS = 15  # while nobody can notify us, and only then, a feed looks by itself
T = TypeVar("T")


@dataclass(eq=False)
class Seen(Generic[T]):
    """What one read found; its followers share it, and in `memo` what they make of it."""

    value: T
    memo: dict[Any, Any] = field(default_factory=dict)


class Feeds:
    """The feeds of a process, one per notified payload that somebody follows."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications
        self._feeds: dict[tuple[str, str], _Feed[Any]] = {}

    async def follow(
        self, channel: str, payload: str, read: Callable[[], Awaitable[T]]
    ) -> AsyncGenerator[Seen[T], None]:
        """What `read` finds now and, without end, after each change that is notified.

        Changes that come in a burst are read once, the last of them always. A follower that is
        slow to take a value gets the newest one next. All who follow a payload share the reads of
        the first, so `read` must not depend on who asks. Raises what `read` raises, but while our
        database is away only at the beginning: later it is awaited.
        """
        key = (channel, payload)
        if key not in self._feeds:
            self._feeds[key] = _Feed(read)
            running = asyncio.create_task(self._run(key), context=Context())  # in nobody's name
            self._feeds[key].running = running
        async with contextlib.aclosing(self._feeds[key].follow()) as values:
            async for seen in values:
                yield seen

    async def close(self) -> None:
        running = {feed.running for feed in self._feeds.values() if feed.running is not None}
        for each in running:
            each.cancel()
        if running:
            await asyncio.wait(running)

    async def _run(self, key: tuple[str, str]) -> None:
        feed = self._feeds[key]
        try:
            async with self._notifications.waking(*key, feed.change):
                while feed.followers:
                    await feed.look()
                    await feed.until_due(self._notifications)
        finally:
            del self._feeds[key]


class _Feed(Generic[T]):
    """The reads of one payload, numbered as they begin.

    Who comes to a feed waits for a read that began after that, so nobody is shown less than they
    knew already; the others need not be told of a read that no change called for.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self.followers = 0
        self.running: asyncio.Task[None] | None = None
        self._read = read
        self._found: Seen[T] | Exception
        self._begun = self._done = self._changed = 0
        self._has_changed = self._is_awaited = False
        self._quiet_until = 0.0
        self._stirred, self._news = asyncio.Event(), asyncio.Event()

    def change(self) -> None:
        self._has_changed = True
        self._stirred.set()

    async def follow(self) -> AsyncGenerator[Seen[T], None]:
        self.followers += 1
        self._is_awaited = True
        self._stirred.set()
        try:
            told = await self._told(self._begun)
            if isinstance(self._found, Exception):
                raise self._found
            while True:
                if not isinstance(self._found, Exception):
                    yield self._found
                elif not isinstance(self._found, ServiceUnavailable):
                    raise self._found
                while self._changed <= told:
                    await self._news.wait()
                told = self._done
        finally:
            self.followers -= 1
            self._stirred.set()

    async def look(self) -> None:
        """Read, and tell who follows."""
        is_change = self._has_changed and self._is_quiet_over()
        if is_change:
            self._has_changed = False
        self._is_awaited = False
        self._begun += 1
        pause: float = INTERVAL_SECONDS
        try:
            self._found = Seen(await self._read())
        except ServiceUnavailable as problem:
            self._found, self._has_changed, pause = problem, True, RETRY_SECONDS
        except Exception as error:  # the followers raise it, each at their own door
            self._found = error
        self._done = self._begun
        if is_change:
            self._changed = self._done
            self._quiet_until = time.monotonic() + pause
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def until_due(self, notifications: Notifications) -> None:
        """Wait for a newcomer, for the last follower to leave, or for a change; after the latest
        change that one may wait a little."""
        while True:
            self._stirred.clear()
            if self._is_awaited or not self.followers:
                return
            if self._has_changed and self._is_quiet_over():
                return
            seconds: float | None = None if notifications.is_listening else LOOK_SECONDS
            if self._has_changed:
                seconds = self._quiet_until - time.monotonic()
            try:
                async with asyncio.timeout(seconds):
                    await self._stirred.wait()
            except TimeoutError:
                self._has_changed = True

    def _is_quiet_over(self) -> bool:
        return time.monotonic() >= self._quiet_until

    async def _told(self, begun: int) -> int:
        """Wait for a read that began after so many others; its number."""
        while self._done <= begun:
            await self._news.wait()
        return self._done
