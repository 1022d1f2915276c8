"""Geometry of the charts: pure functions from numbers to coordinates; templates print them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

UNIT = 1024
VISIBLE = 0.1  # per cent: a cell below that could neither be seen nor clicked


@dataclass(frozen=True)
class Point:
    """A reading: `x` in per cent of the width, `y` in pixels."""

    x: float
    y: float
    day: date
    value: int


@dataclass(frozen=True)
class Spark:
    """A line of 96 x 20 without axes, and its last point."""

    path: str
    end_x: float
    end_y: float


@dataclass(frozen=True)
class Trend:
    """A line over a time axis, as wide as its place: paths live in a box of 100 x height.

    `ticks` are (y, bytes), `days` are (x, day); `step` is the width of one day in per cent.
    """

    height: int
    line: str
    area: str
    points: list[Point]
    ticks: list[tuple[float, int]]
    days: list[tuple[float, date]]
    step: float


@dataclass(frozen=True)
class Growth:
    """The change between the first and the last reading; percent is none from zero."""

    change_bytes: int
    percent: float | None
    days: int


@dataclass(frozen=True)
class Cell:
    """One rectangle of a treemap, in per cent; `step` 1 to 5 is its shade, 0 what was summed up."""

    x: float
    width: float
    y: float
    height: float
    index: int
    step: int


def share(value: int | None, whole: int | None, width: int) -> float:
    """The filled part of a bar of `width`; something is never drawn as nothing."""
    if not value or not whole or value < 0 or whole <= 0:
        return 0
    return max(1.5, round(min(1.0, value / whole) * width, 1))


def spark(values: Sequence[int | None], width: int = 96, height: int = 20) -> Spark | None:
    """A sparkline; missing values leave a gap. None when there are fewer than two readings."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    spread = (high - low) or 1
    inner = height - 5
    path, pen, x, y = [], "M", 0.0, 0.0
    for position, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = round(position * (width - 4) / (len(values) - 1) + 1, 1)
        rise = (value - low) / spread if high > low else 0.5
        y = round(2.5 + inner - rise * inner, 1)
        path.append(f"{pen}{x} {y}")
        pen = "L"
    return Spark("".join(path), x, y)


def growth(readings: Sequence[tuple[date, int]]) -> Growth | None:
    """How much was added over the readings, oldest first; none with fewer than two."""
    if len(readings) < 2:
        return None
    (start, before), (end, after) = readings[0], readings[-1]
    percent = (after - before) / before * 100 if before else None
    return Growth(after - before, percent, (end - start).days)


def trend(readings: Sequence[tuple[date, int]], height: int = 200) -> Trend | None:
    """A time axis from the first to the last day; none with fewer than two readings."""
    if len(readings) < 2:
        return None
    top, bottom = 16, 12
    ticks = _ticks(min(v for _, v in readings), max(v for _, v in readings))
    first, last = readings[0][0], readings[-1][0]
    across, down = 100 / max(1, (last - first).days), height - top - bottom
    low, high = ticks[0], ticks[-1]

    def place(value: float) -> float:
        return round(top + down - (value - low) / (high - low) * down, 1)

    points = [
        Point(round((day - first).days * across, 2), place(value), day, value)
        for day, value in readings
    ]
    line = _line(points)
    return Trend(
        height=height,
        line=line,
        area=f"{line}L{points[-1].x} {top + down}L{points[0].x} {top + down}Z",
        points=points,
        ticks=[(place(tick), tick) for tick in ticks],
        days=_labels(points, most=7),
        step=round(across, 2),
    )


def treemap(sizes: Sequence[int], width: int, height: int, others: int = 0) -> list[Cell]:
    """Squarified rectangles, largest first; `others` is the sum of what has no cell of its own."""
    values = [size for size in sizes if size > 0]
    areas = [*values, others] if others > 0 else values
    total = sum(areas)
    if not total:
        return []
    scale = width * height / total
    order = sorted(range(len(areas)), key=lambda index: -areas[index])
    boxes = _squarify([areas[index] * scale for index in order], 0, 0, width, height)
    cells = []
    for (x, y, w, h), index in zip(boxes, order, strict=True):
        step = 0 if index >= len(values) else _shade(index)
        cells.append(Cell(*_percent(x, w, width), *_percent(y, h, height), index, step))
    return [cell for cell in cells if cell.width >= VISIBLE and cell.height >= VISIBLE]


def _shade(rank: int) -> int:
    """The two largest are darkest; each next shade holds more tables."""
    return next((5 - step for step, last in enumerate((1, 4, 9, 17)) if rank <= last), 1)


def _percent(start: float, length: float, whole: int) -> tuple[float, float]:
    begin = min(100.0, start / whole * 100)
    return round(begin, 2), round(min(100 - begin, length / whole * 100), 2)


def _line(points: Sequence[Point]) -> str:
    return "".join(f"{'L' if i else 'M'}{p.x} {p.y}" for i, p in enumerate(points))


def _ticks(low: int, high: int) -> list[int]:
    """Four to six round marks in binary units around the readings."""
    if low == high:
        low, high = int(low * 0.9), int(high * 1.1) + 1
    unit = UNIT ** int(math.log(max(high, 1), UNIT))
    rough = (high - low) / unit / 4
    power = 10 ** math.floor(math.log10(rough))
    nice = next(m for m in (1, 2, 2.5, 5, 10) if m * power >= rough) * power * unit
    start = math.floor(low / nice)
    marks = [round((start + i) * nice) for i in range(8)]
    stop = next(i for i, mark in enumerate(marks) if mark >= high)
    return marks[: stop + 1]


def _labels(points: Sequence[Point], most: int) -> list[tuple[float, date]]:
    every = max(1, math.ceil(len(points) / most))
    return [(point.x, point.day) for point in points[::every]]


Box = tuple[float, float, float, float]


def _squarify(areas: Sequence[float], x: float, y: float, width: float, height: float) -> list[Box]:
    """Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000); areas sorted downwards."""
    boxes: list[Box] = []
    rest = list(areas)
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
    if not total or not side:
        return math.inf
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * min(row)))
