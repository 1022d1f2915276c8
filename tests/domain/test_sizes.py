"""Sizes that are compared: like with like."""

import pytest

from whalefall.domain.sizes import alike


@pytest.mark.parametrize(
    ("readings", "compared"),
    [
        ([], []),
        ([(5, False), (6, False), (2, True)], [5, 6, None]),
        ([(5, False), (2, True), (6, False)], [5, None, 6]),
        ([(5, True), (None, False), (6, True)], [5, None, 6]),
        ([(5, False), (2, True), (3, True)], [5, 2, 3]),
    ],
    ids=["nothing", "a part at the end", "a part between", "parts alone", "one whole"],
)
def test_a_part_is_not_taken_for_a_fall(
    readings: list[tuple[int | None, bool]], compared: list[int | None]
) -> None:
    assert alike(readings) == compared
