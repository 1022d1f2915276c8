"""What a caller wrote: it may hold secrets, so no log shows it, not even inside an error's text."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, Node, StringValueNode

from whalefall.schema.limits import children

SHORTEST = 4  # shorter texts are all over any traceback


def texts_of(document: DocumentNode, variables: Mapping[str, Any] | None) -> list[str]:
    """The texts in a document's literals and in variables, longest first."""
    texts: set[str] = set()
    nodes: list[Node] = [document]
    while nodes:
        node = nodes.pop()
        if isinstance(node, StringValueNode):
            texts.add(node.value)
        nodes.extend(children(node))
    values: list[Any] = [variables]
    while values:
        value = values.pop()
        if isinstance(value, str):
            texts.add(value)
        elif isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
    return sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True)
