"""Bars: shares, used capacity, changes around zero, stacked parts, the last runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from whalefall.domain.charts.scale import (
    BINARY,
    Reading,
    Scale,
    Value,
    is_known,
    is_positive,
    known,
    labels,
    ticks,
)

WARN, BAD = 75, 85  # per cent in use
LEAST = 1.5  # pixels of something, however little
RUN, PITCH, RUNS = 6, 8, 10  # a tick is 6 pixels wide, one every 8, ten at most


@dataclass(frozen=True)
class Capacity:
    """A bar of used space: its filled width, how serious it is, where the thresholds stand."""

    fill: float
    percent: float
    tone: str
    marks: tuple[float, float]


@dataclass(frozen=True)
class Bar:
    """A change: `x` and `width` in per cent, `y` and `height` in pixels, `tone` up or down."""

    x: float
    width: float
    y: float
    height: float
    tone: str
    day: date
    value: float


@dataclass(frozen=True)
class Bars:
    """Changes around a line of zero; days without one have no bar."""

    height: int
    zero: float
    bars: list[Bar]
    ticks: list[tuple[float, float]]
    days: list[tuple[float, date]]


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar, in per cent; `index` is its place in what was given."""

    x: float
    width: float
    index: int


@dataclass(frozen=True)
class Tick:
    """One run of a strip, oldest first."""

    x: int
    outcome: str


def share(value: Value, whole: Value, width: float) -> float:
    """The filled part of a bar of `width`; something is never drawn as nothing."""
    if not is_positive(value) or not is_positive(whole):
        return 0
    return min(width, max(LEAST, round(min(1.0, value / whole) * width, 1)))


def capacity(used: Value, whole: Value, width: float = 120) -> Capacity | None:
    """How full something is; none when either is unknown, for unknown is not empty."""
    if not is_known(used) or not is_positive(whole):
        return None
    percent = max(0.0, used / whole * 100)
    tone = "bad" if percent >= BAD else "warn" if percent >= WARN else ""
    marks = (round(width * WARN / 100, 1), round(width * BAD / 100, 1))
    return Capacity(share(used, whole, width), round(percent, 1), tone, marks)


def deltas(readings: Sequence[Reading], height: int = 220, *, base: int = BINARY) -> Bars | None:
    """A bar for each day's change, up or down from zero; none without any."""
    present = sorted((day, value) for day, value in readings if is_known(value))
    if not present:
        return None
    values = known([value for _, value in present])
    scale = Scale(16, height - 28, ticks(min(0, *values), max(0, *values), base))
    days = sorted(day for day, _ in readings)
    slot = 100 / ((days[-1] - days[0]).days + 1)
    zero = scale.place(0)

    def bar(day: date, value: float) -> Bar:
        y = scale.place(value)
        x = round((day - days[0]).days * slot + slot * 0.15, 2)
        tone = "down" if value < 0 else "up"
        width = round(slot * 0.7, 2)
        return Bar(x, width, min(y, zero), round(abs(y - zero), 1), tone, day, value)

    return Bars(
        height=height,
        zero=zero,
        bars=[bar(day, value) for day, value in present],
        ticks=[(scale.place(mark), mark) for mark in scale.marks],
        days=[(round(x + slot / 2, 2), day) for x, day in labels(days, slot)],
    )


def stack(parts: Sequence[Value]) -> list[Segment]:
    """One bar of 100 per cent in the given order; what is nothing takes no place."""
    total = math.fsum(part for part in parts if is_positive(part))
    made, x = [], 0.0
    for index, part in enumerate(parts):
        if not is_positive(part):
            continue
        end = min(100.0, x + part / total * 100)
        made.append(Segment(round(x, 2), round(round(end, 2) - round(x, 2), 2), index))
        x = end
    return made


def timeline(spans: Sequence[tuple[datetime | None, datetime]]) -> list[Segment]:
    """Where each span stands between the first beginning and the last end; what has not begun
    has no place."""
    begun = [(start, end) for start, end in spans if start is not None]
    if not begun:
        return []
    first, last = min(start for start, _ in begun), max(end for _, end in begun)
    whole = (last - first).total_seconds() or 1
    made = []
    for index, (start, end) in enumerate(spans):
        if start is None:
            continue
        x = min(98.0, (start - first).total_seconds() / whole * 100)
        width = max(2.0, min(100 - x, (end - start).total_seconds() / whole * 100))
        made.append(Segment(round(x, 2), round(width, 2), index))
    return made


def run_strip(outcomes: Sequence[str]) -> list[Tick]:
    """The last ten runs; fewer stand at the right, where the newest belongs."""
    last = outcomes[-RUNS:]
    return [Tick((RUNS - len(last) + i) * PITCH, outcome) for i, outcome in enumerate(last)]
