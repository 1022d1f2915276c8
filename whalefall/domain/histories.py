"""What a history of sizes is without what misleads: gaps, spikes, purges, and weekday habits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import fmean, median

WEEK = 7
LEAST_WEEKS = 4  # that a habit takes to be one
SPIKE_MADS = 6.0
SPIKE_SHARE = 0.01
SHIFT_MADS = 10.0
SHIFT_SHARE = 0.04
NEAR = 6  # days on either side that a spike stands out from
CONFIRMED = 7  # days that a new level must have lasted
BORROWED_DAYS = 60  # days since a change that need none from before it
NORMAL = 1.4826  # from a median deviation to a standard deviation
Reading = tuple[date, float]


@dataclass(frozen=True, kw_only=True)
class History:
    """A size for each day since the last purge or resize, the last one last.

    `spikes` are what single days had more than those about them, as shares of these, among
    `readings` days. `habits` says by how much growth on each weekday, Monday first, is above its
    average; `sizes` are without it. `began_on` is the day of the change, if there was one.
    """

    last_day: date
    sizes: list[float]
    readings: int
    spikes: list[float]
    habits: list[float]
    began_on: date | None

    def habit_until(self, days: int) -> float:
        """What the weekdays of the next `days` days add to an even growth."""
        first = self.last_day.weekday() + 1
        return sum(self.habits[(first + ahead) % WEEK] for ahead in range(days % WEEK))


def history_of(readings: Sequence[Reading]) -> History:
    """The history that these readings, in the order of days and at least two, tell of."""
    days, sizes = _every_day(readings)
    spikes = _smooth(sizes)
    start = _last_shift(sizes)
    began_on = days[start] if start else None
    first = max(0, min(start, len(days) - BORROWED_DAYS))
    days, sizes = days[first:], _moved(sizes, start)[first:]
    habits = _habits(days, sizes)
    even: list[float] = []
    carried = 0.0
    for day, size in zip(days, sizes, strict=True):
        carried += habits[day.weekday()] if even else 0.0
        even.append(size - carried)
    rest = sizes[-1] - even[-1]
    return History(
        last_day=days[-1],
        sizes=[size + rest for size in even],
        readings=sum(began_on is None or day >= began_on for day, _ in readings),
        spikes=[height for place, height in spikes.items() if place >= first],
        habits=habits,
        began_on=began_on,
    )


def scale_of(values: Sequence[float]) -> float:
    """A standard deviation that a few wild values do not change."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    middle = median(ordered)
    half = (ordered[-1 - quarter] - ordered[quarter]) / 2
    # Where most days are alike the median deviation is nothing; the quarters still see weekends.
    return NORMAL * max(half, median(abs(value - middle) for value in ordered))


def _every_day(readings: Sequence[Reading]) -> tuple[list[date], list[float]]:
    """Days without a reading get what lies on the straight line between their neighbours."""
    days, sizes = [readings[0][0]], [readings[0][1]]
    for day, size in readings[1:]:
        gap, before = (day - days[-1]).days, sizes[-1]
        for ahead in range(1, gap + 1):
            days.append(days[-1] + timedelta(days=1))
            sizes.append(before + (size - before) * ahead / gap)
    return days, sizes


def _last_shift(sizes: Sequence[float]) -> int:
    """The first day of the present level: 0, or after the last change that was no spike."""
    if len(sizes) < 2 * CONFIRMED:
        return 0
    steps = [after - before for before, after in pairwise(sizes)]
    usual, scale = median(steps), scale_of(steps)
    for place in range(len(sizes) - CONFIRMED, CONFIRMED, -1):
        step = steps[place - 1] - usual
        if abs(step) < max(SHIFT_MADS * scale, SHIFT_SHARE * abs(sizes[place - 1])):
            continue
        before = median(sizes[place - CONFIRMED : place])
        after = median(sizes[place : place + CONFIRMED])
        if abs(after - before) > abs(step) / 2:
            return place
    return 0


def _moved(sizes: list[float], start: int) -> list[float]:
    """The days before a change, on the level that it began: they still say how it grows."""
    if not start:
        return sizes
    before, after = sizes[:start], sizes[start:]
    steps = [later - earlier for earlier, later in pairwise(before)]
    gain = after[0] - before[-1] - (median(steps) if steps else 0.0)
    return [*(_moved([size + gain for size in before], _last_shift(before))), *after]


def _smooth(sizes: list[float]) -> dict[int, float]:
    """Put what lies about them in the place of spikes; their heights as shares, by their places.

    A spike stands out from the days before as from those after; at the end only from the former.
    """
    steps = [later - earlier for earlier, later in pairwise(sizes)]
    scale, heights, step = scale_of(steps), {}, median(steps) if steps else 0.0
    for place in range(1, len(sizes)):
        before, after = sizes[max(0, place - NEAR) : place], sizes[place + 1 : place + 1 + NEAR]
        usual = [median(before) + step * (len(before) + 1) / 2]
        if after:
            usual.append(median(after) - step * (len(after) + 1) / 2)
        above = [sizes[place] - each for each in usual]
        least = max(SPIKE_MADS * scale, SPIKE_SHARE * abs(usual[0]))
        if all(each > least for each in above) or all(each < -least for each in above):
            level = fmean([sizes[place - 1] + step, *usual[1:]])
            heights[place] = sizes[place] / level - 1 if level else 0.0
            sizes[place] = level
    return heights


def _habits(days: Sequence[date], sizes: Sequence[float]) -> list[float]:
    """By how much each weekday grows above the average; nothing where that explains little."""
    none = [0.0] * WEEK
    if len(sizes) <= LEAST_WEEKS * WEEK:
        return none
    steps = [after - before for before, after in pairwise(sizes)]
    by_day: list[list[float]] = [[] for _ in range(WEEK)]
    for day, step in zip(days[1:], steps, strict=True):
        by_day[day.weekday()].append(step)
    medians = [median(each) for each in by_day]
    average = fmean(medians)
    habits = [each - average for each in medians]
    left = [step - habits[day.weekday()] for day, step in zip(days[1:], steps, strict=True)]
    return habits if _waver(left) < 0.8 * _waver(steps) else none


def _waver(values: Sequence[float]) -> float:
    """How far they lie from their middle, on average."""
    middle = median(values)
    return fmean(abs(value - middle) for value in values)
