"""What is noted of answers, and what a percentile is."""

import pytest

from tests.scale.notes import SHOWN, Notes, percentile


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        (range(1, 101), 95, 95),
        (range(1, 101), 100, 100),
        (range(1, 101), 50, 50),
        ([3, 1, 2], 95, 3),
        ([7], 50, 7),
    ],
)
def test_a_percentile_is_a_value_that_was_there(
    values: list[float], percent: float, found: float
) -> None:
    assert percentile(values, percent) == found


def test_what_fails_is_counted_and_not_timed() -> None:
    notes = Notes()

    with pytest.raises(ValueError, match="wrong"), notes.timing("reading"):
        raise ValueError("wrong")
    for _ in range(SHOWN + 5):
        notes.fail("reading", ValueError("wrong"))

    assert notes.of() == []
    assert notes.failed == SHOWN + 5
    assert notes.failures == ["reading: ValueError: wrong"] * SHOWN


def test_what_is_left_out_does_not_count() -> None:
    notes = Notes()
    for doing in ("reading", "reading", "waiting"):
        with notes.timing(doing):
            pass

    assert len(notes.of("waiting")) == 2
