"""Random valid queries over the whole schema, drawn from the schema itself.

The same seed draws the same query from the same supply, up to the ids and cursors in it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from tests.schema.arguments import FAULTS, Fault, Meanings, Writer
from tests.schema.lists import CORE, object_type
from tests.schema.reaching import DIALS
from tests.schema.supply import ROOT, Supply, order_name
from whalefall.schema.limits import MAX_DEPTH

MAX_ROWS = 300  # in one place, so that no query costs more than a caller may spend
PAGE_SIZE, LIST_SIZE = 50, 40  # without `first`; of a list that is no page
FAULTY = 0.08  # the share of queries with a fault
BREADTHS = (1, 2, 2, 3)
SIZES = (0, 1, 2, 3, 5, 8, 8, None)
BAD_PAGES = ({"first": 5000}, {"first": -1}, {"last": 2001}, {"first": 1, "last": 1})
PAGING = frozenset(("first", "after", "last", "before"))
MISLEADING = ("id", "name", "nodes", "edges", "node", "pageInfo", "totalCount", "cursor", "data")
QUERY = object_type("Query")
BOOLEAN = GraphQLNonNull(GraphQLBoolean)
Parent = GraphQLObjectType | GraphQLInterfaceType


@dataclass(frozen=True)
class Question:
    """A query with its variables."""

    seed: int
    query: str
    variables: Mapping[str, Any]
    operation_name: str | None = None

    @property
    def message(self) -> dict[str, Any]:
        return {
            "query": self.query,
            "variables": self.variables,
            "operationName": self.operation_name,
        }

    def __str__(self) -> str:
        variables = json.dumps(self.variables, ensure_ascii=False)
        return f"seed {self.seed}\n{self.query}\nvariables: {variables}"


@dataclass(frozen=True)
class Place:
    """Where a selection stands: how deep, in how many rows, in which row if that is known."""

    depth: int = 0
    rows: int = 1
    kind: str | None = None
    row_id: str | None = None


@dataclass(frozen=True)
class Fragment:
    name: str
    on: Parent
    place: Place


def question(supply: Supply, seed: int) -> Question:
    """The query of a seed."""
    return _Generator(supply, Random(seed)).question(seed)


class _Generator:
    def __init__(self, supply: Supply, chance: Random) -> None:
        fault = Fault(chance.choice(FAULTS) if chance.random() < FAULTY else None)
        self._chance, self._supply, self._fault = chance, supply, fault
        self._meanings = Meanings(chance, supply, fault)
        self._writer = Writer(chance, fault)
        self._kinds = {id_: kind for kind, ids in supply.ids.items() for id_ in ids}
        self._left = chance.randint(3, 16)  # objects and fragments
        self._nesting = 0  # of fragments in fragments, which multiply where they are spread again
        self._keys: dict[str, str] = {}  # response key -> what it stands for, wherever it stands
        self._fragments: list[Fragment] = []
        self._definitions: list[str] = []

    def question(self, seed: int) -> Question:
        body = self._selection(QUERY, Place(row_id=ROOT))
        declared = [f"${name}: {type_}" for name, type_ in self._writer.declared.items()]
        head = f"query Q({', '.join(declared)})" if declared else "query Q"
        if not declared and self._happens(0.5):
            head = self._chance.choice(("", "query"))
        definitions = [f"{head} {body}", *self._definitions]
        name = "Q" if "Q" in head and self._happens(0.2) else None
        if name is not None:
            definitions.append("query Other { __typename }")
        self._chance.shuffle(definitions)
        return Question(seed, "\n".join(definitions), self._writer.values, name)

    def _selection(self, parent: Parent, place: Place) -> str:
        """Some of the parent's leaves, and what may lead to more, in any order."""
        parts = [self._part(parent, place) for _ in range(self._chance.choice(BREADTHS))]
        leaves = leaves_of(parent)
        number = min(len(leaves), self._chance.randint(1, 7))
        parts += [self._field(parent, name, place) for name in self._chance.sample(leaves, number)]
        self._chance.shuffle(parts)
        return f"{{ {' '.join(parts)} }}"

    def _part(self, parent: Parent, place: Place) -> str:
        dice = self._chance.random()
        if self._left <= 0 or dice < 0.04:
            return f"{self._key('__typename', 'String!')}{self._directives()}"
        if dice < 0.13 or (isinstance(parent, GraphQLInterfaceType) and dice < 0.8):
            return self._inline_fragment(parent, place)
        if dice < 0.2:
            return self._spread(parent, place)
        names = [name for name in parent.fields if self._fits(parent, name, place)]
        return self._field(parent, self._chance.choice(names or leaves_of(parent)), place)

    def _fits(self, parent: Parent, name: str, place: Place) -> bool:
        """Whether the field leads to an object, and there is room for that and what is below it."""
        if name in DIALS:
            return False
        field = parent.fields[name]
        smallest = 3 if is_page(get_named_type(field.type)) else self._size(parent, name, {})
        fits = place.rows * smallest <= MAX_ROWS and place.depth + 2 <= MAX_DEPTH
        return fits and not is_leaf(field)

    def _field(self, parent: Parent, name: str, place: Place) -> str:
        field = parent.fields[name]
        self._left -= not is_leaf(field)
        meant = self._meant(parent, name, place)
        arguments = self._arguments(field.args, meant)
        head = f"{self._key(name, f'{field.type}', arguments)}{arguments}"
        kind = get_named_type(field.type)
        if not isinstance(kind, Parent):
            return f"{head}{self._directives()}"
        row_id: Any = meant.get("id")
        below = Place(
            depth=place.depth + 1,
            rows=place.rows * self._size(parent, name, meant),
            kind=self._kinds.get(row_id),
            row_id=row_id,
        )
        text = f"{head}{self._directives()} {self._selection(kind, below)}"
        if self._happens(0.1):  # the same field again, to be merged
            text += f" {head}{self._directives()} {self._selection(kind, below)}"
        return text

    def _key(self, name: str, type_: str, arguments: str = "") -> str:
        """The response key of a field: whatever has the same may be merged with it."""
        stands_for = f"{name}{arguments}: {type_}"
        if self._keys.get(name, stands_for) == stands_for and self._happens(0.85):
            self._keys[name] = stands_for
            return name
        same = [key for key, there in self._keys.items() if there == stands_for and key != name]
        if same and self._happens(0.3):
            return f"{self._chance.choice(same)}: {name}"
        alias = self._chance.choice(MISLEADING)
        if alias in self._keys or self._happens(0.8):
            alias = f"{name.strip('_')[0]}_{len(self._keys)}"
        self._keys[alias] = stands_for
        return f"{alias}: {name}"

    def _inline_fragment(self, parent: Parent, place: Place) -> str:
        self._left -= 1
        on = self._condition(parent, place)
        condition = "" if on is parent and self._happens(0.5) else f" on {on.name}"
        if isinstance(parent, GraphQLObjectType):
            place = replace(place, kind=parent.name)
        return f"...{condition}{self._directives()} {self._selection(on, place)}"

    def _spread(self, parent: Parent, place: Place) -> str:
        """A fragment, mostly one that is there already; of no known row, to fit elsewhere."""
        fitting = [
            fragment
            for fragment in self._fragments
            if fragment.on is parent
            and place.depth <= fragment.place.depth
            and place.rows <= fragment.place.rows
        ]
        if fitting and self._nesting <= 1 and self._happens(0.6):
            return f"...{self._chance.choice(fitting).name}{self._directives()}"
        self._left -= 1
        on, name = self._condition(parent, place), f"F{self._left}"
        inside = place if parent is QUERY else replace(place, row_id=None)
        self._nesting += 1
        self._definitions.append(f"fragment {name} on {on.name} {self._selection(on, inside)}")
        self._nesting -= 1
        self._fragments.append(Fragment(name, on, place))
        return f"...{name}{self._directives()}"

    def _condition(self, parent: Parent, place: Place) -> Parent:
        """A type that an object here may have: mostly it has, where that is known."""
        kinds: list[Parent] = [parent, parent, *parent.interfaces]
        if isinstance(parent, GraphQLInterfaceType):
            possible = CORE.get_possible_types(parent)
            likely = [kind for kind in possible if kind.name == place.kind and self._happens(0.7)]
            kinds = [parent, *(likely or possible)]
        return self._chance.choice(kinds)

    def _directives(self) -> str:
        text = ""
        for name, keeps in (("include", True), ("skip", False)):
            if self._happens(0.06):
                condition = self._writer.write(BOOLEAN, keeps == self._happens(0.7))
                text += f" @{name}(if: {condition})"
        return text

    def _arguments(self, arguments: Mapping[str, GraphQLArgument], meant: Mapping[str, Any]) -> str:
        texts = []
        for name, argument in arguments.items():
            optional = not is_required_argument(argument)
            if name in meant:
                value = self._writer.write(argument.type, meant[name], optional=optional)
                texts.append(f"{name}: {value}")
            elif optional and self._happens(0.03):
                texts.append(f"{name}: {self._writer.absent(argument.type)}")
        self._chance.shuffle(texts)
        return f"({', '.join(texts)})" if texts else ""

    def _meant(self, parent: Parent, name: str, place: Place) -> dict[str, Any]:
        """What the field's arguments are to mean."""
        field = parent.fields[name]
        kind = get_named_type(field.type)
        if is_page(kind):
            return self._page(f"{parent.name}.{name}", field.args, place)
        return {
            name: self._meanings.value(argument.type, name, kind.name)
            for name, argument in field.args.items()
            if is_required_argument(argument) or self._happens(0.5)
        }

    def _page(
        self, list_: str, arguments: Mapping[str, GraphQLArgument], place: Place
    ) -> dict[str, Any]:
        meant: dict[str, Any] = {
            name: self._meanings.value(arguments[name].type, name, "")
            for name in arguments
            if name not in PAGING and self._happens(0.35)
        }
        most = MAX_ROWS // place.rows
        size = self._chance.choice([size for size in SIZES if (size or PAGE_SIZE) <= most])
        backward = size is not None and self._happens(0.35)
        if size is not None or self._happens(0.3):
            meant["last" if backward else "first"] = size
        order = order_name(meant.get("orderBy"))
        cursors = self._supply.cursors_of(list_, order, place.row_id)
        for side in ("before", "after"):
            if cursors and self._happens(0.4 if backward == (side == "before") else 0.1):
                meant[side] = self._chance.choice(cursors)
        if self._fault.strikes("page"):
            meant |= self._chance.choice(BAD_PAGES)
        if self._fault.strikes("cursor"):
            meant[self._chance.choice(("before", "after"))] = self._strange_cursor()
        return meant

    def _strange_cursor(self) -> str:
        """A damaged cursor, or one of whatever list, order and parent."""
        lists = [
            [cursor for cursors in by_parent.values() for cursor in cursors]
            for by_parent in self._supply.cursors.values()
        ]
        cursor = self._chance.choice(self._chance.choice([each for each in lists if each]))
        return self._chance.choice((cursor, cursor, cursor[:-3], ""))

    def _size(self, parent: Parent, name: str, meant: Mapping[str, Any]) -> int:
        """How often what is below a field is there for each row above it, at most."""
        field = parent.fields[name]
        if is_page(get_named_type(field.type)):
            asked = meant.get("last", meant.get("first"))
            return PAGE_SIZE if asked is None else max(1, asked)
        is_list = is_list_type(get_nullable_type(field.type)) and not is_page(parent)
        return LIST_SIZE if is_list else 1

    def _happens(self, probability: float) -> bool:
        return self._chance.random() < probability


def leaves_of(parent: Parent) -> list[str]:
    return [name for name, field in parent.fields.items() if is_leaf(field)]


def is_leaf(field: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(field.type))


def is_page(kind: Any) -> bool:
    return "pageInfo" in getattr(kind, "fields", ())
