"""Random arguments. What one means is drawn first, then how the document and its variables say it.

What is meant is JSON: an enum's value is its name, and what is left out is left out.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Protocol

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_nullable_type,
    is_required_input_field,
)

from tests.schema.lists import HOSTILE, SIZES
from tests.schema.supply import Supply
from whalefall.schema.ids import MAX_ROW_ID, global_id

FAULTS = ("page", "cursor", "id", "null", "variable", "missing")
ANY = "Node"


class Write(Protocol):
    """Writes a value that stands inside another one."""

    def __call__(self, type_: Any, meant: Any, *, optional: bool = False) -> str: ...


class Fault:
    """The one thing that is wrong with a query, if there is one; it strikes once."""

    def __init__(self, kind: str | None) -> None:
        self.kind = kind

    def strikes(self, kind: str) -> bool:
        if self.kind != kind:
            return False
        self.kind = None
        return True


class Meanings:
    """Draws values for inputs of any type."""

    def __init__(self, chance: Random, supply: Supply, fault: Fault) -> None:
        self._chance, self._supply, self._fault = chance, supply, fault
        self._today = datetime.now(UTC).date()

    def value(self, type_: Any, name: str, of: str) -> Any:
        """A value for the input of this name; `of` is the type whose ids it takes."""
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        elif self._chance.random() < 0.1:
            return None
        if isinstance(type_, GraphQLList):
            size = self._chance.choice((0, 1, 1, 2, 3))
            return [self.value(type_.of_type, name, of) for _ in range(size)]
        if isinstance(type_, GraphQLEnumType):
            return self._chance.choice(list(type_.values))
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_)
        assert isinstance(type_, GraphQLScalarType)
        return self._scalar(type_.name, name, of)

    def id(self, of: str) -> str:
        """Mostly a row's, sometimes one that no row has."""
        if self._fault.strikes("id"):
            return self._chance.choice(("", "nonsense", global_id("Query", 1), global_id("X", 1)))
        kind = self._chance.choice(list(self._supply.ids)) if of == ANY else of
        if self._chance.random() < 0.1:
            return global_id(kind, MAX_ROW_ID)
        return self._chance.choice(self._supply.ids[kind])

    def _object(self, type_: GraphQLInputObjectType) -> dict[str, Any]:
        """All that is required, and up to two more: every further condition leaves fewer rows."""
        fields = type_.fields
        optional = [name for name in fields if not is_required_input_field(fields[name])]
        number = min(len(optional), self._chance.choice((1, 1, 2)))
        wanted = {*(fields.keys() - optional), *self._chance.sample(optional, number)}
        return {
            name: self.value(field.type, name, of_field(name))
            for name, field in fields.items()
            if name in wanted
        }

    def _scalar(self, kind: str, name: str, of: str) -> Any:
        match kind:
            case "ID":
                return self.id(of if of == ANY or of in self._supply.ids else of_field(name))
            case "String":
                return self._text(name)
            case "Boolean":
                return self._chance.random() < 0.5
            case "Int" if name == "days":
                return self._chance.choice((30, 30, 30, 30, 7, 0))
            case "Int":
                return 5000 if self._fault.strikes("page") else self._chance.randint(0, 5)
            case "BigInt":
                return self._chance.choice((*SIZES, -1, 1000, -(2**63)))
            case "Date":
                return str(self._today - timedelta(days=self._chance.randint(-2, 500)))
            case "DateTime":
                moment = datetime.now(UTC) - timedelta(days=self._chance.randint(-2, 20))
                return moment.isoformat()
            case _:
                raise AssertionError(f"say what a {kind} may be")

    def _text(self, name: str) -> str:
        """One of the words of fields of this name, or of what it names in the plural, or a part."""
        places = [f".{name}", f"{name.removesuffix('s').title()}.name"]
        if name == "text":
            places.append(".tableName")  # what `search` looks for
        words = self._supply.words
        own = [word for place in words if place.endswith(tuple(places)) for word in words[place]]
        if own and self._chance.random() < 0.8:
            return self._chance.choice(own)
        word = self._chance.choice((*HOSTILE, "%", "_", "e", "a"))
        start = self._chance.randint(0, max(0, len(word) - 2))
        return word[start : start + self._chance.randint(1, 4)]


def of_field(name: str) -> str:
    """The type whose ids an input's field takes: `instanceId` takes an Instance's."""
    of = name[0].upper() + name[1:].removesuffix("Id")
    return ANY if of == "Object" else of


class Writer:
    """Writes what is meant as literals and variables, and collects the variables."""

    def __init__(self, chance: Random, fault: Fault) -> None:
        self._chance, self._fault = chance, fault
        self.declared: dict[str, str] = {}  # name -> type, with its default if it has one
        self.values: dict[str, Any] = {}

    def write(self, type_: Any, meant: Any, *, optional: bool = False) -> str:
        """The text of a value; `optional`: its place can do without one."""
        if optional and isinstance(type_, GraphQLNonNull) and self._fault.strikes("null"):
            return self._given(get_nullable_type(type_), None)
        if self._chance.random() < 0.3:
            return self._variable(type_, meant, optional)
        return self._literal(type_, meant, self.write)

    def absent(self, type_: Any) -> str:
        """A variable that is never given: as if what it stands for were not there."""
        return self._named(str(get_nullable_type(type_)))

    def _variable(self, type_: Any, meant: Any, optional: bool) -> str:
        kind = get_nullable_type(type_)
        if meant is None:
            return self._given(type_, meant)
        if self._fault.strikes("missing"):
            return self._named(f"{kind}!")
        if self._fault.strikes("variable"):
            return self._given(type_, {"nonsense": meant})
        if self._chance.random() < 0.3:
            default = self._literal(kind, meant, self._constant)
            return self._named(f"{kind}{self._chance.choice(('', '!'))} = {default}")
        if not isinstance(type_, GraphQLNonNull) and self._chance.random() < 0.2:
            return self._given(f"{kind} = null", meant)
        loose = optional and self._chance.random() < 0.7
        return self._given(kind if loose else f"{kind}!", meant)

    def _given(self, declared: object, value: Any) -> str:
        """A variable with this value; mostly one that is there already, if there is."""
        wanted = (str(declared), value)
        for name, there in self.declared.items():
            if (there, self.values.get(name)) == wanted and self._chance.random() < 0.7:
                return f"${name}"
        text = self._named(str(declared))
        self.values[text.removeprefix("$")] = self._loosened(value)
        return text

    def _named(self, declared: str) -> str:
        name = f"v{len(self.declared)}"
        self.declared[name] = declared
        return f"${name}"

    def _loosened(self, value: Any) -> Any:
        """A list of one may be given as that one."""
        is_single = isinstance(value, list) and len(value) == 1
        return value[0] if is_single and self._chance.random() < 0.2 else value

    def _constant(self, type_: Any, meant: Any, *, optional: bool = False) -> str:
        return self._literal(type_, meant, self._constant)

    def _literal(self, type_: Any, meant: Any, write: Write) -> str:
        type_ = get_nullable_type(type_)
        if meant is None:
            return "null"
        if isinstance(type_, GraphQLEnumType):
            return str(meant)
        if isinstance(type_, GraphQLList):
            if self._loosened(meant) is not meant:
                return self._constant(type_.of_type, meant[0])
            return f"[{', '.join(write(type_.of_type, item) for item in meant)}]"
        if isinstance(type_, GraphQLInputObjectType):
            return f"{{{', '.join(self._fields(type_, meant, write))}}}"
        return json.dumps(meant, ensure_ascii=self._chance.random() < 0.5)

    def _fields(
        self, type_: GraphQLInputObjectType, meant: Mapping[str, Any], write: Write
    ) -> Iterator[str]:
        for name, field in type_.fields.items():
            optional = not is_required_input_field(field)
            if name in meant:
                yield f"{name}: {write(field.type, meant[name], optional=optional)}"
            elif optional and write == self.write and self._chance.random() < 0.03:
                yield f"{name}: {self.absent(field.type)}"
