"""From an older size to a newer one: two dots on a logarithmic axis for each name."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

ROOM = 4.0  # per cent that stay free on either side


@dataclass(frozen=True)
class Dumbbell:
    """One name: where its older and its newer size lie, in per cent of the width."""

    name: str
    before: int
    after: int
    from_x: float
    to_x: float


def dumbbells(changes: Sequence[tuple[str, int, int]]) -> list[Dumbbell]:
    """`changes` are (name, older size, newer size); what is not above nothing has no place."""
    kept = [one for one in changes if one[1] > 0 and one[2] > 0]
    if not kept:
        return []
    logarithms = [math.log(size) for _, before, after in kept for size in (before, after)]
    low, high = min(logarithms), max(logarithms)
    width = (high - low) or 1.0

    def place(size: int) -> float:
        return round(ROOM + (math.log(size) - low) / width * (100 - 2 * ROOM), 2)

    return [
        Dumbbell(name, before, after, place(before), place(after)) for name, before, after in kept
    ]
