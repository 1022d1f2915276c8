"""Databases of very many tables: read in time and in little memory, and shown as quickly as any."""

from pathlib import Path

import pytest

from tests.scale.collecting import Seen, collected
from tests.scale.targets import TARGETS

MOST_SECONDS = 120
MOST_BYTES = 300 * 2**20
LIST_SECONDS = 0.15  # as everywhere
PAGE_SECONDS = 0.5  # of the database, with the map of its tables

pytestmark = pytest.mark.timeout(1200)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_very_many_tables(name: str, tmp_path: Path, large: dict[str, Seen]) -> None:
    large[name] = seen = collected(name, tmp_path)

    assert (seen.ending, seen.saved) == ("COMPLETED", seen.tables)
    assert seen.seconds < MOST_SECONDS
    assert seen.worker_bytes < MOST_BYTES
    assert (seen.sessions, seen.sessions_left) == (1, 0)
    slow = {what: took for what, took in seen.answers.items() if took >= _bound(what)}
    assert slow == {}
    assert not (tmp_path / "target").exists()


def _bound(what: str) -> float:
    return PAGE_SECONDS if what == "page: database" else LIST_SECONDS
