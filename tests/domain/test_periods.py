"""Where periods begin and end, against going through the days."""

from datetime import date, timedelta

import pytest

from whalefall.domain.periods import Span, add_months, previous, span_of, spans
from whalefall.domain.states import AggregationPeriod

DAYS = [date(2023, 12, 1) + timedelta(days=number) for number in range(1200)]  # a leap year among


def key(period: AggregationPeriod, day: date) -> object:
    """What the days of one period have in common, and no other day."""
    return {
        AggregationPeriod.DAILY: day,
        AggregationPeriod.WEEKLY: day.isocalendar()[:2],
        AggregationPeriod.MONTHLY: (day.year, day.month),
        AggregationPeriod.QUARTERLY: (day.year, (day.month + 2) // 3),
    }[period]


@pytest.mark.parametrize("period", AggregationPeriod)
def test_a_period_is_all_of_the_days_that_belong_together(period: AggregationPeriod) -> None:
    for day in DAYS[100:-100]:
        span = span_of(period, day)
        inside = [one for one in DAYS if key(period, one) == key(period, day)]
        assert (span.start, span.end) == (inside[0], inside[-1])
        assert span.days == len(inside)
        assert previous(period, span).end == span.start - timedelta(days=1)
        assert span_of(period, span.start) == span_of(period, span.end) == span


def test_the_quarter_before_the_second_is_the_whole_first() -> None:
    second = span_of(AggregationPeriod.QUARTERLY, date(2026, 6, 30))

    before = previous(AggregationPeriod.QUARTERLY, second)
    assert before == Span(date(2026, 1, 1), date(2026, 3, 31))


def test_a_sunday_ends_its_week() -> None:
    week = span_of(AggregationPeriod.WEEKLY, date(2026, 3, 1))

    assert week == Span(date(2026, 2, 23), date(2026, 3, 1))


def test_what_came_before_the_new_year_is_of_the_old_one() -> None:
    december = span_of(AggregationPeriod.MONTHLY, date(2026, 12, 5))
    january = span_of(AggregationPeriod.QUARTERLY, date(2026, 1, 31))

    assert previous(AggregationPeriod.MONTHLY, december).start == date(2026, 11, 1)
    last = Span(date(2025, 10, 1), date(2025, 12, 31))
    assert previous(AggregationPeriod.QUARTERLY, january) == last


def test_the_last_periods_come_oldest_first() -> None:
    found = spans(AggregationPeriod.MONTHLY, date(2026, 1, 15), 3)

    assert [span.start for span in found] == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (0, date(2026, 1, 1)),
        (-1, date(2025, 12, 1)),
        (-13, date(2024, 12, 1)),
        (14, date(2027, 3, 1)),
    ],
)
def test_months_are_added_over_the_year(months: int, expected: date) -> None:
    assert add_months(date(2026, 1, 1), months) == expected
