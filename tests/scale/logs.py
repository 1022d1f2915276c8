"""What the processes wrote: their errors, and whatever is no entry of the log at all."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ERRORS = {"error", "critical"}


@dataclass
class Written:
    """The lines that should not be there, and the warnings by their event."""

    errors: list[str] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)


def read_logs(paths: Iterable[Path]) -> Written:
    """Look through the logs of processes; an entry is a line of JSON with a level."""
    written = Written()
    for path in paths:
        for line in _lines(path):
            entry = _entry(line)
            if entry is None or entry.get("level") in ERRORS:
                written.errors.append(f"{path.stem}: {line[:500]}")
            elif entry["level"] == "warning":
                written.warnings[f"{path.stem}: {entry['event']}"] += 1
    return written


def _lines(path: Path) -> Iterator[str]:
    with path.open(errors="replace") as lines:
        yield from (line for line in map(str.strip, lines) if line)


def _entry(line: str) -> dict[str, str] | None:
    """What a line says, or null when something else than our log wrote it: a traceback."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "level" in entry else None
