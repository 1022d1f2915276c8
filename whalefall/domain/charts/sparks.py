"""Sparklines: small multiples without axes, in the cells of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from whalefall.domain.charts.scale import Value, is_known


@dataclass(frozen=True)
class Spark:
    """A line of 96 x 20 without axes, its last point, and what is to be said of its readings."""

    path: str
    end_x: float
    end_y: float
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
    step = _step(len(values), width)
    pieces, path = _pieces(step, inner), []
    is_drawing, x, y = False, 0.0, 0
    for place, value in enumerate(drawn):
        if value is None:
            is_drawing = False
            continue
        before, y = y, base - round((value - low) / reach * inner)
        x = 1 + place * step
        path.append(pieces[y - before] if is_drawing else f"M{x:g} {y / 10:g}")
        is_drawing = True
    return Spark("".join(path), round(x, 1), y / 10, given[0], given[-1], len(given))


def _step(count: int, width: int) -> float:
    """How far apart so many readings stand: whole pixels where that leaves few of them empty."""
    step = (width - 4) / (count - 1)
    return float(int(step)) if 3 <= step < 4 else round(step, 2)


@lru_cache(maxsize=64)
def _pieces(right: float, most: int) -> dict[int, str]:
    """Pieces of a path from where the pen is, by how far down they lead; half as long as places."""
    return {down: _piece(right, down) for down in range(-most, most + 1)}


def _piece(right: float, down: int) -> str:
    if not down:
        return f"h{right:g}"
    fall = f"{abs(down) / 10:g}".removeprefix("0")
    return f"l{right:g}{'-' if down < 0 else ' '}{fall}"
