"""Trying once more what only stood in somebody's way."""

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from typing import TypeVar

from whalefall.errors import ServiceUnavailable

TRIES = 3
MOST_SECONDS = 2.0
Result = TypeVar("Result")


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do a transaction of a long task, up to three times: a deadlock is no reason to begin all of
    the task anew. Raises what the last try raised."""
    for tries_left in reversed(range(TRIES)):
        try:
            return await work()
        except ServiceUnavailable:
            if not tries_left:
                raise
            await asyncio.sleep(uniform(0, MOST_SECONDS))  # noqa: S311 (apart from the other one)
    raise AssertionError("unreachable")
