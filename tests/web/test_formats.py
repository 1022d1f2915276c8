"""Numbers as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.numbers import format_decimal, parse_decimal
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from whalefall.web import formats, forms

ENGLISH, CHINESE = Locale.parse("en"), Locale.parse("zh_CN")
MIB = 1024**2


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (8192, "8.00 KiB"),
        (1_331_439_861, "1.24 GiB"),
        (10 * 2**30, "10.0 GiB"),
        (214 * 2**30, "214 GiB"),
        (2**63 - 1, "8.00 EiB"),
        (-5 * 2**20, "-5.00 MiB"),
    ],
)
def test_sizes_have_three_digits_in_binary_units(size_bytes: int, text: str) -> None:
    assert str(formats.measure(size_bytes, ENGLISH)) == text


def test_parts_are_written_in_the_unit_of_their_whole() -> None:
    whole = 2 * 2**30

    assert str(formats.measure(300 * 2**20, ENGLISH, like=whole)) == "0.29 GiB"
    assert str(formats.measure(0, ENGLISH, like=whole)) == "0 GiB"


def test_a_size_keeps_its_exact_bytes_for_the_tooltip() -> None:
    assert formats.measure(1_331_439_861, ENGLISH).exact == "1,331,439,861 B"


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_no_size_has_more_than_three_digits_before_the_point(size_bytes: int) -> None:
    figure = formats.measure(size_bytes, ENGLISH).figure

    assert len(figure.partition(".")[0]) <= 3


@pytest.mark.parametrize(
    ("seconds", "unit", "count"),
    [
        (-5, "s", 0),
        (59, "s", 59),
        (60, "min", 1),
        (7200, "h", 2),
        (86_400, "h", 24),
        (2 * 86_400, "d", 2),
        (366 * 86_400, "y", 1),
    ],
)
def test_an_age_is_counted_in_its_largest_unit(seconds: int, unit: str, count: int) -> None:
    assert formats.span(timedelta(seconds=seconds)) == (unit, count)


@pytest.mark.parametrize(
    ("elapsed_ms", "text"),
    [(0, "0 ms"), (840, "840 ms"), (12_440, "12.4 s"), (185_000, "3 min 05 s")],
)
def test_a_duration_is_written_as_long_as_it_is(elapsed_ms: int, text: str) -> None:
    assert formats.elapsed(elapsed_ms, ENGLISH) == text


def test_a_moment_names_its_offset() -> None:
    moment = datetime(2026, 7, 1, 1, 2, 3, tzinfo=UTC)

    written = formats.moment(moment, ZoneInfo("Asia/Shanghai"))

    assert written == "2026-07-01 09:02:03 +08:00"


def test_growth_carries_its_sign() -> None:
    assert formats.percent(1.23, ENGLISH) == "+1.2 %"
    assert formats.percent(-1.23, ENGLISH) == "−1.2 %"
    assert formats.percent(0.0, ENGLISH) == "0.0 %"


@pytest.mark.parametrize(
    ("sizes", "texts"),
    [
        ([0, 20 * MIB, 40 * MIB], ["0 MiB", "20 MiB", "40 MiB"]),
        ([10.75 * MIB, 11 * MIB, 11.25 * MIB], ["10.75 MiB", "11.00 MiB", "11.25 MiB"]),
        ([-0.5 * MIB, 0, 0.5 * MIB], ["−512 KiB", "0 KiB", "512 KiB"]),
        ([1000.5 * MIB, 1001 * MIB], ["0.977 GiB", "0.978 GiB"]),
        ([], []),
    ],
)
def test_marks_of_an_axis_share_a_unit_and_differ(sizes: list[float], texts: list[str]) -> None:
    assert formats.axis(sizes, ENGLISH) == texts


def test_growth_that_is_little_is_not_nothing() -> None:
    assert formats.percent(0.042, ENGLISH) == "+0.04 %"
    assert formats.percent(-0.004, ENGLISH) == ">−0.01 %"
    assert formats.percent(0.099, ENGLISH) == "+0.10 %"


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1), st.sampled_from([ENGLISH, CHINESE]))
def test_figures_are_written_as_babel_writes_them(size_bytes: int, locale: Locale) -> None:
    written = formats.measure(size_bytes, locale)

    assert written.exact == format_decimal(size_bytes, locale=locale) + " B"
    assert formats.number(size_bytes, locale) == format_decimal(size_bytes, locale=locale)
    plain = written.figure.replace(",", "")
    assert float(plain) == float(parse_decimal(written.figure, locale))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1024, "1 KiB"),
        (200 * 2**30, "200 GiB"),
        (200 * 2**30 + 1, "214748364801"),
        (2**62 + 2**20, "4398046511105 MiB"),
    ],
)
def test_a_size_that_is_typed_again_is_the_same(size: int, text: str) -> None:
    assert formats.exact_size(size) == text
    assert forms.size(QueryParams({"limit": text}), "limit") == size
