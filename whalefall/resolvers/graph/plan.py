"""A compiled operation: fill in the values of a request, run, join the text."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from whalefall.auth import Permission
from whalefall.db import Statement
from whalefall.resolvers.graph.placeholders import Getter, Prepared
from whalefall.resolvers.graph.selection import Run

Rows = Sequence[Any]  # of records: sequences of what the statement selects


class Root(Protocol):
    """One root field: what besides the common row it reads, and the text that this makes."""

    @property
    def key(self) -> str: ...

    def statements(self, run: Run) -> list[Statement]: ...

    def answer(self, run: Run, row: Sequence[Any], results: Iterator[Rows]) -> Iterable[bytes]:
        """The text in pieces: a long one is joined once, with all others."""
        ...


@dataclass(frozen=True)
class ConstantRoot:
    """A root field that reads nothing, such as __typename."""

    key: str
    text: bytes

    def statements(self, run: Run) -> list[Statement]:
        return []

    def answer(self, run: Run, row: Sequence[Any], results: Iterator[Rows]) -> Iterable[bytes]:
        return [self.text]


@dataclass(frozen=True)
class RowRoot:
    """Columns of the common row (None) between literal text; the column before them, at `start`,
    says whether there is anything."""

    key: str
    parts: Sequence[bytes | None]
    start: int

    def statements(self, run: Run) -> list[Statement]:
        return []

    def answer(self, run: Run, row: Sequence[Any], results: Iterator[Rows]) -> Iterable[bytes]:
        if row[self.start] is None:
            return [b"null"]
        columns = itertools.count(self.start + 1)
        return [row[next(columns)] if part is None else part for part in self.parts]


class PageRows(NamedTuple):
    """The records of a page in reading order, and whether there are more beyond."""

    records: Rows
    has_more: bool


class Late(Protocol):
    """A part of a list's text that only its records tell."""

    def text(self, page: PageRows) -> Iterable[bytes]: ...


@dataclass(frozen=True)
class Items:
    """Each record as literal text and columns, by their numbers."""

    pieces: Sequence[bytes | int]

    def text(self, page: PageRows) -> Iterable[bytes]:
        yield b"["
        for number, record in enumerate(page.records):
            if number:
                yield b","
            for piece in self.pieces:
                yield piece if isinstance(piece, bytes) else record[piece]
        yield b"]"


@dataclass(frozen=True)
class HasMore:
    """Whether there are more records beyond the page."""

    def text(self, page: PageRows) -> Iterable[bytes]:
        return [b"true" if page.has_more else b"false"]


@dataclass(frozen=True)
class End:
    """The cursor of the first or the last record, or null."""

    column: int
    is_last: bool

    def text(self, page: PageRows) -> Iterable[bytes]:
        if not page.records:
            return [b"null"]
        return [b'"', page.records[-1 if self.is_last else 0][self.column], b'"']


@dataclass(frozen=True)
class PageRoot:
    """A list sent row by row: text, columns that are the same in every record, and what the
    records tell. Their first column is the number of the row; null where there is none."""

    key: str
    parts: Sequence[bytes | int | Late]
    prepared: Prepared
    limit: int
    backward: bool

    def statements(self, run: Run) -> list[Statement]:
        return [self.prepared.statement(run)]

    def answer(self, run: Run, row: Sequence[Any], results: Iterator[Rows]) -> Iterable[bytes]:
        records = next(results)
        found = [record for record in records if record[0] is not None]
        found.sort(key=itemgetter(0), reverse=self.backward)
        shown = [record for record in found if record[0] <= self.limit]
        page = PageRows(shown, len(found) > self.limit)
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            elif isinstance(part, int):
                yield records[0][part]
            else:
                yield from part.text(page)


@dataclass(frozen=True)
class NodesRoot:
    """Rows of several nouns, one statement each, in the order of the ids asked for."""

    key: str
    position: int
    prepared: Mapping[str, Prepared]
    is_list: bool

    def statements(self, run: Run) -> list[Statement]:
        return [prepared.statement(run) for prepared in self.prepared.values()]

    def answer(self, run: Run, row: Sequence[Any], results: Iterator[Rows]) -> Iterable[bytes]:
        found: dict[tuple[str, int], bytes] = {}
        for name in self.prepared:
            found |= {(name, row_id): text for row_id, text in next(results)}
        texts = [found.get(wanted, b"null") for wanted in run.arguments[self.position].ids]
        return [b"[", b",".join(texts), b"]"] if self.is_list else texts[:1]


@dataclass(frozen=True)
class Plan:
    """`common`: the statement of one row that all RowRoots share; null where there are none.

    `is_keyed`: only ids and cursors arrive later, so that PostgreSQL need plan only once.
    """

    roots: Sequence[Root]
    common: Prepared | None
    permissions: frozenset[Permission]
    cursors: Sequence[Getter]
    is_keyed: bool

    def statements(self, run: Run) -> list[Statement]:
        """Raises a Problem where the request is not allowed or makes no sense."""
        for permission in self.permissions:
            run.actor.require(permission)
        for read in self.cursors:
            read(run)
        own = [statement for root in self.roots for statement in root.statements(run)]
        return own if self.common is None else [self.common.statement(run), *own]

    def answer(self, run: Run, results: Sequence[Rows]) -> bytes:
        """The data of the answer as JSON. Bytes from PostgreSQL to the socket: a megabyte of text
        costs more to decode and encode than all else that is done with it here."""
        rows = iter(results)
        row = () if self.common is None else next(rows)[0]
        texts: list[bytes] = []
        for root in self.roots:
            texts += [b",", b'"%b":' % root.key.encode(), *root.answer(run, row, rows)]
        return b"".join([b"{", *texts[1:], b"}"])
