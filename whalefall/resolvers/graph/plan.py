"""A compiled operation: fill in the values of a request, run, join the text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from whalefall.auth import Permission
from whalefall.db import Statement
from whalefall.resolvers.graph.json_text import Parts
from whalefall.resolvers.graph.placeholders import Getter, Prepared
from whalefall.resolvers.graph.selection import Run

Rows = Sequence[Any]  # of records: sequences of what the statement selects


class Root(Protocol):
    """One root field: its statements, and the text that their rows make."""

    @property
    def key(self) -> str: ...

    def statements(self, run: Run) -> list[Statement]: ...

    def answer(self, run: Run, results: Iterator[Rows]) -> str: ...


@dataclass(frozen=True)
class ConstantRoot:
    """A root field that needs no statement, such as __typename."""

    key: str
    text: str

    def statements(self, run: Run) -> list[Statement]:
        return []

    def answer(self, run: Run, results: Iterator[Rows]) -> str:
        return self.text


@dataclass(frozen=True)
class RowRoot:
    """One row (or none: null), whose columns stand between literal text."""

    key: str
    prepared: Prepared
    parts: Parts

    def statements(self, run: Run) -> list[Statement]:
        return [self.prepared.statement(run)]

    def answer(self, run: Run, results: Iterator[Rows]) -> str:
        rows = next(results)
        if not rows:
            return "null"
        columns = iter(rows[0])
        return "".join([part if isinstance(part, str) else next(columns) for part in self.parts])


@dataclass(frozen=True)
class NodesRoot:
    """Rows of several nouns, one statement each, in the order of the ids asked for."""

    key: str
    position: int
    prepared: Mapping[str, Prepared]
    is_list: bool

    def statements(self, run: Run) -> list[Statement]:
        return [prepared.statement(run) for prepared in self.prepared.values()]

    def answer(self, run: Run, results: Iterator[Rows]) -> str:
        found: dict[tuple[str, int], str] = {}
        for name in self.prepared:
            found |= {(name, row_id): text for row_id, text in next(results)}
        texts = [found.get(wanted, "null") for wanted in run.arguments[self.position].ids]
        return "[" + ",".join(texts) + "]" if self.is_list else texts[0]


@dataclass(frozen=True)
class Plan:
    """`is_keyed`: only ids and cursors arrive later, so that PostgreSQL need plan only once."""

    roots: Sequence[Root]
    permissions: frozenset[Permission]
    cursors: Sequence[Getter]
    is_keyed: bool

    def statements(self, run: Run) -> list[Statement]:
        """Raises a Problem where the request is not allowed or makes no sense."""
        for permission in self.permissions:
            run.actor.require(permission)
        for read in self.cursors:
            read(run)
        return [statement for root in self.roots for statement in root.statements(run)]

    def answer(self, run: Run, results: Sequence[Rows]) -> str:
        rows = iter(results)
        members = [f'"{root.key}":{root.answer(run, rows)}' for root in self.roots]
        return "{" + ",".join(members) + "}"
