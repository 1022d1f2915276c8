"""What a document may ask for, counted before anything expensive looks at it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
)

from whalefall.errors import AuthenticationRequired, BadInput, Code, Problem

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_TOKENS = 5_000
MAX_VALUES = 10_000  # in the variables
MAX_CONTAINERS = 50_000  # brackets in a body: as many lists are gone through again and again
MAX_DEPTH = 15
MAX_ALIASES = 50
MAX_ROOT_FIELDS = 20
MAX_DIRECTIVES = 50
MAX_FRAGMENTS = 50
MAX_LITERALS = 1_000
MAX_SAME_FIELD = 20  # comparing fields that share a name takes time in its square
MAX_OPERATIONS = 50
MAX_FIELDS = 1_000  # as if each fragment stood wherever it is spread
MAX_OBJECTS = 200  # fields with fields of their own: each is a statement, or a part of one


def refusal(document: DocumentNode, *, signed_in: bool) -> Problem | None:
    """Why the document is refused; null when it is not. Each fragment is walked once."""
    count = _count(document)
    if count.introspects and not signed_in:
        return AuthenticationRequired("Sign in to see the schema.")
    if count.unstorable:
        return BadInput("A text may not contain the character NUL.")
    if too_much := count.too_much():
        return BadInput(f"The document has {too_much}.", code=Code.QUERY_TOO_COMPLEX)
    return None


@dataclass
class _Count:
    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    fields: int = 0
    objects: int = 0
    directives: int = 0
    operations: int = 0
    fragments: int = 0
    literals: int = 0
    same_field: int = 0
    introspects: bool = False
    unstorable: bool = False

    def add_operation(self, measured: "_Measured") -> None:
        """Operations count together: each is validated with all fragments that it spreads."""
        self.operations += 1
        self.depth = max(self.depth, measured.depth)
        self.root_fields = max(self.root_fields, measured.width)
        self.fields += measured.fields
        self.objects += measured.objects

    def add_fragment(self, measured: "_Measured") -> None:
        """A fragment that no operation spreads is validated, too."""
        self.depth = max(self.depth, measured.depth)
        self.fields = max(self.fields, measured.fields)
        self.objects = max(self.objects, measured.objects)

    def too_much(self) -> str | None:
        """The first limit that is passed, in words."""
        limits = (
            (self.depth, MAX_DEPTH, "levels of fields"),
            (self.aliases, MAX_ALIASES, "aliases"),
            (self.root_fields, MAX_ROOT_FIELDS, "root fields"),
            (self.fields, MAX_FIELDS, "fields"),
            (self.objects, MAX_OBJECTS, "fields with fields of their own"),
            (self.directives, MAX_DIRECTIVES, "directives"),
            (self.operations, MAX_OPERATIONS, "operations"),
            (self.fragments, MAX_FRAGMENTS, "fragments"),
            (self.literals, MAX_LITERALS, "values: send variables"),
            (self.same_field, MAX_SAME_FIELD, "fields of one name in one place"),
        )
        passed = (f"more than {limit} {what}" for number, limit, what in limits if number > limit)
        return next(passed, None)


def _count(document: DocumentNode) -> _Count:
    count = _Count()
    _count_nodes(document, count)
    spread = _Spread(
        {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    )
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            count.add_operation(spread.measure(node.selection_set))
        elif isinstance(node, FragmentDefinitionNode):
            count.add_fragment(spread.measure(node.selection_set))
    return count


def _count_nodes(document: DocumentNode, count: _Count) -> None:
    """Every node once, whatever spreads it; a loop, so that no nesting is too deep for it."""
    waiting: list[tuple[Node, Counter[str]]] = [(document, Counter())]
    while waiting:
        node, names = waiting.pop()
        count.directives += len(getattr(node, "directives", None) or ())
        if isinstance(node, FieldNode):
            name = node.alias or node.name
            names[name.value] += 1
            count.same_field = max(count.same_field, names[name.value])
            count.aliases += node.alias is not None
            count.introspects |= node.name.value in ("__schema", "__type")
        elif isinstance(node, FragmentDefinitionNode | InlineFragmentNode):
            count.fragments += 1
        elif isinstance(node, ValueNode):
            count.literals += 1
            count.unstorable |= isinstance(node, StringValueNode) and "\x00" in node.value
        if not isinstance(node, SelectionSetNode | InlineFragmentNode):
            names = Counter()  # an inline fragment's fields stand beside those around it
        waiting.extend((child, names) for child in children(node))


def children(node: Node) -> Iterator[Node]:
    """The nodes right below a node, in no particular order."""
    for key in node.keys:
        value = getattr(node, key, None)
        children = value if isinstance(value, list | tuple) else (value,)
        yield from (child for child in children if isinstance(child, Node))


class _Measured(NamedTuple):
    """Of a selection: its levels, its fields in this place, all its fields, those with fields."""

    depth: int = 0
    width: int = 0
    fields: int = 0
    objects: int = 0

    def beside(self, other: "_Measured") -> "_Measured":
        return _Measured(
            max(self.depth, other.depth),
            self.width + other.width,
            self.fields + other.fields,
            self.objects + other.objects,
        )


NOTHING, LEAF = _Measured(), _Measured(1, 1, 1, 0)


class _Spread:
    """Measures selections as if fragments stood in their place; each is walked once."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, _Measured] = {}

    def measure(self, selections: SelectionSetNode) -> _Measured:
        total = NOTHING
        for node in selections.selections:
            total = total.beside(self._measure_one(node))
        return total

    def _measure_one(self, node: Node) -> _Measured:
        if isinstance(node, FieldNode):
            if node.selection_set is None:
                return LEAF
            below = self.measure(node.selection_set)
            return _Measured(1 + below.depth, 1, 1 + below.fields, 1 + below.objects)
        if isinstance(node, InlineFragmentNode):
            return self.measure(node.selection_set)
        if isinstance(node, FragmentSpreadNode):
            return self._measure_fragment(node.name.value)
        return NOTHING

    def _measure_fragment(self, name: str) -> _Measured:
        if name not in self._measured and name in self._fragments:
            self._measured[name] = NOTHING  # also the end of a cycle, which validation reports
            self._measured[name] = self.measure(self._fragments[name].selection_set)
        return self._measured.get(name, NOTHING)
