"""From an operation of a valid document to the formula of its cost, in one walk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableNode,
    coerce_input_literal,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from whalefall.schema.cost import INTROSPECTION, LIST_COST, LIST_SIZE, Size, price_of


class Amount:
    """A number, plus the values of a formula's steps, each so many times."""

    __slots__ = ("number", "steps")

    def __init__(self, number: int = 0, steps: Mapping[int, int] | None = None) -> None:
        self.number = number
        self.steps: dict[int, int] = dict(steps or {})

    def add(self, other: "Amount", times: int = 1) -> None:
        self.number += other.number * times
        for step, count in other.steps.items():
            self.steps[step] = self.steps.get(step, 0) + count * times

    def value(self, steps: Sequence[int]) -> int:
        return self.number + sum(steps[step] * count for step, count in self.steps.items())


@dataclass(frozen=True)
class Step:
    """A list whose size depends on variables: what one item costs, and where the size comes from.

    An argument is the value of a variable, or its own default, or a value of the document.
    """

    size: Size
    arguments: Sequence[tuple[str | None, Any]]
    item: Amount

    def value(self, variables: Mapping[str, Any], before: Sequence[int]) -> int:
        values = [
            value if name is None else variables.get(name, value) for name, value in self.arguments
        ]
        return self.size.of(*values) * self.item.value(before)


@dataclass(frozen=True)
class Formula:
    """The cost of one operation for any variables.

    `effort` is what preparing it takes, whatever its pages hold: its objects, its lists twice.
    `alone` counts the fields that may be asked for once.
    """

    total: Amount
    steps: Sequence[Step]
    effort: int
    alone: int

    def cost(self, variables: Mapping[str, Any]) -> int:
        """The cost with these coerced variables."""
        values: list[int] = []
        for step in self.steps:
            values.append(step.value(variables, values))
        return self.total.value(values)


def formula(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Formula:
    """The formula of an operation of a valid document."""
    walk = _Walk(schema, document)
    total = walk.inside(operation.selection_set, schema.get_root_type(operation.operation))
    return Formula(total.of_items(LIST_SIZE), walk.steps, total.effort, total.alone)


@dataclass
class _Inside:
    """What a selection costs: once, and besides for each item of the page that it belongs to."""

    once: Amount = field(default_factory=Amount)
    each: Amount = field(default_factory=Amount)
    effort: int = 0
    alone: int = 0

    def add(self, other: "_Inside") -> None:
        self.effort += other.effort
        self.alone += other.alone
        self.once.add(other.once)
        self.each.add(other.each)

    def of_items(self, number: int) -> Amount:
        total = Amount()
        total.add(self.once)
        total.add(self.each, number)
        return total


class _Walk:
    """Goes once through an operation and the fragments that it spreads."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._walked: dict[str, _Inside] = {}
        self.steps: list[Step] = []

    def inside(self, selections: SelectionSetNode, parent: Any) -> _Inside:
        """What the fields cost that come together here, fragments included."""
        total = self._own(selections, parent)
        for name in self._spread(selections):
            total.add(self._fragment(name))
        return total

    def _own(self, selections: SelectionSetNode, parent: Any) -> _Inside:
        total = _Inside()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._add_field(node, parent, total)
            elif isinstance(node, InlineFragmentNode):
                total.add(self._own(node.selection_set, self._narrowed(node, parent)))
        return total

    def _spread(self, selections: SelectionSetNode) -> Iterable[str]:
        """The fragments whose fields stand among these, each once."""
        found: dict[str, None] = {}
        waiting = [selections]
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, InlineFragmentNode):
                    waiting.append(node.selection_set)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in found:
                    found[node.name.value] = None
                    waiting.append(self._fragments[node.name.value].selection_set)
        return found

    def _fragment(self, name: str) -> _Inside:
        if name not in self._walked:
            node = self._fragments[name]
            self._walked[name] = self._own(node.selection_set, self._narrowed(node, None))
        return self._walked[name]

    def _narrowed(self, node: InlineFragmentNode | FragmentDefinitionNode, parent: Any) -> Any:
        condition = node.type_condition
        return parent if condition is None else self._schema.type_map[condition.name.value]

    def _add_field(self, node: FieldNode, parent: Any, total: _Inside) -> None:
        name = node.name.value
        if name in INTROSPECTION:
            total.once.add(Amount(INTROSPECTION[name]))
            total.alone += name == "__schema"
            return
        declared: GraphQLField = parent.fields[name]
        price = price_of(declared)
        total.once.add(Amount(price.own))
        total.alone += price.alone
        if node.selection_set is not None:
            inside = self.inside(node.selection_set, get_named_type(declared.type))
            total.effort += 1 + (price.own >= LIST_COST) + inside.effort
            total.alone += inside.alone
            self._add_below(node, declared, inside, total)

    def _add_below(
        self, node: FieldNode, declared: GraphQLField, inside: _Inside, total: _Inside
    ) -> None:
        is_list = is_list_type(get_nullable_type(declared.type))
        items = inside.of_items(LIST_SIZE) if is_list else inside.each
        if not is_list:
            total.once.add(inside.once)
        size = price_of(declared).size
        if size is not None:
            total.once.add(self._times(size, node, declared, items))
        elif is_list:
            total.each.add(items)  # `nodes` and `edges` are as long as the page they belong to
        else:
            total.once.add(items, LIST_SIZE)

    def _times(self, size: Size, node: FieldNode, declared: GraphQLField, items: Amount) -> Amount:
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        arguments = [_argument(declared.args[name], given.get(name)) for name in size.arguments]
        total = Amount()
        if all(variable is None for variable, _ in arguments):
            total.add(items, size.of(*(value for _, value in arguments)))
        elif items.number or items.steps:
            total.add(Amount(0, {len(self.steps): 1}))
            self.steps.append(Step(size, arguments, items))
        return total


def _argument(declared: GraphQLArgument, given: ValueNode | None) -> tuple[str | None, Any]:
    """The variable that an argument takes, if any; the value that it has otherwise."""
    default = None if declared.default_value is Undefined else declared.default_value
    if given is None:
        return None, default
    if isinstance(given, VariableNode):
        return given.name.value, default
    if isinstance(given, ListValueNode):
        return None, given.values  # its length is what matters, and an item may be a variable
    return None, coerce_input_literal(given, declared.type)
