"""What a document may ask for, counted before anything expensive looks at it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

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
)

from whalefall.errors import AuthenticationRequired, BadInput, Code, Problem

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_TOKENS = 5_000
MAX_DEPTH = 15
MAX_ALIASES = 50
MAX_ROOT_FIELDS = 20
MAX_DIRECTIVES = 50
MAX_FRAGMENTS = 50
MAX_SAME_FIELD = 20  # comparing fields that share a name takes time in its square


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
    directives: int = 0
    fragments: int = 0
    same_field: int = 0
    introspects: bool = False
    unstorable: bool = False

    def too_much(self) -> str | None:
        """The first limit that is passed, in words."""
        limits = (
            (self.depth, MAX_DEPTH, "levels of fields"),
            (self.aliases, MAX_ALIASES, "aliases"),
            (self.root_fields, MAX_ROOT_FIELDS, "root fields"),
            (self.directives, MAX_DIRECTIVES, "directives"),
            (self.fragments, MAX_FRAGMENTS, "fragments"),
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
            depth, width = spread.measure(node.selection_set)
            count.depth = max(count.depth, depth)
            count.root_fields = max(count.root_fields, width)
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
        elif isinstance(node, StringValueNode):
            count.unstorable |= "\x00" in node.value
        if not isinstance(node, SelectionSetNode | InlineFragmentNode):
            names = Counter()  # an inline fragment's fields stand beside those around it
        waiting.extend((child, names) for child in _children(node))


def _children(node: Node) -> Iterator[Node]:
    for key in node.keys:
        value = getattr(node, key, None)
        children = value if isinstance(value, list | tuple) else (value,)
        yield from (child for child in children if isinstance(child, Node))


class _Spread:
    """The depth and the number of fields of selections, as if fragments stood in their place."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._measured: dict[str, tuple[int, int]] = {}

    def measure(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        depth = width = 0
        for node in selections.selections if selections is not None else ():
            deep, wide = self._measure_one(node)
            depth, width = max(depth, deep), width + wide
        return depth, width

    def _measure_one(self, node: Node) -> tuple[int, int]:
        if isinstance(node, FieldNode):
            return 1 + self.measure(node.selection_set)[0], 1
        if isinstance(node, InlineFragmentNode):
            return self.measure(node.selection_set)
        if isinstance(node, FragmentSpreadNode):
            return self._measure_fragment(node.name.value)
        return 0, 0

    def _measure_fragment(self, name: str) -> tuple[int, int]:
        if name not in self._measured and name in self._fragments:
            self._measured[name] = (0, 0)  # also the end of a cycle, which validation reports
            self._measured[name] = self.measure(self._fragments[name].selection_set)
        return self._measured.get(name, (0, 0))
