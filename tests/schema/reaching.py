"""How much of the schema queries name, and how much of it their answers hold."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLObjectType,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    SelectionSetNode,
    TypeInfo,
    Visitor,
    get_named_type,
    get_operation_ast,
)

from tests.schema.lists import CORE, object_type

DIALS = frozenset({"privilegeReport"})  # connects to a customer's server: never by chance


def fields() -> Iterator[str]:
    """Every field that a query can select without a connection to others, as "Type.field"."""
    for kind in _reachable():
        if isinstance(kind, GraphQLObjectType):
            yield from (f"{kind.name}.{name}" for name in kind.fields if name not in DIALS)


def places() -> Iterator[str]:
    """Every argument, and every field of an input, that a query can give."""
    for kind in _reachable():
        for name, field in kind.fields.items():
            if name in DIALS:
                continue
            if isinstance(kind, GraphQLInputObjectType):
                yield f"{kind.name}.{name}"
            else:
                yield from (f"{kind.name}.{name}({argument})" for argument in field.args)


def _reachable() -> list[Any]:
    found: dict[str, Any] = {}
    waiting: list[Any] = [object_type("Query")]
    for kind in waiting:  # which grows meanwhile
        if kind.name not in found and hasattr(kind, "fields"):
            found[kind.name] = kind
            for field in (field for name, field in kind.fields.items() if name not in DIALS):
                inputs = [argument.type for argument in getattr(field, "args", {}).values()]
                waiting += [get_named_type(type_) for type_ in (field.type, *inputs)]
    return list(found.values())


class Reaching(Visitor):
    """Notes which fields and arguments are named, and which forms of the language are used."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self._field = ""
        self.places: set[str] = set()
        self.forms: set[str] = set()

    def enter(self, node: Node, *_: Any) -> None:
        self.forms.add(node.kind)
        if isinstance(node, FieldNode):
            self.forms |= {"alias"} if node.alias else set()
            self._field = f"{self._types.get_parent_type()}.{node.name.value}"
            self.places.add(self._field)
        elif isinstance(node, ArgumentNode) and self._types.get_directive() is None:
            self.places.add(f"{self._field}({node.name.value})")
        elif isinstance(node, ObjectFieldNode):
            self.places.add(f"{self._types.get_parent_input_type()}.{node.name.value}")


def answered(document: DocumentNode, operation_name: str | None, data: Any) -> set[str]:
    """The fields, as "Type.field", to which an answer holds a value that is not null."""
    operation = get_operation_ast(document, operation_name)
    assert operation is not None
    walk = _Answered(document)
    walk.through(operation.selection_set, object_type("Query"), data)
    return walk.found


class _Answered:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.found: set[str] = set()

    def through(self, selections: SelectionSetNode, parent: Any, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self.through(selections, parent, item)
        elif isinstance(value, dict):
            for node in selections.selections:
                self._note(node, parent, value)

    def _note(self, node: Node, parent: Any, value: dict[str, Any]) -> None:
        if isinstance(node, FragmentSpreadNode):
            node = self._fragments[node.name.value]
        if isinstance(node, InlineFragmentNode | FragmentDefinitionNode):
            condition = node.type_condition
            on = parent if condition is None else CORE.type_map[condition.name.value]
            self.through(node.selection_set, on, value)
            return
        assert isinstance(node, FieldNode)
        inside = value.get((node.alias or node.name).value)
        if inside is not None and node.name.value in parent.fields:
            self.found.add(f"{parent.name}.{node.name.value}")
            if node.selection_set is not None:
                kind = get_named_type(parent.fields[node.name.value].type)
                self.through(node.selection_set, kind, inside)
