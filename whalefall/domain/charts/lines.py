"""Lines and areas over days: days without a reading stay visible as gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from operator import itemgetter
from statistics import median_low

from whalefall.domain.charts.scale import (
    BINARY,
    Reading,
    Scale,
    Value,
    is_known,
    known,
    labels,
    ticks,
)

TOP, BOTTOM = 16, 12
MOST_POINTS = 400
LABEL = 14  # pixels between two names at line ends


@dataclass(frozen=True)
class Point:
    """`x` in per cent of the width, `y` in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """One series: paths in a box of 100 x height, and where its name stands at the end."""

    name: str
    first: float
    last: float
    path: str
    area: str
    end: Point
    label_y: float


@dataclass(frozen=True)
class Row:
    """A day of the table twin: for each series its value and its height, none in a gap."""

    day: date
    x: float
    cells: list[tuple[Value, float | None]]


@dataclass(frozen=True)
class Chart:
    """Lines over a time axis, as wide as their place.

    `ticks` are (y, value), `days` are (x, day) to name; `rows` hold every reading, oldest first,
    also those that the thinned paths leave out.
    """

    height: int
    lines: list[Line]
    ticks: list[tuple[float, float]]
    days: list[tuple[float, date]]
    rows: list[Row]


def trend(readings: Sequence[Reading], height: int = 200) -> Chart | None:
    """One line of bytes from the first to the last day; none with fewer than two readings."""
    return lines([("", readings)], height)


def lines(
    series: Sequence[tuple[str, Sequence[Reading]]],
    height: int = 220,
    *,
    base: int = BINARY,
    from_zero: bool = False,
) -> Chart | None:
    """All series on one axis; none where no series has two readings.

    `base` is what a unit is made of: 1024 for bytes, 10 for counts and percentages.
    """
    drawn = [
        (name, sorted(readings, key=itemgetter(0)))
        for name, readings in series
        if _enough(readings)
    ]
    if not drawn:
        return None
    values = known([value for _, readings in drawn for _, value in readings])
    low = min(0, *values) if from_zero else min(values)
    scale = Scale(TOP, height - TOP - BOTTOM, ticks(low, max(values), base))
    days = sorted({day for _, readings in drawn for day, _ in readings})
    across = 100 / max(1, (days[-1] - days[0]).days)
    made = [_line(name, readings, days[0], across, scale) for name, readings in drawn]
    return Chart(
        height=height,
        lines=_apart(made, height),
        ticks=[(scale.place(mark), mark) for mark in scale.marks],
        days=labels(days, across),
        rows=_rows(drawn, days, across, scale),
    )


def _enough(readings: Sequence[Reading]) -> bool:
    return len(known([value for _, value in readings])) > 1


def _line(name: str, readings: Sequence[Reading], first: date, across: float, scale: Scale) -> Line:
    stretches = _runs(readings)
    runs = [
        [Point(round((day - first).days * across, 2), scale.place(value)) for day, value in run]
        for run in stretches
    ]
    floor = scale.top + scale.down
    thinned = [_thin(run, MOST_POINTS // len(runs)) for run in runs]
    paths = [_path(run) for run in thinned]
    areas = [
        f"{path}L{run[-1].x} {floor}L{run[0].x} {floor}Z"
        for path, run in zip(paths, thinned, strict=True)
    ]
    end = runs[-1][-1]
    start, last = stretches[0][0][1], stretches[-1][-1][1]
    return Line(name, start, last, "".join(paths), "".join(areas), end, end.y)


def _runs(readings: Sequence[Reading]) -> list[list[tuple[date, float]]]:
    """The stretches without a gap: where a value is none, or the usual distance is exceeded."""
    present = [(day, value) for day, value in readings if is_known(value)]
    missing = [day for day, value in readings if not is_known(value)]
    usual = median_low([(after - before).days for (before, _), (after, _) in pairwise(present)])
    runs = [[present[0]]]
    for (before, _), reading in pairwise(present):
        day = reading[0]
        told = any(before < each < day for each in missing)
        if told or (day - before).days > max(1, usual) * 1.5:
            runs.append([])
        runs[-1].append(reading)
    return runs


def _thin(points: list[Point], most: int) -> list[Point]:
    """The highest and the lowest point of each of `most` / 2 stretches: no peak is lost."""
    if len(points) <= max(most, 4):
        return points
    size = -(-len(points) // max(most // 2 - 2, 1))
    kept = [points[0]]
    for start in range(0, len(points), size):
        part = points[start : start + size]
        ends = {min(part, key=lambda p: p.y), max(part, key=lambda p: p.y)}
        kept += sorted(ends - {points[0], points[-1]}, key=lambda p: p.x)
    return [*kept, points[-1]]


def _path(points: Sequence[Point]) -> str:
    """A line; a lone point is a line of no length, which round ends make a dot."""
    text = "".join(f"{'L' if i else 'M'}{p.x} {p.y}" for i, p in enumerate(points))
    return text if len(points) > 1 else f"{text}h0"


def _apart(made: Sequence[Line], height: int) -> list[Line]:
    """The names at the line ends, moved down until none covers another, then back inside."""
    order = sorted(range(len(made)), key=lambda index: made[index].end.y)
    places = dict.fromkeys(order, 0.0)
    below = 0.0
    for index in order:
        below = places[index] = max(made[index].end.y, below + LABEL)
    above = float(height - BOTTOM)
    for index in reversed(order):
        places[index] = min(places[index], above)
        above = places[index] - LABEL
    return [replace(line, label_y=round(places[i], 1)) for i, line in enumerate(made)]


def _rows(
    drawn: Sequence[tuple[str, Sequence[Reading]]],
    days: Sequence[date],
    across: float,
    scale: Scale,
) -> list[Row]:
    tables = [dict(readings) for _, readings in drawn]

    def cell(value: Value) -> tuple[Value, float | None]:
        return (value, scale.place(value)) if is_known(value) else (None, None)

    return [
        Row(day, round((day - days[0]).days * across, 2), [cell(t.get(day)) for t in tables])
        for day in days
    ]
