"""Sizes are bytes, 64-bit; larger units are display."""

from collections.abc import Iterable
from typing import NewType

Bytes = NewType("Bytes", int)
Count = NewType("Count", int)  # rows, as the target's optimiser estimates them

LEAST_ALIKE = 2  # readings that a line or a growth takes


def alike(readings: Iterable[tuple[int | None, bool]]) -> list[int | None]:
    """Sizes that can be compared with each other; with each comes whether it is only a part.

    What could be read of a part is less than there is, and would look like a purge: so it is none
    here. Where there are no two whole ones, the parts are compared among themselves.
    """
    given = list(readings)
    whole = [None if is_part else size for size, is_part in given]
    if sum(size is not None for size in whole) >= LEAST_ALIKE:
        return whole
    return [size for size, _ in given]
