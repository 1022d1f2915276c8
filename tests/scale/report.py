"""The outcome of a load, and its figures as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.scale.collecting import Seen
from tests.scale.crowd import NAMES, REFRESHES, WORK
from tests.scale.logs import Written
from tests.scale.notes import Notes, percentile
from tests.scale.watching import Growth, Rest, Sample, usual

MEBIBYTE = 1024**2


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that was measured while people worked for so many seconds."""

    people: int
    seconds: float
    planned_refreshes: int
    notes: Notes
    samples: Sequence[Sample]
    cpu_seconds: Mapping[str, float]
    rest: Rest
    written: Written
    statuses: Mapping[str, int]

    @property
    def answers(self) -> list[float]:
        """The seconds of every answer that is no waiting for a server to be read."""
        return self.notes.of(*WORK)

    @property
    def refreshes(self) -> int:
        return sum(len(self.notes.seconds.get(name, ())) for name in REFRESHES)

    @property
    def rate(self) -> float:
        return len(self.answers) / self.seconds

    @property
    def growths(self) -> dict[str, Growth]:
        return {name: Growth.of(name, self.samples) for name in self.samples[0].memory}


def report(outcome: Outcome) -> str:
    """A heading and three tables."""
    return "\n".join([*_answers(outcome), "", *_memory(outcome), "", *_others(outcome)])


def report_of_target(name: str, seen: Seen) -> str:
    """What reading a large target took, and what its answers take afterwards."""
    lines = [
        f"## {seen.tables:,} tables of one {name} database: {seen.ending} in {seen.seconds:.1f} s,"
        f" worker at most {seen.worker_bytes / MEBIBYTE:.0f} MiB, sessions at most {seen.sessions}",
        "",
        "| | median ms |",
        "| --- | ---: |",
        *(f"| {what} | {took * 1000:.1f} |" for what, took in seen.answers.items()),
    ]
    return "\n".join(lines)


def _answers(outcome: Outcome) -> Iterator[str]:
    notes = outcome.notes
    yield (
        f"## {outcome.people} people for {outcome.seconds:.0f} s:"
        f" {outcome.rate:.1f} answers a second, {notes.failed} failures"
    )
    yield ""
    yield "| | answers | p50 ms | p95 ms | p99 ms | most ms |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    yield _row("**all answers**", outcome.answers)
    for name in NAMES:
        if seconds := notes.seconds.get(name):
            yield _row(name, seconds)


def _row(name: str, seconds: Sequence[float]) -> str:
    figures = (percentile(seconds, percent) * 1000 for percent in (50, 95, 99, 100))
    return f"| {name} | {len(seconds)} | {' | '.join(f'{one:.1f}' for one in figures)} |"


def _memory(outcome: Outcome) -> Iterator[str]:
    yield "| memory in MiB, once warm | first third | last third | most | CPU, cores |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, growth in outcome.growths.items():
        sizes = (growth.first_bytes, growth.last_bytes, growth.most_bytes)
        shown = " | ".join(f"{size / MEBIBYTE:.1f}" for size in sizes)
        yield f"| {name} | {shown} | {outcome.cpu_seconds[name] / outcome.seconds:.2f} |"
    for name, seconds in outcome.cpu_seconds.items():
        if name not in outcome.growths:
            yield f"| {name} | | | | {seconds / outcome.seconds:.2f} |"


def _others(outcome: Outcome) -> Iterator[str]:
    samples, rest = outcome.samples, outcome.rest
    yield "| | |"
    yield "| --- | --- |"
    yield f"| connections to our database | {usual([one.ours for one in samples])} |"
    yield f"| connections to what is read | {usual([one.reading for one in samples])} |"
    yield f"| refreshes | {outcome.refreshes} of {outcome.planned_refreshes} |"
    left = {name: count for name, count in vars(rest).items() if count}
    yield f"| left behind | {left or 'nothing'} |"
    yield f"| errors in the logs | {len(outcome.written.errors)} |"
    yield f"| warnings | {dict(outcome.written.warnings) or 'none'} |"
