"""How many connections and running operations one caller may have, in each web process."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from whalefall.errors import Code, Refused

MAX_CONNECTIONS = 50
MAX_OPERATIONS = 200


class Crowd:
    """Everybody who is connected, counted by caller."""

    def __init__(self) -> None:
        self._connections, self._operations = Counter[str](), Counter[str]()

    @contextlib.contextmanager
    def connection(self, caller: str) -> Iterator[None]:
        """Count a connection while the block runs. Raises RATE_LIMIT_EXCEEDED."""
        with _counted(self._connections, caller, MAX_CONNECTIONS, "connections of yours"):
            yield

    @contextlib.contextmanager
    def operation(self, caller: str) -> Iterator[None]:
        """Count an operation while the block runs. Raises RATE_LIMIT_EXCEEDED."""
        with _counted(self._operations, caller, MAX_OPERATIONS, "running operations of yours"):
            yield


def too_many(limit: int, what: str) -> Refused:
    return Refused(f"There are {limit} {what} already.", code=Code.RATE_LIMIT_EXCEEDED)


@contextlib.contextmanager
def _counted(counts: Counter[str], caller: str, limit: int, what: str) -> Iterator[None]:
    if counts[caller] >= limit:
        raise too_many(limit, what)
    counts[caller] += 1
    try:
        yield
    finally:
        counts[caller] -= 1
        if not counts[caller]:
            del counts[caller]
