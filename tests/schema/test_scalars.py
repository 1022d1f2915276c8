"""Scalars: what they read and how they write."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from whalefall.schema.scalars import read_date, read_datetime, read_integer, write_datetime


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 1, 1, 1, 0, 1, 120_000, UTC), "2024-01-01T01:00:01.12+00:00"),
        (datetime(2024, 1, 1, 1, 0, 1, tzinfo=UTC), "2024-01-01T01:00:01+00:00"),
        (
            datetime(2024, 1, 1, 9, tzinfo=timezone(timedelta(hours=8))),
            "2024-01-01T01:00:00+00:00",
        ),
    ],
)
def test_a_moment_is_written_as_postgresql_writes_it(moment: datetime, text: str) -> None:
    assert write_datetime(moment) == text
    assert read_datetime(text) == moment


@pytest.mark.parametrize("text", ["2024-01-01T00:00:00", "yesterday", "", 5, None])
def test_a_moment_needs_an_offset(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_datetime(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"])
def test_a_moment_that_utc_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="UTC"):
        read_datetime(text)


def test_a_day_is_read() -> None:
    assert read_date("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2023-02-29", "2024", "", 20240229, None])
def test_what_is_no_day_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_date(text)


@pytest.mark.parametrize("number", [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
def test_integers_of_64_bits_are_read(number: int) -> None:
    assert read_integer(number) == number


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 1.0, "1", True, None])
def test_other_integers_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        read_integer(value)
