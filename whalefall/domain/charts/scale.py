"""Axes: which numbers count, where the round marks stand, which days are named."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeGuard

BINARY = 1024
NICE = (1, 2, 2.5, 5, 10)
LARGEST = 1e27
MARKS = 8  # at most so many, and seldom more than five

Value = float | None
Reading = tuple[date, Value]


@dataclass(frozen=True)
class Growth:
    """The change between the first and the last reading; percent is none from zero."""

    change_bytes: int
    percent: float | None
    days: int


@dataclass(frozen=True)
class Scale:
    """A vertical axis of pixels: `marks` are its round values, lowest first."""

    top: float
    down: float
    marks: list[float]

    def place(self, value: float) -> float:
        low, high = self.marks[0], self.marks[-1]
        return round(self.top + self.down - (value - low) / (high - low) * self.down, 1)


def known(values: Sequence[Value]) -> list[float]:
    """Those that are finite numbers."""
    return [value for value in values if is_known(value)]


def is_known(value: Value) -> TypeGuard[float]:
    """Whether there is a number that a server could have told; NaN is within no bounds."""
    return value is not None and abs(value) <= LARGEST


def is_positive(value: Value) -> TypeGuard[float]:
    return is_known(value) and value > 0


def ticks(low: float, high: float, base: int = BINARY) -> list[float]:
    """Two to eight round marks around `low` and `high`, in units of powers of `base`."""
    low, high = min(low, high), max(low, high)
    size = max(abs(low), abs(high), 1e-9)
    if low == high == 0:
        return [0.0, 1.0]
    if high - low < size * 1e-6:
        low, high = low - size * 0.1, high + size * 0.1
    unit = float(base) ** max(0, int(math.log(size, base))) if size >= 1 else 1.0
    rough = (high - low) / unit / 4
    power = 10.0 ** math.floor(math.log10(rough))
    nice = next((m for m in NICE if m * power >= rough), 10) * power * unit
    start = math.floor(low / nice)
    marks = [(start + i) * nice for i in range(MARKS)]
    stop = next((i for i, mark in enumerate(marks) if mark >= high), MARKS - 1)
    kept = marks[: max(stop, 1) + 1]
    return [float(round(mark)) for mark in kept] if nice >= 1 else kept


def growth(readings: Sequence[tuple[date, int | None]]) -> Growth | None:
    """How much was added over the readings, oldest first; none with fewer than two."""
    given = [(day, size) for day, size in readings if size is not None]
    if len(given) < 2:
        return None
    (start, before), (end, after) = given[0], given[-1]
    percent = (after - before) / before * 100 if before else None
    return Growth(after - before, percent, (end - start).days)


def labels(days: Sequence[date], across: float, most: int = 7) -> list[tuple[float, date]]:
    """At most so many days, evenly chosen, with their place in per cent."""
    every = max(1, math.ceil(len(days) / most))
    return [(round((day - days[0]).days * across, 2), day) for day in days[::every]]
