"""Values that arrive later: a plan is built once with placeholders and run many times with values.

A filter or visibility function may ask whether a value is None, and may branch on booleans and
enums: those belong to the plan. Any other value may only be compared with a column, through the
helpers in nouns/text.py; almost every other use raises when the plan is built.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from typing import Any, TypeVar, get_args, get_origin

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ClauseElement,
    Date,
    DateTime,
    Dialect,
    Float,
    Text,
    bindparam,
)
from sqlalchemy.types import TypeEngine

from whalefall.db import Statement
from whalefall.resolvers.graph.selection import Run
from whalefall.resolvers.nouns.noun import DIALECT, kinds_of
from whalefall.resolvers.nouns.text import PATTERN, like_pattern

Value = TypeVar("Value")
Getter = Callable[[Run], Any]
COLUMN_TYPES: dict[Any, TypeEngine[Any]] = {
    int: BigInteger(),
    str: Text(),
    float: Float(53),
    date: Date(),
    datetime: DateTime(timezone=True),
}


@dataclass(frozen=True)
class Prepared:
    """SQL text with the getters of its parameters, in order."""

    sql: str
    getters: Sequence[Getter]

    def statement(self, run: Run) -> Statement:
        return self.sql, [getter(run) for getter in self.getters]


class Placeholders:
    """Makes bind parameters and remembers where their values will come from."""

    def __init__(self, dialect: Dialect = DIALECT) -> None:
        self._dialect = dialect
        self._getters: dict[str, Getter] = {}

    def later(self, kind: Any, getter: Getter) -> BindParameter[Any]:
        """A value of this Python type that `getter` will find."""
        name = f"p{len(self._getters)}"
        self._getters[name] = getter
        return bindparam(name, type_=column_type(kind))

    def fill(self, instance: Value, declared: type, getter: Getter) -> Value:
        """A copy with placeholders for all declared fields whose value does not shape the plan."""
        later = {
            name: self.later(kind.type, _chain(getter, name))
            for name, kind in kinds_of(declared).items()
            if not shapes_plan(getattr(instance, name))
        }
        return replace(instance, **later)  # type: ignore[type-var]

    def prepare(self, statement: ClauseElement) -> Prepared:
        """The statement as text."""
        compiled: Any = statement.compile(dialect=self._dialect)
        names = compiled.positiontup
        return Prepared(compiled.string, [self._getter(name, compiled.params) for name in names])

    def _getter(self, name: str, constants: Mapping[str, Any]) -> Getter:
        if name in self._getters:
            return self._getters[name]
        searched = self._getters.get(name.removesuffix(PATTERN))
        if searched is not None:
            return lambda run: like_pattern(searched(run))
        constant = constants[name]
        return lambda run: constant


def shape_of(instance: Any) -> Hashable:
    """What of a dataclass a plan built with `fill` depends on: a part of the plan's key."""
    values = vars(instance).items()
    return tuple((name, value if shapes_plan(value) else ...) for name, value in values)


def shapes_plan(value: Any) -> bool:
    """Whether a value is a part of the plan, not one that arrives later."""
    return value is None or isinstance(value, bool | Enum | frozenset)


def column_type(kind: Any) -> TypeEngine[Any]:
    """The column type that carries values of a Python type; enums travel as text."""
    if get_origin(kind) in (list, tuple):
        return ARRAY(column_type(get_args(kind)[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Text()
    return COLUMN_TYPES[getattr(kind, "__supertype__", kind)]


def _chain(getter: Getter, name: str) -> Getter:
    attribute = attrgetter(name)
    return lambda run: attribute(getter(run))
