"""Bars: shares, stacked parts, spans of time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whalefall.domain.charts.scale import Value, is_known, is_positive

FULL = ((85, "bad"), (75, "warn"))  # from so many per cent on
LEAST = 1.5  # pixels of something, however little


@dataclass(frozen=True)
class Fullness:
    """Per cent of a limit, which may be more than a hundred; `tone` is warn or bad near its end."""

    percent: float
    tone: str


@dataclass(frozen=True)
class Segment:
    """A part of a stacked bar, in per cent; `index` is its place in what was given."""

    x: float
    width: float
    index: int


def share(value: Value, whole: Value, width: float) -> float:
    """The filled part of a bar of `width`; something is never drawn as nothing."""
    if not is_positive(value) or not is_positive(whole):
        return 0
    return min(width, max(LEAST, round(min(1.0, value / whole) * width, 1)))


def fullness(value: Value, limit: Value) -> Fullness | None:
    """How full something is that may become so large; none where either is not known."""
    if not is_known(value) or not is_positive(limit):
        return None
    percent = max(0.0, value / limit * 100)
    tone = next((tone for least, tone in FULL if percent >= least), "")
    return Fullness(round(percent, 1), tone)


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
