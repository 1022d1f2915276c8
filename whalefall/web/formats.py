"""How numbers, sizes and times are written for people. Pure: locale, zone and now are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from math import isclose
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    format_decimal,
    get_decimal_symbol,
    get_group_symbol,
    get_minus_sign_symbol,
    get_plus_sign_symbol,
)

from whalefall.domain.paging import MOST_COUNTED

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
STEP = 1024
LEAST_PERCENT = 0.01
MINUS = "−"  # as wide as the plus


@dataclass(frozen=True)
class Measure:
    """A size split for the page: the figure, its unit, and the exact bytes for the tooltip."""

    figure: str
    unit: str
    exact: str

    def __str__(self) -> str:
        return f"{self.figure} {self.unit}"


def unit_of(size_bytes: int) -> str:
    """The binary unit in which a size has one to three digits before the point."""
    value, rank = float(abs(size_bytes)), 0
    while value >= 999.5 and rank < len(UNITS) - 1:
        value, rank = value / STEP, rank + 1
    return UNITS[rank]


def measure(size_bytes: int, locale: Locale, like: int | None = None) -> Measure:
    """Three significant digits in binary units. `like` lends its unit and its decimals, so that
    parts are written as their whole is."""
    whole = size_bytes if like is None else like
    unit = unit_of(whole)
    scale = STEP ** UNITS.index(unit)
    decimals = 0 if unit == "B" or not size_bytes else _decimals(whole / scale)
    figure = _figure(f"{round(size_bytes / scale, decimals):,.{decimals}f}", locale)
    return Measure(figure, unit, _figure(f"{size_bytes:,}", locale) + " B")


def axis(sizes: Sequence[float], locale: Locale) -> list[str]:
    """The marks of an axis, in the unit of the largest, with the decimals that tell them apart."""
    unit = unit_of(round(max(map(abs, sizes), default=0)))
    marks = [size / STEP ** UNITS.index(unit) for size in sizes]
    decimals = next((d for d in range(3) if all(_is_exact(mark, d) for mark in marks)), 3)
    texts = [f"{mark:,.{decimals}f}".replace("-", MINUS) for mark in marks]
    return [f"{_figure(text, locale)} {unit}" for text in texts]


def exact_size(size_bytes: int) -> str:
    """A size as it is typed, in the largest unit that loses nothing: "200 GiB"."""
    power = 0
    while size_bytes and size_bytes % STEP == 0 and power < len(UNITS) - 1:
        size_bytes, power = size_bytes // STEP, power + 1
    return f"{size_bytes} {UNITS[power]}" if power else str(size_bytes)


def number(value: float, locale: Locale) -> str:
    if isinstance(value, int):
        return _figure(f"{value:,}", locale)
    return format_decimal(value, locale=locale)


def tally(count: int, locale: Locale) -> str:
    """How many a list has; where a page stops counting, the number and a plus."""
    if count > MOST_COUNTED:
        return number(MOST_COUNTED, locale) + "+"
    return number(count, locale)


def percent(value: float, locale: Locale) -> str:
    """A signed percentage with one decimal: "+1.2 %"; what is little is not nothing."""
    if value and abs(value) < LEAST_PERCENT / 2:
        text = f"<{LEAST_PERCENT}" if value > 0 else f">{MINUS}{LEAST_PERCENT}"
    elif abs(value) < LEAST_PERCENT * 10 and value:
        text = f"{value:+.2f}"
    else:
        text = f"{value:+,.1f}" if value else "0.0"
    return _figure(text.replace("-", MINUS), locale) + " %"


def moment(value: datetime, zone: ZoneInfo) -> str:
    """A point in time with its offset, so that nobody has to guess the zone."""
    text = value.astimezone(zone).isoformat(" ", "seconds")
    return f"{text[:-6]} {text[-6:]}"


@lru_cache(maxsize=1024)
def day(value: date, locale: Locale) -> str:
    return format_date(value, "medium", locale=locale)


def span(elapsed: timedelta) -> tuple[str, int]:
    """The largest unit that fits, and how many of it: ("h", 3)."""
    seconds = max(0, int(elapsed.total_seconds()))
    for unit, length in (("y", 31_536_000), ("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length * (2 if unit == "d" else 1):
            return unit, seconds // length
    return "s", seconds


def elapsed(milliseconds: float, locale: Locale) -> str:
    """A duration: "840 ms", "12.4 s", "3 min 05 s"."""
    if milliseconds < 1000:
        return f"{format_decimal(round(milliseconds), locale=locale)} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{format_decimal(seconds, '0.0', locale)} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def _is_exact(value: float, decimals: int) -> bool:
    return isclose(round(value, decimals), value, rel_tol=1e-6, abs_tol=1e-9)


def _decimals(value: float) -> int:
    magnitude = abs(value)
    if magnitude >= 99.95 or magnitude == 0:
        return 0
    return 1 if magnitude >= 9.995 else 2


def _figure(text: str, locale: Locale) -> str:
    """Python's figure with the signs of a locale that counts in thousands, as ours do.

    Babel works a pattern out for each number it writes: on a page of 200 that is a third of the
    whole, so only its signs are asked for, once.
    """
    return text.translate(_signs(locale))


@cache
def _signs(locale: Locale) -> dict[int, str]:
    group, decimal = get_group_symbol(locale), get_decimal_symbol(locale)
    minus, plus = get_minus_sign_symbol(locale), get_plus_sign_symbol(locale)
    return str.maketrans({",": group, ".": decimal, "-": minus, "+": plus})
