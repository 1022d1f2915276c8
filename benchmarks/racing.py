"""Rounds in which every server answers the same question, one client at a time and eight."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from benchmarks.measuring import rotated
from benchmarks.processes import cpu_seconds, forget_peak, peak_bytes
from benchmarks.questions import Question
from benchmarks.servers import Server

CLIENTS = 8
FOLDER = Path(__file__).parent.parent
LONE = {"connections": 1, "seconds": 0.5, "least": 3}
MANY = {"connections": CLIENTS, "seconds": 1.0, "least": 1}
WARM_UP = {"connections": CLIENTS, "seconds": 3, "least": 1, "most": 8}  # until plans are generic
HELLO = "POST /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
Load = Callable[[int, str, dict[str, Any]], dict[str, Any]]  # port, request, how


@dataclass(frozen=True)
class Lap:
    """One server in one round."""

    lone: list[float]  # seconds of each request of a single client
    rate: float  # answers in a second to eight clients
    server_cpu: float  # seconds for one of these answers
    postgres_cpu: float
    peak_bytes: int

    @property
    def p50(self) -> float:
        return statistics.median(self.lone)

    @property
    def cpu(self) -> float:
        return self.server_cpu + self.postgres_cpu


@dataclass
class Track:
    """All rounds of one server."""

    server: Server
    laps: list[Lap] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self._lone)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self._lone, n=20)[-1]

    @property
    def peak_bytes(self) -> int:
        return max(lap.peak_bytes for lap in self.laps)

    @property
    def bytes_per_client(self) -> float:
        return (self.peak_bytes - self.server.idle_bytes) / CLIENTS

    @property
    def _lone(self) -> list[float]:
        return [seconds for lap in self.laps for seconds in lap.lone]

    def median(self, of: Callable[[Lap], float]) -> float:
        return statistics.median(map(of, self.laps))

    def ratio(self, base: "Track", of: Callable[[Lap], float]) -> float:
        """The median over the rounds of both servers' ratio in that round."""
        return statistics.median(
            of(ours) / of(theirs) for ours, theirs in zip(self.laps, base.laps, strict=True)
        )


def race(
    servers: Sequence[Server], question: Question, rounds: int, load: Load, postgres_pid: int
) -> list[Track]:
    """Every server's rounds, in the order of the servers."""
    tracks = [Track(server) for server in servers]
    for track in tracks:
        load(track.server.port, track.server.request(question), WARM_UP)
    for turn in range(rounds):
        for track in rotated(tracks, turn):
            track.laps.append(_lap(track.server, question, load, postgres_pid))
    return tracks


def overhead(port: int, load: Load) -> tuple[float, float]:
    """What asking costs by itself: seconds of an empty request alone, and how many by eight."""
    lone, many = load(port, HELLO, LONE), load(port, HELLO, MANY)
    return statistics.median(lone["each"]), len(many["each"]) / many["seconds"]


@contextmanager
def generator() -> Iterator[Load]:
    """The process that asks, for the time of a block."""
    command = (sys.executable, "-m", "benchmarks.load")
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=FOLDER) as child:
        orders, answers = child.stdin, child.stdout
        assert orders is not None
        assert answers is not None

        def load(port: int, request: str, how: dict[str, Any]) -> dict[str, Any]:
            orders.write(json.dumps({"port": port, "request": request, **how}) + "\n")
            orders.flush()
            answer: dict[str, Any] = json.loads(answers.readline())
            if "error" in answer:
                raise AssertionError(f"{answer['error']} after {request.splitlines()[0]}")
            return answer

        yield load
        orders.close()


def _lap(server: Server, question: Question, load: Load, postgres_pid: int) -> Lap:
    pids = (server.process.pid, postgres_pid)
    request = server.request(question)
    lone = load(server.port, request, LONE)
    forget_peak(server.process.pid)
    before = [cpu_seconds(pid) for pid in pids]
    many = load(server.port, request, MANY)
    after = [cpu_seconds(pid) for pid in pids]
    count = len(many["each"])
    ours, theirs = (
        sum(seconds - start.get(pid, 0) for pid, seconds in end.items()) / count
        for start, end in zip(before, after, strict=True)
    )
    peak = peak_bytes(server.process.pid)
    return Lap(lone["each"], count / many["seconds"], ours, theirs, peak)
