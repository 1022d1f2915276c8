"""Days, weeks, months and quarters: where one begins and ends, and which came before."""

from dataclasses import dataclass
from datetime import date, timedelta

from whalefall.domain.states import AggregationPeriod

DAY = timedelta(days=1)


LONGEST_DAYS = {
    AggregationPeriod.DAILY: 1,
    AggregationPeriod.WEEKLY: 7,
    AggregationPeriod.MONTHLY: 31,
    AggregationPeriod.QUARTERLY: 92,
}


@dataclass(frozen=True, order=True)
class Span:
    """The days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def span_of(period: AggregationPeriod, day: date) -> Span:
    """The period that a day lies in."""
    if period is AggregationPeriod.DAILY:
        return Span(day, day)
    if period is AggregationPeriod.WEEKLY:
        monday = day - timedelta(days=day.weekday())
        return Span(monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    if period is AggregationPeriod.QUARTERLY:
        first = first.replace(month=(day.month - 1) // 3 * 3 + 1)
    months = 3 if period is AggregationPeriod.QUARTERLY else 1
    return Span(first, add_months(first, months) - DAY)


def previous(period: AggregationPeriod, span: Span) -> Span:
    """The period before one."""
    return span_of(period, span.start - DAY)


def spans(period: AggregationPeriod, last: date, count: int) -> list[Span]:
    """So many periods up to the one that `last` lies in, oldest first."""
    found = [span_of(period, last)]
    while len(found) < count:
        found.append(previous(period, found[-1]))
    return found[::-1]


def add_months(first: date, months: int) -> date:
    """The first of the month so many months later, or earlier."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
