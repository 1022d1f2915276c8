"""Histories of sizes as databases have them, each family from parameters and seeds that were set
before any model was tried on them. A history is one number of bytes a day, without gaps.

`changed_on` are the days of a purge or a resize: nobody can know of it beforehand, so a forecast is
not scored across one. `ceiling_bytes` lies so far above that the database is not full in the time
of the back-test: every alarm is false.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

SERIES = 200  # of each family
DAYS = 150
WEEKDAY_SHARES = (1.3, 1.25, 1.2, 1.2, 1.1, 0.5, 0.45)  # of a day's growth, from Monday on
ROOM = (1.5, 4.0)  # how often the last size fits under the ceiling


@dataclass(frozen=True)
class Series:
    """One database: bytes by day, the days after which it is another one, and its ceiling."""

    family: str
    sizes: tuple[float, ...]
    changed_on: tuple[int, ...]
    ceiling_bytes: float


Maker = Callable[[Random], tuple[list[float], tuple[int, ...]]]


def linear(random: Random, days: int = DAYS) -> tuple[list[float], tuple[int, ...]]:
    """So much a day, give or take half of it."""
    size, rate = _start(random), random.uniform(0.0005, 0.008)
    step, sizes = size * rate, []
    for _ in range(days):
        size += step * random.gauss(1, 0.5)
        sizes.append(size)
    return sizes, ()


def seasonal(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """More on working days than at weekends."""
    size, rate = _start(random), random.uniform(0.0005, 0.008)
    step, first, sizes = size * rate, random.randrange(7), []
    for day in range(DAYS):
        size += step * WEEKDAY_SHARES[(first + day) % 7] * random.gauss(1, 0.3)
        sizes.append(size)
    return sizes, ()


def step(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """One import or resize that adds 15 to 80 % in a day."""
    sizes, _ = linear(random)
    day, gain = random.randrange(20, 100), random.uniform(0.15, 0.8)
    added = sizes[day] * gain
    return [size + added if on >= day else size for on, size in enumerate(sizes)], (day,)


def purge(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """One purge that takes 20 to 70 % in a day, and growth as before."""
    sizes, _ = linear(random)
    day, share = random.randrange(20, 100), random.uniform(0.2, 0.7)
    taken = sizes[day] * share
    return [size - taken if on >= day else size for on, size in enumerate(sizes)], (day,)


def etl_spike(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """A slow trend, and staging tables that double as 5 to 40 % for a day or two, about monthly
    to weekly, and are gone again."""
    sizes, _ = linear(random)
    chance, left, height = random.uniform(0.03, 0.12), 0, 0.0
    for day, size in enumerate(sizes):
        if left == 0 and random.random() < chance:
            left, height = random.choice((1, 1, 2)), size * random.uniform(0.05, 0.4)
        if left:
            sizes[day] += height
            left -= 1
    return sizes, ()


def flat(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """No growth, and a thousandth of noise."""
    size = _start(random)
    return [size * (1 + random.gauss(0, 0.001)) for _ in range(DAYS)], ()


def noisy(random: Random) -> tuple[list[float], tuple[int, ...]]:
    """A trend under noise that remembers yesterday: vacuums, rebuilds, temporary tables."""
    start, rate, noise, sizes = _start(random), random.uniform(0.0005, 0.008), 0.0, []
    for day in range(DAYS):
        noise = 0.7 * noise + random.gauss(0, 0.015)
        sizes.append(start * (1 + rate * day + noise))
    return sizes, ()


FAMILIES: dict[str, Maker] = {
    maker.__name__: maker for maker in (linear, seasonal, step, purge, etl_spike, flat, noisy)
}


def series_of(family: str, *, seed: int = 2026, count: int = SERIES) -> Iterator[Series]:
    """The family's histories, always the same ones for one seed."""
    for number in range(count):
        random = Random(f"{family}-{seed}-{number}")
        sizes, changed_on = FAMILIES[family](random)
        ceiling = max(sizes) * random.uniform(*ROOM)
        yield Series(family, tuple(sizes), changed_on, ceiling)


def _start(random: Random) -> float:
    """Between 100 MB and 2 TB, as often small as large."""
    return float(10 ** random.uniform(8, 12.3))
