"""Treemaps: area is size, shade is rank."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from whalefall.domain.charts.scale import Value, is_positive

VISIBLE = 0.1  # per cent: a cell below that could neither be seen nor clicked
TRIFLE = 1e-9  # of the whole: less than a thousandth of a pixel
MOST_CELLS = 30

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cell:
    """One rectangle of a treemap, in per cent; `step` 1 to 5 is its shade, 0 what was summed up.

    `index` is the place in the sizes that were given; of what was summed up, their number.
    """

    x: float
    width: float
    y: float
    height: float
    index: int
    step: int
    size: float


def treemap(
    sizes: Sequence[Value], width: int, height: int, others: Value = 0, most: int = MOST_CELLS
) -> list[Cell]:
    """Squarified rectangles of the `most` largest; the rest joins `others` in one cell."""
    given = sorted(((s, i) for i, s in enumerate(sizes) if is_positive(s)), key=lambda g: -g[0])
    ranks: dict[float, int] = {}
    for rank, (size, _) in enumerate(given):
        ranks.setdefault(size, rank)  # what is as large as another has its shade
    areas = [(size, index, _shade(ranks[size])) for size, index in given[:most]]
    rest = math.fsum(size for size, _ in given[most:]) + (others if is_positive(others) else 0)
    if rest > 0:
        areas.append((rest, len(sizes), 0))
    total = math.fsum(area for area, _, _ in areas)
    areas = sorted((each for each in areas if each[0] > total * TRIFLE), key=lambda a: -a[0])
    boxes = _squarify([area / total * width * height for area, _, _ in areas], width, height)
    cells = [
        Cell(*_percent(x, w, width), *_percent(y, h, height), index, step, size)
        for (x, y, w, h), (size, index, step) in zip(boxes, areas, strict=True)
    ]
    return [cell for cell in cells if cell.width >= VISIBLE and cell.height >= VISIBLE]


def _shade(rank: int) -> int:
    """The two largest are darkest; each next shade holds more tables."""
    return next((5 - step for step, last in enumerate((1, 4, 9, 17)) if rank <= last), 1)


def _percent(start: float, length: float, whole: int) -> tuple[float, float]:
    """Both edges are rounded alike, so that neighbours neither overlap nor leave a slit."""
    begin = round(min(100.0, start / whole * 100), 2)
    end = round(min(100.0, (start + length) / whole * 100), 2)
    return begin, round(end - begin, 2)


def _squarify(areas: Sequence[float], width: float, height: float) -> list[Box]:
    """Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000); areas sorted downwards."""
    boxes: list[Box] = []
    x, y, rest = 0.0, 0.0, list(areas)
    while rest:
        side = min(width, height)
        taken = 1
        while taken < len(rest) and _worst(rest[: taken + 1], side) <= _worst(rest[:taken], side):
            taken += 1
        row, rest = rest[:taken], rest[taken:]
        thick = sum(row) / side if side else 0
        offset = 0.0
        for area in row:
            length = area / thick if thick else 0
            if width >= height:
                boxes.append((x, y + offset, thick, length))
            else:
                boxes.append((x + offset, y, length, thick))
            offset += length
        if width >= height:
            x, width = x + thick, max(0.0, width - thick)
        else:
            y, height = y + thick, max(0.0, height - thick)
    return boxes


def _worst(row: Sequence[float], side: float) -> float:
    total = sum(row)
    if not total or not side or not min(row):
        return math.inf
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * min(row)))
