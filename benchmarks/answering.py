"""Questions put to all servers on one estate: first whether they agree, then how fast they are."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import estates
from benchmarks.comparing import compare, refuses_strangers
from benchmarks.installation import installed_with, make_token, opened
from benchmarks.questions import Question, questions
from benchmarks.racing import Load, Track, generator, overhead, race
from benchmarks.reporting import Report, table_of, table_of_shapes
from benchmarks.servers import Server, running
from benchmarks.shapes import shapes
from whalefall.settings import Settings

SHAPES = "shapes"
SHAPED = ("whalefall", "hand")


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What is asked of whom."""

    size: estates.Size
    names: Sequence[str]  # of questions, or SHAPES
    servers: Sequence[str]
    rounds: int
    folder: Path  # where the estate stays

    def run(self) -> None:
        """Print and keep the report. Raises when answers differ or a stranger is let in."""
        with ExitStack() as stack:
            settings, postgres_pid = stack.enter_context(installed_with(self.size, self.folder))
            token, places = asyncio.run(_prepare(settings))
            servers = stack.enter_context(running(self.servers, settings, token))
            for server in servers:
                refuses_strangers(server, questions(places)["ledger"])
            load = stack.enter_context(generator())
            report = Report("-".join([self.size.name, *self.names]))
            self._tell_conditions(report, servers, load)
            for question in questions(places).values():
                if question.name in self.names:
                    self._ask(report, servers, question, load, postgres_pid)
            if SHAPES in self.names:
                self._ask_shapes(report, servers, shapes(places), load, postgres_pid)

    def _tell_conditions(self, report: Report, servers: Sequence[Server], load: Load) -> None:
        size = self.size
        report.say(
            f"Estate {size.name}: {size.instances:,} instances, {size.databases:,} databases, "
            f"{size.tables:,} tables, {size.history:,} days of history. {self.rounds} rounds, "
            "interleaved, the first server another one in each; every ratio is the median of the "
            "rounds' ratios. Every request is authenticated."
        )
        for server in servers:
            if server.name == "hand":
                seconds, rate = overhead(server.port, load)
                report.say(
                    f"Asking itself takes {seconds * 1000:.2f} ms, or {rate:,.0f}/s with 8 clients "
                    "(an empty answer of the same Starlette)."
                )

    def _ask(
        self,
        report: Report,
        servers: Sequence[Server],
        question: Question,
        load: Load,
        postgres_pid: int,
    ) -> None:
        leaves = compare(servers, question)
        tracks = race(servers, question, self.rounds, load, postgres_pid)
        report.table(f"{question.title} ({leaves:,} equal leaves)", list(table_of(tracks)))

    def _ask_shapes(
        self,
        report: Report,
        servers: Sequence[Server],
        asked: Sequence[Question],
        load: Load,
        postgres_pid: int,
    ) -> None:
        named = {server.name: server for server in servers}
        pair = [named[name] for name in SHAPED if name in named]
        if len(pair) < len(SHAPED):
            report.say(f"\nThe shapes need the servers {' and '.join(SHAPED)}.")
            return
        races: list[tuple[str, Track, Track]] = []
        for question in asked:
            compare(pair, question)
            ours, hand = race(pair, question, self.rounds, load, postgres_pid)
            races.append((question.title, ours, hand))
        report.table("Shapes that nothing was tuned for", list(table_of_shapes(races)))


async def _prepare(settings: Settings) -> tuple[str, estates.Places]:
    async with opened(settings) as db:
        return await make_token(db), await estates.find_places(settings.database_url)
