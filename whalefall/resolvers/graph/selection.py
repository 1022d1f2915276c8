"""What a caller selected, free of any GraphQL library: the compiler's input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from whalefall.auth import Actor
from whalefall.resolvers.nouns.noun import Elsewhere, Noun, Part, Relation
from whalefall.resolvers.nouns.paging import Position
from whalefall.resolvers.nouns.queries import Listing


class Unsupported(Exception):
    """This selection needs the ordinary resolvers. The text says which part of it."""


class Anything(Enum):
    """Root fields that find rows of whatever noun by their global ids."""

    ONE = "ONE"
    MANY = "MANY"


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """The argument of a root field that finds one row of its noun."""

    id: int


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The argument of `Anything`: nouns by name, with row ids, in the order asked for."""

    ids: Sequence[tuple[str, int]]


Arguments = Listing | Lookup | Wanted


@dataclass(frozen=True, kw_only=True)
class Selected:
    """One field of the answer.

    `name` is a row's field, a relation, a member of a part or a connection, or __typename. `fields`
    are the fields below; where those depend on the noun that is found, `choices` has them by noun.
    """

    key: str
    name: str
    typename: str = ""
    link: Noun[Any] | Relation | Part | Elsewhere | Anything | None = None
    arguments: Arguments | None = None
    position: int = 0  # of `arguments` in Run.arguments
    is_bare: bool = False  # a connection's nodes without the connection around them
    fields: Sequence["Selected"] = ()
    choices: Mapping[str, Sequence["Selected"]] = field(default_factory=dict)


def columns_of(noun: Noun[Any], fields: Iterable[Selected]) -> Iterator[str]:
    """The columns of a row that the text of these fields is made of."""
    for each in fields:
        match each.link:
            case Relation():
                yield each.link.ours
            case Part():
                columns = (each.link.members.get(below.name) for below in each.fields)
                yield from (column for column in (each.link.unless, *columns) if column)
                yield from columns_of(noun, (s for s in each.fields if s.link is not None))
            case None if each.name in noun.kinds:
                yield each.name


@dataclass(frozen=True)
class Run:
    """The values of one request: who asks, and the arguments of each field in plan order."""

    actor: Actor
    arguments: Sequence[Any]
    positions: dict[tuple[int, str], Position] = field(default_factory=dict)  # cursors read so far
