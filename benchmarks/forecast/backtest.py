"""The forecast against histories whose end is known: `python -m benchmarks.forecast`.

Every series is cut after 90, 105 and 120 days; the 30 days that follow are the truth. Histories
with a purge or a resize are cut after it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean, median

from benchmarks.forecast.families import FAMILIES, SERIES, Series, series_of
from whalefall.domain.forecast import forecast
from whalefall.domain.histories import Reading

FIRST_DAY = date(2026, 1, 1)
CUTS = (90, 105, 120)
AHEAD = (7, 14, 30)
LATELY = 7  # days that the naive forecast goes on like
MONTH = 30


@dataclass
class Score:
    """What the forecasts of a family came to."""

    inside: list[bool] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    naive_errors: list[float] = field(default_factory=list)
    alarms: int = 0
    months: int = 0
    unforecast: int = 0
    seconds: float = 0.0

    @property
    def coverage(self) -> float:
        return fmean(self.inside)

    @property
    def against_naive(self) -> float:
        """The median error as a part of that of going on like the last week."""
        return median(self.errors) / median(self.naive_errors)

    @property
    def alarms_per_100_months(self) -> float:
        return 100 * self.alarms / self.months


def score(family: str, *, seed: int = 2026, count: int = SERIES) -> Score:
    made = Score()
    for series in series_of(family, seed=seed, count=count):
        for cut in CUTS:
            _score_one(made, series, cut)
    return made


def _score_one(made: Score, series: Series, cut: int) -> None:
    if any(cut <= day < cut + max(AHEAD) for day in series.changed_on):
        return
    began = time.perf_counter()
    expected = forecast(readings_of(series, cut))
    if expected is None:
        made.unforecast += 1
        return
    made.months += 1
    for days in AHEAD:
        outlook, truth = expected.after(days), series.sizes[cut - 1 + days]
        made.inside.append(outlook.p10 <= truth <= outlook.p90)
        made.errors.append(abs(outlook.p50 - truth) / truth)
        made.naive_errors.append(abs(_naive(series, cut, days) - truth) / truth)
    full = expected.until_full(series.ceiling_bytes)
    made.alarms += full.p10 is not None and full.p10 <= MONTH
    made.seconds += time.perf_counter() - began


def readings_of(series: Series, cut: int) -> list[Reading]:
    """What was read until the cut."""
    return [(FIRST_DAY + timedelta(days=day), size) for day, size in enumerate(series.sizes[:cut])]


def _naive(series: Series, cut: int, days: int) -> float:
    last, before = series.sizes[cut - 1], series.sizes[cut - 1 - LATELY]
    return last + (last - before) / LATELY * days


def report(seed: int = 2026, count: int = SERIES) -> Iterator[str]:
    """The table, line by line."""
    yield "| family | inside of 80 % | error, of naive | false alarms / 100 months | none | ms |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    scores = {family: score(family, seed=seed, count=count) for family in FAMILIES}
    for family, one in scores.items():
        each = 1000 * one.seconds / one.months
        yield (
            f"| {family} | {one.coverage:.3f} | {one.against_naive:.2f} |"
            f" {one.alarms_per_100_months:.2f} | {one.unforecast} | {each:.1f} |"
        )
    inside = [each for one in scores.values() for each in one.inside]
    yield f"| **all** | {fmean(inside):.3f} | | | | |"
