"""What a noun looks like in SQL, declared once and checked when it is declared."""

import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, MISSING, dataclass, field, fields
from enum import Enum, StrEnum
from functools import cache, cached_property
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from sqlalchemy import ColumnElement, Dialect, Select, Subquery, TextualSelect, column, text
from sqlalchemy.dialects.postgresql import asyncpg

from whalefall.auth import Actor, Permission
from whalefall.domain.paging import OrderBy

Row = TypeVar("Row")
Condition = ColumnElement[bool]
Conditions = Iterable[Condition]
View = Select[*tuple[Any, ...]]
DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]


@cache
def dialect_of(version: int) -> Dialect:
    """How a PostgreSQL of this major version is spoken to."""
    dialect: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
    dialect.server_version_info = (version,)
    return dialect


def described(description: str, *, default: Any = MISSING) -> Any:
    """A field of a row or filter with what the API says about it: unit, order, when null."""
    return field(default=default, metadata={"description": description})


@dataclass
class NoFilter:
    """A list that cannot be narrowed."""


class Kind(NamedTuple):
    """The plain Python type of a row's field, and whether it may be null."""

    type: Any
    nullable: bool


@dataclass(frozen=True)
class Relation:
    """Rows of another noun (by name, or itself) whose `theirs` column equals our `ours` column."""

    to: "str | Noun[Any]"
    _: KW_ONLY
    ours: str
    theirs: str

    @property
    def target(self) -> "Noun[Any]":
        return NOUNS[self.to] if isinstance(self.to, str) else self.to


class One(Relation):
    """At most one row, or null."""


class RequiredOne(Relation):
    """A foreign key that is never null: its row is as visible as the row that holds the key."""


class Many(Relation):
    """A short list without pages, in the target's default order."""


class Series(Relation):
    """A whole list, narrowed by the target's filter, in the target's default order."""


class Connection(Relation):
    """A list that can grow: filtered, ordered and paged."""


class Elsewhere(Enum):
    """A field that no row holds: null, but where a root field of its own fills it in."""

    NULL = "NULL"


@dataclass(frozen=True)
class Part:
    """An object made of the row's own columns, by the names that it gives them.

    It is null where the column `unless` is. A member without a column is always null; for one in
    `empty`, no text is the empty text.
    """

    members: Mapping[str, str | None]
    _: KW_ONLY
    unless: str | None = None
    empty: frozenset[str] = frozenset()

    def of(self, row: Any) -> dict[str, Any] | None:
        """The members' values in a row."""
        if self.unless is not None and getattr(row, self.unless) is None:
            return None
        values = {
            name: None if column is None else getattr(row, column)
            for name, column in self.members.items()
        }
        return values | {name: values[name] or "" for name in self.empty}


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a cursor is bound to besides its order: the value of a column of the view.

    `current` selects `key` (the relation's `theirs`) and `scope`, the value that holds now.
    """

    column: str
    current: View


@dataclass(frozen=True, kw_only=True, eq=False)
class Noun(Generic[Row]):
    """A row dataclass, the SELECT that fills it, and what may be asked of it.

    `view` yields one column per row field under the field's name, besides columns to relate by.
    It joins with LEFT JOIN on unique keys only, so PostgreSQL drops what a selection does not use.
    An order is one or more columns, of which only the first may be null.
    """

    name: str
    row: type[Row]
    view: View
    orders: Mapping[StrEnum, tuple[str, ...]]
    default_order: OrderBy
    filter: type = NoFilter
    where: Callable[[Subquery, Any], Conditions] = lambda view, filter: ()
    visible: Callable[[Subquery, Actor], Conditions] = lambda view, actor: ()
    permission: Permission = Permission.VIEW
    relations: Mapping[str, Relation] = field(default_factory=dict)
    scope: Scope | None = None
    page_size: int = 50
    max_page_size: int = 200

    def __post_init__(self) -> None:
        columns = set(self.view.selected_columns.keys())
        wanted = {*self.kinds, "id", *(r.ours for r in self.relations.values())}
        if missing := wanted - columns:
            raise TypeError(f"{self.name}: its view lacks {', '.join(sorted(missing))}")
        for order, keys in self.orders.items():
            if any(self.kinds[key].nullable for key in keys[1:]):
                raise TypeError(f"{self.name}: only the first column of {order} may be null")
        NOUNS.setdefault(self.name, self)

    @cached_property
    def words(self) -> str:
        """What people call one of its rows: `sync session` for SyncSession."""
        words = re.findall("[A-Z][a-z]*", self.name)
        return " ".join("API" if word == "Api" else word.lower() for word in words)

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Each field of the row with its kind, read from its annotation."""
        return kinds_of(self.row)

    @cached_property
    def enums(self) -> list[tuple[str, type[StrEnum]]]:
        """The fields whose text in the database is the name of an enum's member."""
        return [
            (name, kind.type)
            for name, kind in self.kinds.items()
            if isinstance(kind.type, type) and issubclass(kind.type, StrEnum)
        ]

    def alias(self, name: str | None = None) -> Subquery:
        """The view as a sub-select."""
        return self._text.subquery(name)

    @cached_property
    def _text(self) -> TextualSelect:
        """The view as SQL text: made once, since making it is most of what a statement takes."""
        sql = str(self.view.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
        columns = [column(key, c.type) for key, c in self.view.selected_columns.items()]
        return text(sql.replace(":", r"\:")).columns(*columns)


NOUNS: dict[str, Noun[Any]] = {}


def kinds_of(cls: type) -> dict[str, Kind]:
    hints = get_type_hints(cls)
    return {f.name: kind_of(hints[f.name]) for f in fields(cls)}


def kind_of(annotation: Any) -> Kind:
    """`Bytes | None` is Kind(int, nullable=True)."""
    nullable = False
    if get_origin(annotation) in (Union, types.UnionType):
        nullable = type(None) in get_args(annotation)
        (annotation,) = (a for a in get_args(annotation) if a is not type(None))
    while supertype := getattr(annotation, "__supertype__", None):
        annotation = supertype
    return Kind(annotation, nullable)
