"""Races as Markdown: ratios first, milliseconds for orientation."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.racing import CLIENTS, Lap, Track

ARTIFACTS = Path(__file__).parent.parent / "artifacts"
CPUINFO = Path("/proc/cpuinfo")
PEERS = {"mercurius": "Mercurius", "postgraphile": "PostGraphile"}
BASES = ("hand", "text")
Of = Callable[[Lap], float]


class Report:
    """What was measured, printed as it comes and kept in a file."""

    def __init__(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        self.path = ARTIFACTS / f"bench-{name}-{now:%Y%m%d-%H%M%S}.md"
        self.say(f"# Benchmarks, {now:%Y-%m-%d %H:%M} UTC\n")
        self.say(
            f"{platform.system()} {platform.machine()}, {_processor()}, {os.cpu_count()} cores,"
        )
        self.say(f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start.")

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        with self.path.open("a") as file:
            file.write(line + "\n")

    def table(self, title: str, rows: Sequence[Sequence[str]]) -> None:
        self.say(f"\n## {title}\n")
        head, *body = rows
        for row in (head, [":--", *["--:"] * (len(head) - 1)], *body):
            self.say(f"| {' | '.join(row)} |")


def table_of(tracks: Sequence[Track]) -> Iterator[list[str]]:
    """One row for each server; every ratio is the median of the rounds' ratios."""
    named = {track.server.name: track for track in tracks}
    bases = [named[name] for name in BASES if name in named]
    peers = [named[name] for name in PEERS if name in named]

    def against(what: str) -> list[str]:
        return [f"{what} x {base.server.name}" for base in bases]

    yield [
        "server",
        *("p50 ms", *against("p50")),
        *(f"times faster than {PEERS[peer.server.name]}" for peer in peers),
        "p95 ms",
        *(f"answers/s, {CLIENTS} clients", *against("answers")),
        *("CPU ms, server + postgres", *against("CPU")),
        *("peak MB", *against("MB"), "MB per client"),
    ]
    for track in tracks:
        yield list(_row(track, bases, peers))


def table_of_shapes(races: Sequence[tuple[str, Track, Track]]) -> Iterator[list[str]]:
    """One row for each shape: ours and its hand-written SQL."""
    yield ["shape", "p50 ms", "x hand", "p95 ms", "answers/s, 8 clients", "x hand", "CPU x hand"]
    for name, ours, hand in races:
        yield [
            name,
            f"{ours.p50 * 1000:.2f}",
            f"{ours.ratio(hand, _p50):.2f}",
            f"{ours.p95 * 1000:.2f}",
            f"{ours.median(_rate):.0f}",
            f"{ours.ratio(hand, _rate):.2f}",
            f"{ours.ratio(hand, _cpu):.2f}",
        ]


def _row(track: Track, bases: Sequence[Track], peers: Sequence[Track]) -> Iterator[str]:
    def against(of: Of) -> Iterator[str]:
        return (f"{track.ratio(base, of):.2f}" for base in bases)

    yield track.server.kind.title
    yield f"{track.p50 * 1000:.2f}"
    yield from against(_p50)
    yield from (f"{peer.ratio(track, _p50):.1f}" for peer in peers)
    yield f"{track.p95 * 1000:.2f}"
    yield f"{track.median(_rate):.0f}"
    yield from against(_rate)
    yield f"{track.median(_server_cpu) * 1000:.2f} + {track.median(_postgres_cpu) * 1000:.2f}"
    yield from against(_cpu)
    yield f"{track.peak_bytes / 1e6:.0f}"
    yield from (f"{track.peak_bytes / base.peak_bytes:.2f}" for base in bases)
    yield f"{track.bytes_per_client / 1e6:.1f}"


def _p50(lap: Lap) -> float:
    return lap.p50


def _rate(lap: Lap) -> float:
    return lap.rate


def _server_cpu(lap: Lap) -> float:
    return lap.server_cpu


def _postgres_cpu(lap: Lap) -> float:
    return lap.postgres_cpu


def _cpu(lap: Lap) -> float:
    return lap.cpu


def _processor() -> str:
    lines = CPUINFO.read_text().splitlines() if CPUINFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
