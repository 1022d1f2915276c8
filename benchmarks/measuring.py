"""Interleaved rounds: all sides of a ratio meet the same noise."""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

ROUNDS = 7
Measured = Callable[[], Awaitable[object]]
T = TypeVar("T")


async def medians(measures: Mapping[str, Measured], rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each measure, run in turns; a first turn only warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in measures}
    for turn in range(rounds + 1):
        for name in rotated(list(measures), turn):
            started = time.perf_counter()
            await measures[name]()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def rotated(items: Sequence[T], turn: int) -> Sequence[T]:
    """The same items, another one first in each turn."""
    first = turn % len(items)
    return [*items[first:], *items[:first]]


def say(name: str, seconds: float, base: float, against: str) -> None:
    """One line: what, how long, how many times the base."""
    print(f"  {name:44} {seconds * 1000:9.2f} ms   x{seconds / base:.2f} of {against}", flush=True)
