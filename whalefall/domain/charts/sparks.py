"""Sparklines: small multiples without axes, in the cells of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from whalefall.domain.charts.scale import Value, is_known

UNSEEN = 3  # tenths of a pixel


@dataclass(frozen=True)
class Spark:
    """A line of 96 x 20 without axes, its last point (x, y), and what is said of its readings."""

    path: str
    end: tuple[str, str]
    first: float
    last: float
    count: int


def spark(values: Sequence[Value], width: int = 96, height: int = 20) -> Spark | None:
    """A sparkline; missing values leave a gap. None when there are fewer than two readings."""
    drawn = [value if is_known(value) else None for value in values]
    given = [value for value in drawn if value is not None]
    if len(given) < 2:
        return None
    low, high = min(given), max(given)
    reach, inner = high - low or 1, 10 * (height - 5)  # heights are tenths of a pixel
    base = 25 + inner if high > low else 25 + inner // 2
    heights = [
        None if value is None else base - round((value - low) / reach * inner) for value in drawn
    ]
    step = _step(len(values), width)
    path, pen = [], None
    for place in _corners(heights):
        y = heights[place] or 0
        if pen is None or None in heights[pen:place]:
            path.append(f"M{1 + place * step:g} {y / 10:g}")
        else:
            path.append(_piece((place - pen) * step, y - (heights[pen] or 0)))
        pen = place
    assert pen is not None  # noqa: S101 (two readings have two corners)
    end = f"{1 + pen * step:g}", f"{(heights[pen] or 0) / 10:g}"
    return Spark("".join(path), end, given[0], given[-1], len(given))


def _corners(heights: Sequence[int | None]) -> Iterator[int]:
    """The places of the readings that a line must touch to pass the others as closely as nobody
    sees: first and last of each run, and where no straight line reaches farther."""
    start, least, most = None, -inf, inf  # slopes by which a line from `start` passes the others
    for place, height in enumerate(heights):
        if height is None:
            if start is not None and start < place - 1:
                yield place - 1
            start = None
            continue
        if start is None:
            yield place
            start, least, most = place, -inf, inf
            continue
        rise, run = height - (heights[start] or 0), place - start
        if not least <= rise / run <= most:
            start = place - 1
            yield start
            rise, run, least, most = height - (heights[start] or 0), 1, -inf, inf
        least, most = max(least, (rise - UNSEEN) / run), min(most, (rise + UNSEEN) / run)
    if start is not None and start < len(heights) - 1:
        yield len(heights) - 1


def _step(count: int, width: int) -> float:
    """How far apart so many readings stand: whole pixels where that leaves few of them empty."""
    step = (width - 4) / (count - 1)
    return float(int(step)) if 3 <= step < 4 else round(step, 2)


@lru_cache(maxsize=4096)
def _piece(right: float, down: int) -> str:
    """A piece of a path from where the pen is; half as long as one to a place."""
    if not down:
        return f"h{right:g}"
    fall = f"{abs(down) / 10:g}".removeprefix("0")
    return f"l{right:g}{'-' if down < 0 else ' '}{fall}"
