"""The geometry of charts: whatever is given, nothing leaves its box and nothing is made up."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from whalefall.domain import charts
from whalefall.domain.charts.lines import MOST_POINTS
from whalefall.domain.charts.scale import is_known

DAY = date(2026, 7, 1)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
numbers = st.one_of(
    st.none(),
    st.integers(min_value=-(2**63), max_value=2**63),
    st.floats(allow_nan=True, allow_infinity=True),
)
sizes = st.lists(numbers, max_size=40)


def days(*values: float | None) -> list[tuple[date, float | None]]:
    return [(DAY + timedelta(days=index), value) for index, value in enumerate(values)]


# --- treemap


@given(sizes, numbers)
def test_a_treemap_covers_its_box_without_overlap(
    values: list[float | None], others: float | None
) -> None:
    cells = charts.treemap(values, 1200, 300, others)

    for cell in cells:
        assert 0 <= cell.x <= cell.x + cell.width <= 100.001
        assert 0 <= cell.y <= cell.y + cell.height <= 100.001
    if any(is_known(value) and value > 0 for value in [*values, others]):
        covered = sum(cell.width * cell.height for cell in cells)
        assert covered == pytest.approx(10_000, rel=0.02)
    for i, one in enumerate(cells):
        for other in cells[:i]:
            assert min(_overlap(one, other)) < 0.03


@given(st.lists(st.integers(min_value=1, max_value=2**50), min_size=1, max_size=30))
def test_the_area_of_a_cell_is_its_share(values: list[int]) -> None:
    for cell in charts.treemap(values, 1200, 300):
        share = values[cell.index] / sum(values) * 10_000
        assert cell.width * cell.height == pytest.approx(share, rel=0.2, abs=2.5)


def test_what_has_no_cell_of_its_own_is_one_cell_without_shade() -> None:
    cells = charts.treemap([50, 30, 9, 1], 1200, 300, others=20, most=2)

    assert [(cell.size, cell.index) for cell in cells if cell.step == 0] == [(30, 4)]
    assert len(cells) == 3


@pytest.mark.parametrize(
    ("value", "limit", "percent", "tone"),
    [(0, 100, 0, ""), (74.9, 100, 74.9, ""), (75, 100, 75, "warn"), (85, 100, 85, "bad")],
)
def test_a_capacity_bar_warns_near_its_end(
    value: float, limit: float, percent: float, tone: str
) -> None:
    assert charts.fullness(value, limit) == charts.Fullness(percent, tone)


def test_without_a_size_or_a_limit_nothing_is_full() -> None:
    assert charts.fullness(None, 100) is None
    assert charts.fullness(5, None) is None
    assert charts.fullness(5, 0) is None
    assert charts.fullness(300, 100) == charts.Fullness(300, "bad")


def test_equal_sizes_have_the_same_shade() -> None:
    cells = charts.treemap([5, 5, 5, 3, 3, 1], 640, 260)

    assert [cell.step for cell in cells] == [5, 5, 5, 4, 4, 3]


def test_a_treemap_of_nothing_has_no_cells() -> None:
    assert charts.treemap([0, 0, None, -4, math.nan], 1200, 300) == []


# --- lines


@given(st.lists(st.lists(numbers, max_size=40), max_size=9), st.booleans())
@example([[0, 0], [0, 0], [0, 0], [0, 1]], False)
@example([[214748364801.0, -2.2e-313]], False)
def test_lines_stay_inside_their_box(series: list[list[float | None]], from_zero: bool) -> None:
    named = [(str(i), days(*values)) for i, values in enumerate(series)]

    plot = charts.lines(named, from_zero=from_zero)

    enough = [v for v in series if len([x for x in v if is_known(x)]) > 1]
    assert (plot is None) == (not enough)
    if plot is None:
        return
    known = [x for values in enough for x in values if is_known(x)]
    unseen = max(map(abs, known)) * 1e-9  # far less than a pixel
    assert plot.ticks[0][1] <= min(known) + unseen
    assert plot.ticks[-1][1] >= max(known) - unseen
    assert 2 <= len(plot.ticks) <= 9
    for row in plot.rows:
        assert 0 <= row.x <= 100.5
        for value, y in row.cells:
            assert (value is None) == (y is None)
            assert y is None or 0 <= y <= plot.height
    assert all(0 <= line.label_y <= plot.height for line in plot.lines)
    assert "nan" not in str([line.path + line.area for line in plot.lines])


def test_a_day_without_a_reading_is_a_gap() -> None:
    skipped = [reading for reading in days(1, 2, 3, 4, 5) if reading[1] != 3]

    for readings in (days(1, 2, None, 4, 5), days(1, 2, math.nan, 4, 5), skipped):
        plot = charts.trend(readings)
        assert plot is not None
        assert plot.lines[0].path.count("M") == plot.lines[0].area.count("Z") == 2


def test_every_other_day_without_a_reading_is_a_gap_when_it_says_so() -> None:
    plot = charts.trend(days(1, None, 3, None, 5))

    assert plot is not None
    assert plot.lines[0].path.count("h0") == 3


def test_months_of_unequal_length_are_no_gaps() -> None:
    months = [(date(2026, month, 1), float(month)) for month in range(1, 13)]

    plot = charts.trend(months)

    assert plot is not None
    assert plot.lines[0].path.count("M") == 1


def test_a_lone_reading_between_gaps_is_still_drawn() -> None:
    plot = charts.trend(days(1, 2, None, 4, None, 6, 7))

    assert plot is not None
    assert plot.lines[0].path.count("h0") == 1


def test_a_long_line_is_thinned_without_losing_its_peaks() -> None:
    values = [float(i % 50) for i in range(3000)]
    values[1234], values[2345] = 900.0, -900.0

    plot = charts.trend(days(*values))

    assert plot is not None
    path = plot.lines[0].path
    heights = {value: y for row in plot.rows for value, y in row.cells}
    drawn = [float(part.split()[1]) for part in path[1:].split("L")]
    assert path.count("L") < MOST_POINTS
    assert (min(drawn), max(drawn)) == (heights[900.0], heights[-900.0])
    assert len(plot.rows) == 3000


def test_names_at_line_ends_do_not_cover_each_other() -> None:
    plot = charts.lines([(name, days(1, 5)) for name in "abcdef"])

    assert plot is not None
    places = sorted(line.label_y for line in plot.lines)
    assert all(b - a >= 13.9 for a, b in pairwise(places))


@given(numbers, numbers, st.sampled_from([10, 1024]))
def test_round_marks_rise_and_hold_what_they_mark(
    low: float | None, high: float | None, base: int
) -> None:
    if not is_known(low) or not is_known(high):
        return
    marks = charts.ticks(low, high, base)

    assert 2 <= len(marks) <= 9
    assert all(a < b for a, b in pairwise(marks))


def test_marks_are_round_in_the_unit_of_the_base() -> None:
    assert charts.ticks(0, 4 * 1024**3) == [i * 1024.0**3 for i in range(5)]
    assert charts.ticks(0, 40, 10) == [0, 10, 20, 30, 40]


# --- bars


@given(numbers, numbers)
def test_a_bar_never_leaves_its_track(used: float | None, whole: float | None) -> None:
    assert 0 <= charts.share(used, whole, 96) <= 96


@pytest.mark.parametrize(("value", "whole"), [(None, 10), (5, None), (0, 10), (5, 0)])
def test_nothing_is_drawn_for_nothing(value: int | None, whole: int | None) -> None:
    assert charts.share(value, whole, 96) == 0


def test_something_is_never_drawn_as_nothing() -> None:
    assert charts.share(1, 2**60, 96) > 1


@given(sizes)
def test_stacked_parts_fill_their_bar_in_order(values: list[float | None]) -> None:
    parts = charts.stack(values)

    for one, after in pairwise(parts):
        assert after.x == pytest.approx(one.x + one.width, abs=0.011)
    if parts:
        assert parts[-1].x + parts[-1].width == pytest.approx(100, abs=0.02)


@given(
    st.lists(
        st.tuples(st.none() | st.integers(0, 10**6), st.integers(0, 10**6)).map(
            lambda pair: (
                None if pair[0] is None else NOON + timedelta(seconds=pair[0]),
                NOON + timedelta(seconds=(pair[0] or 0) + pair[1]),
            )
        ),
        max_size=20,
    )
)
def test_spans_stand_on_one_time_axis(spans: list[tuple[datetime | None, datetime]]) -> None:
    placed = charts.timeline(spans)

    assert [each.index for each in placed] == [i for i, (start, _) in enumerate(spans) if start]
    for one in placed:
        assert 0 <= one.x <= one.x + one.width <= 100.01
        assert one.width >= 2


# --- small multiples


@given(sizes)
def test_a_sparkline_stays_in_its_cell(values: list[float | None]) -> None:
    line = charts.spark(values)

    assert (line is None) == (len([v for v in values if is_known(v)]) < 2)
    if line is not None:
        points = _walked(line.path)
        assert all(0 <= x <= 96 and 0 <= y <= 20 for x, y in points)
        assert points[-1] == pytest.approx(tuple(map(float, line.end)), abs=0.1)
        assert len(points) <= line.count


@given(st.lists(st.integers(0, 2**40), min_size=2, max_size=92))
def test_a_sparkline_passes_every_reading_as_closely_as_nobody_sees(values: list[int]) -> None:
    line = charts.spark(values)

    assert line is not None
    points = _walked(line.path)
    step = (points[-1][0] - 1) / (len(values) - 1)
    reach = max(values) - min(values)
    for place, value in enumerate(values):
        x = 1 + place * step
        here = next(i for i, point in enumerate(points) if point[0] >= x - 0.01)
        (left, above), (right, below) = points[max(0, here - 1)], points[max(1, here)]
        drawn = above + (below - above) * (x - left) / (right - left)
        expected = 17.5 - 15 * (value - min(values)) / reach if reach else 10
        assert drawn == pytest.approx(expected, abs=0.45)


def test_a_straight_line_of_readings_is_one_piece() -> None:
    line = charts.spark(range(100, 131))

    assert line is not None
    assert line.path == "M1 17.5l90-15"
    assert line.count == 31


def test_a_missing_reading_breaks_the_sparkline() -> None:
    line = charts.spark([1, None, 2, math.nan, 3])

    assert line is not None
    assert line.path.count("M") == 3


def test_growth_is_counted_from_the_first_to_the_last_reading() -> None:
    change = charts.growth([(DAY, 100), (DAY + timedelta(days=2), 125)])

    assert change == charts.Growth(change_bytes=25, percent=25.0, days=2)


def test_growth_from_zero_has_no_percentage() -> None:
    change = charts.growth([(DAY, 0), (DAY + timedelta(days=1), 10)])

    assert change is not None
    assert change.percent is None


def _walked(path: str) -> list[tuple[float, float]]:
    """Where the pen stops: M moves it there, l and h from where it is."""
    points, x, y = [], 0.0, 0.0
    for command, text in re.findall(r"([Mlh])([^Mlh]*)", path):
        first, *rest = (float(number) for number in re.findall(r"-?[\d.]+", text))
        second = rest[0] if rest else 0.0
        x, y = (first, second) if command == "M" else (x + first, y + second)
        points.append((x, y))
    return points


def _overlap(one: charts.Cell, other: charts.Cell) -> tuple[float, float]:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0, across), max(0, down)
