"""When a database will be full, and how sure that is.

What a history looks like decides: one whose growth of single days adds up (a level that wanders,
with a drift), or one that wavers about a line (errors that fade). Both are fitted to the readings
since the last purge or resize, and each is believed as far as it explains them. The interval comes
from drawing the errors of the past again (a residual bootstrap), and its spikes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from statistics import fmean

from whalefall.domain.histories import History, Reading, history_of

LEAST_READINGS = 14
HISTORY_DAYS = 120  # what was before tells little of tomorrow
LONGEST_DAYS = 1830  # "full in more than five years" is no forecast
DRAWS = 300
GAINS = (0.3, 0.6, 1.0)  # how much of a day's error stays
FADINGS = (0.0, 0.3, 0.5, 0.7, 0.85)  # how much of it is left a day later
WANDERING = 200.0  # how much likelier a level is to wander, before anything was read
DOUBT = 3.0  # of a few readings: errors are taken to be larger by this over their number
SLOPE_DOUBT = 1.5
SUMMED = 12  # drawn errors in a sum: more make no other shape


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A number that is as likely above `p50` as below, and below `p10` one time in ten."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, kw_only=True)
class DaysUntilFull:
    """Days until the ceiling: within `p10` one time in ten, and so on; null: not in five years."""

    p10: int | None
    p50: int | None
    p90: int | None

    def less(self, days: int) -> "DaysUntilFull":
        """The same, told so many days later."""

        def left(value: int | None) -> int | None:
            return None if value is None else max(0, value - days)

        return DaysUntilFull(p10=left(self.p10), p50=left(self.p50), p90=left(self.p90))


@dataclass(frozen=True)
class _Model:
    """A way to go on from the last day. Errors of a day wander on by `gain`, or fade."""

    likelihood: float  # its logarithm
    level: float
    offset: float  # of the last day from the line, which fades
    slope: float
    slope_error: float
    errors: list[float]
    gain: float
    fading: float | None  # none: the level wanders

    def centre(self, days: int) -> float:
        left = 0.0 if self.fading is None else self.offset * self.fading**days
        return self.level + self.slope * days + left

    def spread(self, days: int) -> float:
        """How often the error of one day fits into that of so many."""
        if self.fading is None:
            return math.sqrt(1 + (days - 1) * self.gain**2)
        return math.sqrt((1 - self.fading ** (2 * days)) / (1 - self.fading**2))


@dataclass(frozen=True)
class _Draw:
    """One of the futures: a model, and how wrong it is about slope and errors."""

    model: _Model
    slope: float
    error: float

    def size(self, days: int) -> float:
        model = self.model
        return model.centre(days) + self.slope * days + self.error * model.spread(days)


class Forecast:
    """What is to be expected of a history; the same one is always forecast alike."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._random = Random(len(history.sizes))  # noqa: S311 (draws, no secrets)
        sizes = history.sizes[-HISTORY_DAYS:]
        models = [*_wandering(sizes), *_fading(sizes)]
        best = max(model.likelihood for model in models)
        weights = [math.exp(model.likelihood - best) for model in models]
        chosen = self._random.choices(models, weights, k=DRAWS)
        self._draws = [self._draw(model) for model in chosen]

    @property
    def slope(self) -> float:
        """Bytes a day, as expected."""
        return fmean(draw.model.slope for draw in self._draws)

    def after(self, days: int) -> Outlook:
        """The size so many days after the last reading."""
        habit, spikes = self.history.habit_until(days), self.history.spikes
        share = len(spikes) / len(self.history.sizes)
        sizes = []
        for draw in self._draws:
            size = max(0.0, draw.size(days) + habit)
            if spikes and self._random.random() < share:
                size *= 1 + self._random.choice(spikes)
            sizes.append(size)
        p10, p50, p90 = _quantiles(sizes)
        return Outlook(p10=p10, p50=p50, p90=p90)

    def until_full(self, ceiling: float) -> DaysUntilFull:
        """The days until the size has reached `ceiling`; spikes are none of it."""
        if self.history.sizes[-1] >= ceiling:
            return DaysUntilFull(p10=0, p50=0, p90=0)
        days = [_reached(draw, ceiling) for draw in self._draws]
        p10, p50, p90 = _quantiles([math.inf if each is None else each for each in days])
        return DaysUntilFull(p10=_whole(p10), p50=_whole(p50), p90=_whole(p90))

    def _draw(self, model: _Model) -> _Draw:
        count = len(self.history.sizes)
        drawn = self._random.choices(model.errors, k=SUMMED)
        doubt = 1 + DOUBT / count
        return _Draw(
            model,
            slope=self._random.gauss(0, 1) * model.slope_error * SLOPE_DOUBT,
            error=sum(drawn) / math.sqrt(SUMMED) * doubt,
        )


def forecast(readings: Sequence[Reading]) -> Forecast | None:
    """What is to be expected, or none: fewer than 14 readings since the last purge or resize.

    The readings are (day, bytes) in the order of days, at most one a day.
    """
    if len(readings) < LEAST_READINGS:
        return None
    history = history_of(readings)
    return Forecast(history) if history.readings >= LEAST_READINGS else None


def _wandering(sizes: Sequence[float]) -> Iterator[_Model]:
    """A level that keeps a part of each day's error, and drifts."""
    steps = [after - before for before, after in pairwise(sizes)]
    for gain in GAINS:
        slope = fmean(steps) if gain > 0.4 else _line(sizes)[1]
        level, errors = sizes[0], []
        for size in sizes[1:]:
            error = size - level - slope
            errors.append(error)
            level += slope + gain * error
        deviation = _deviation(errors)
        yield _Model(
            likelihood=_likelihood(errors) + math.log(WANDERING / len(GAINS)),
            level=level,
            offset=0.0,
            slope=slope,
            slope_error=deviation * gain / math.sqrt(len(steps)),
            errors=_centred(errors),
            gain=gain,
            fading=None,
        )


def _fading(sizes: Sequence[float]) -> Iterator[_Model]:
    """A line, and errors about it that fade."""
    start, slope = _line(sizes)
    about = [size - start - slope * day for day, size in enumerate(sizes)]
    for fading in FADINGS:
        errors = [after - fading * before for before, after in pairwise(about)]
        deviation, count = _deviation(errors) / (1 - fading), len(sizes)
        yield _Model(
            likelihood=_likelihood(errors) - math.log(len(FADINGS)),
            level=start + slope * (count - 1),
            offset=about[-1],
            slope=slope,
            slope_error=deviation * math.sqrt(12 / count**3),
            errors=_centred(errors),
            gain=0.0,
            fading=fading,
        )


def _line(sizes: Sequence[float]) -> tuple[float, float]:
    """Start and slope of the line that lies closest, by least squares."""
    middle, average = (len(sizes) - 1) / 2, fmean(sizes)
    above = sum((day - middle) * (size - average) for day, size in enumerate(sizes))
    slope = above / sum((day - middle) ** 2 for day in range(len(sizes)))
    return average - slope * middle, slope


def _deviation(errors: Sequence[float]) -> float:
    return math.sqrt(fmean(error**2 for error in errors))


def _likelihood(errors: Sequence[float]) -> float:
    """The logarithm of how well such errors explain what was read, up to a constant."""
    return -len(errors) * math.log(_deviation(errors) or 1e-9)


def _centred(errors: Sequence[float]) -> list[float]:
    middle = fmean(errors)
    return [error - middle for error in errors]


def _reached(draw: _Draw, ceiling: float) -> int | None:
    """The first day on which a future is at the ceiling, by halving; none within five years."""
    if draw.size(1) >= ceiling:
        return 1
    low, high = 1, LONGEST_DAYS
    if draw.size(high) < ceiling:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if draw.size(middle) >= ceiling:
            high = middle
        else:
            low = middle
    return high


def _quantiles(values: list[float]) -> tuple[float, float, float]:
    ordered = sorted(values)
    last = len(ordered) - 1
    p10, p50, p90 = (ordered[round(share * last)] for share in (0.1, 0.5, 0.9))
    return p10, p50, p90


def _whole(days: float) -> int | None:
    return None if math.isinf(days) else int(days)
