"""The geometry of charts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalefall.web import charts

DAY = date(2026, 7, 1)
sizes = st.lists(st.integers(min_value=0, max_value=2**62), max_size=40)


def days(*values: int) -> list[tuple[date, int]]:
    return [(DAY + timedelta(days=index), value) for index, value in enumerate(values)]


@given(sizes)
def test_a_treemap_covers_its_box_without_overlap(values: list[int]) -> None:
    cells = charts.treemap(sorted(values, reverse=True), 1200, 300)

    for cell in cells:
        assert cell.x >= -0.02
        assert cell.x + cell.width <= 100.05
        assert cell.y + cell.height <= 100.05
    covered = sum(cell.width * cell.height for cell in cells)
    if any(values):
        assert covered == pytest.approx(10_000, rel=0.02)
    for one in cells:
        for other in cells:
            if one is not other:
                assert _overlap(one, other) < 0.2


def test_a_treemap_of_nothing_has_no_cells() -> None:
    assert charts.treemap([0, 0], 1200, 300) == []


def test_what_has_no_cell_of_its_own_is_one_cell_without_shade() -> None:
    cells = charts.treemap([50, 30], 1200, 300, others=20)

    assert [cell.step for cell in cells if cell.index == 2] == [0]


def test_a_sparkline_needs_two_readings() -> None:
    assert charts.spark([5]) is None
    assert charts.spark([None, 5, None]) is None
    assert charts.spark([5, 5]) is not None


def test_a_missing_reading_breaks_the_sparkline() -> None:
    line = charts.spark([1, None, 2, 3])

    assert line is not None
    assert line.path.count("M") == 2


@given(st.lists(st.integers(min_value=0, max_value=2**62), min_size=2, max_size=60))
def test_a_trend_stays_inside_its_box(values: list[int]) -> None:
    plot = charts.trend(days(*values))

    assert plot is not None
    assert all(0 <= point.x <= 100.5 for point in plot.points)
    assert all(0 <= point.y <= plot.height for point in plot.points)
    assert plot.ticks[0][1] <= min(values)
    assert plot.ticks[-1][1] >= max(values)
    assert 2 <= len(plot.ticks) <= 8


def test_growth_is_counted_from_the_first_to_the_last_reading() -> None:
    change = charts.growth(days(100, 90, 125))

    assert change == charts.Growth(change_bytes=25, percent=25.0, days=2)


def test_growth_from_zero_has_no_percentage() -> None:
    change = charts.growth(days(0, 10))

    assert change is not None
    assert change.percent is None


@pytest.mark.parametrize(("value", "whole"), [(None, 10), (5, None), (0, 10), (5, 0)])
def test_nothing_is_drawn_for_nothing(value: int | None, whole: int | None) -> None:
    assert charts.share(value, whole, 96) == 0


def test_something_is_never_drawn_as_nothing() -> None:
    assert charts.share(1, 2**60, 96) > 1


def _overlap(one: charts.Cell, other: charts.Cell) -> float:
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0, min(across, down))
