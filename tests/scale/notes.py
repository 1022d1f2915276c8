"""What fifty people met: how long each answer took, and what was wrong with any."""

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

SHOWN = 20  # of the failures; all are counted


@dataclass
class Notes:
    """Seconds of the answers by what was done, and the failures."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def timing(self, doing: str) -> Iterator[None]:
        """Note how long the block takes, if it comes to its end."""
        began = time.perf_counter()
        yield
        self.seconds[doing].append(time.perf_counter() - began)

    def fail(self, doing: str, error: Exception) -> None:
        self.failed += 1
        if len(self.failures) < SHOWN:
            self.failures.append(f"{doing}: {type(error).__name__}: {str(error)[:500]}")

    def of(self, *left_out: str) -> list[float]:
        """The seconds of everything but what is left out."""
        return [
            one for doing, each in self.seconds.items() if doing not in left_out for one in each
        ]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent of all do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
