"""How numbers, sizes and times are written for people. Pure: locale, zone and now are given."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
STEP = 1024


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
    unit = unit_of(size_bytes if like is None else like)
    scale = STEP ** UNITS.index(unit)
    decimals = 0 if unit == "B" else _decimals((size_bytes if like is None else like) / scale)
    figure = format_decimal(
        round(size_bytes / scale, decimals), _pattern(decimals), locale, decimal_quantization=False
    )
    return Measure(figure, unit, format_decimal(size_bytes, locale=locale) + " B")


def number(value: float, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def percent(value: float, locale: Locale) -> str:
    """A signed percentage with one decimal: "+1.2 %"."""
    return format_decimal(value, "+#,##0.0;-#,##0.0", locale) + " %"


def moment(value: datetime, locale: Locale, zone: ZoneInfo) -> str:
    """A point in time with its offset, so that nobody has to guess the zone."""
    local = value.astimezone(zone)
    return format_datetime(local, "yyyy-MM-dd HH:mm:ss xxx", locale=locale)


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


def _decimals(value: float) -> int:
    magnitude = abs(value)
    if magnitude >= 99.95 or magnitude == 0:
        return 0
    return 1 if magnitude >= 9.995 else 2


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")
