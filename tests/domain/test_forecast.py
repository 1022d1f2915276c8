"""What is to be expected of a history, and what is not made of it."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.forecast.backtest import score
from benchmarks.forecast.families import FAMILIES
from whalefall.domain.forecast import LEAST_READINGS, Forecast, forecast
from whalefall.domain.histories import Reading, history_of

FIRST = date(2026, 1, 5)  # a Monday
GIB = 2**30
SIZES = st.floats(min_value=0, max_value=2**50, allow_nan=False)


def readings(*sizes: float, every: int = 1) -> list[Reading]:
    return [(FIRST + timedelta(days=place * every), size) for place, size in enumerate(sizes)]


def expected(history: list[Reading]) -> Forecast:
    found = forecast(history)
    assert found is not None
    return found


def growing(days: int, step: float = 1.0, start: float = 100.0) -> list[float]:
    return [start + step * day + math.sin(day * 7) * step / 5 for day in range(days)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_interval_holds_what_it_promises(family: str) -> None:
    """A third of the back-test, `python -m benchmarks.forecast`, whose bounds are 0.75 and 0.85."""
    made = score(family, count=70)

    assert 0.73 <= made.coverage <= 0.87
    assert made.against_naive <= 0.75
    assert made.alarms == 0
    assert made.unforecast <= 0.1 * made.months  # a change was too fresh, or was taken for one


@pytest.mark.parametrize("count", [0, 1, 2, LEAST_READINGS - 1])
def test_a_few_readings_are_no_history(count: int) -> None:
    assert forecast(readings(*growing(count))) is None


def test_a_line_goes_on_and_is_full_when_it_gets_there() -> None:
    made = expected(readings(*growing(60)))

    month, full = made.after(30), made.until_full(260)
    assert month.p10 <= month.p50 <= month.p90
    assert 185 <= month.p50 <= 193
    assert full.p10 is not None
    assert full.p50 is not None
    assert full.p90 is not None
    assert full.p10 <= full.p50 <= full.p90
    assert 95 <= full.p50 <= 107
    assert made.slope == pytest.approx(1, abs=0.1)


def test_what_is_full_is_full_now() -> None:
    made = expected(readings(*growing(60)))

    assert made.until_full(120).p90 == 0


def test_what_does_not_grow_is_never_full() -> None:
    shrinking = expected(readings(*growing(60, step=-1)))
    still = expected(readings(*([7.0] * 60)))

    assert shrinking.until_full(1000).p50 is None
    assert still.until_full(8).p10 is None
    assert (still.after(30).p10, still.after(30).p90) == (7, 7)


def test_nothing_is_expected_to_be_smaller_than_nothing() -> None:
    made = expected(readings(*growing(60, step=-1, start=61)))

    assert made.after(365).p10 == 0


def test_the_same_history_is_forecast_alike() -> None:
    history = readings(*growing(40))

    assert expected(history).after(9) == expected(history).after(9)


def test_after_a_purge_only_what_came_since_counts_as_read() -> None:
    sizes = [*growing(60, start=1000), *growing(40, start=300)]

    history = history_of(readings(*sizes))
    soon = history_of(readings(*sizes[:68]))
    month = expected(readings(*sizes)).after(30)

    assert (history.began_on, history.readings) == (FIRST + timedelta(days=60), 40)
    assert soon.began_on == FIRST + timedelta(days=60)
    assert 355 <= month.p50 <= 385
    assert forecast(readings(*sizes[:68])) is None  # eight days of a new level


def test_a_spike_is_not_the_level_but_may_come_again() -> None:
    sizes = growing(90)
    for day in (20, 41, 42, 70):
        sizes[day] *= 1.4
    made = expected(readings(*sizes))

    assert len(made.history.spikes) == 4
    assert made.history.began_on is None
    assert made.after(30).p50 == pytest.approx(219, abs=5)


def test_days_without_a_reading_are_stepped_over() -> None:
    whole = readings(*growing(90))
    gappy = [one for place, one in enumerate(whole) if place % 3 == 0 or place > 80]

    assert expected(gappy).after(30).p50 == pytest.approx(expected(whole).after(30).p50, rel=0.03)
    assert expected(gappy).history.readings == len(gappy)


def test_habits_of_weekdays_are_known() -> None:
    """It grows from Monday to Friday only."""
    size, sizes = 100.0, []
    for day in range(70):
        size += 0.0 if (FIRST + timedelta(days=day)).weekday() >= 5 else 1.4
        sizes.append(size)
    made = expected(readings(*sizes))  # the last day is a Sunday

    assert made.after(5).p50 == pytest.approx(sizes[-1] + 7, abs=0.3)
    assert made.after(7).p50 == pytest.approx(sizes[-1] + 7, abs=0.3)


@settings(deadline=None, max_examples=150)
@given(st.lists(SIZES, min_size=LEAST_READINGS, max_size=60), st.integers(1, 5))
def test_whatever_was_read_something_sane_is_expected(sizes: list[float], every: int) -> None:
    made = forecast(readings(*sizes, every=every))
    if made is None:
        return

    for days in (1, 30, 365):
        outlook = made.after(days)
        assert 0 <= outlook.p10 <= outlook.p50 <= outlook.p90 < math.inf
    full = made.until_full(2.0**51)
    known = [each for each in (full.p10, full.p50, full.p90) if each is not None]
    assert known == sorted(known)
