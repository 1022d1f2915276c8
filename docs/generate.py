"""`./run docs`: writes the reference in api.md, below its marker, from schema and limits."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    StringValueNode,
    TypeNode,
    parse,
    print_ast,
)

from whalefall.edge.bodies import BODY_BYTES
from whalefall.errors import CATALOGUE, SUGGESTIONS, Code
from whalefall.schema import limits
from whalefall.schema.build import make_schema
from whalefall.schema.execution import DEADLINE_SECONDS
from whalefall.settings import Settings

API = Path(__file__).parent / "api.md"
MARKER = "<!-- Below stands what ./run docs writes; its words are the schema's descriptions. -->\n"
BUILT_IN = {"Boolean", "Float", "ID", "Int", "String"}
ROOTS = ("Query", "Mutation", "Subscription")
SECTIONS: Sequence[tuple[str, type[DefinitionNode]]] = (
    ("Objects", ObjectTypeDefinitionNode),
    ("Interfaces", InterfaceTypeDefinitionNode),
    ("Inputs", InputObjectTypeDefinitionNode),
    ("Enums", EnumTypeDefinitionNode),
    ("Scalars", ScalarTypeDefinitionNode),
)
Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | InputObjectTypeDefinitionNode
Row = tuple[str, ...]


def main() -> None:
    """Write the reference anew."""
    API.write_text(renewed(API.read_text()))


def renewed(text: str) -> str:
    """The document with its hand-written part as it is, and the reference as it should be."""
    written, marker, _ = text.partition(MARKER)
    return f"{written}{marker or MARKER}\n{reference()}"


def reference() -> str:
    """Everything that the schema and the code know of the API."""
    parts = ["## Reference", "### Limits of one request", *limits_table(), *types(schema_text())]
    return "\n\n".join(parts) + "\n"


def schema_text() -> str:
    return make_schema().as_str()


def limits_table() -> Iterator[str]:
    settings = Settings()
    yield table(
        ("limit", "at most"),
        [
            ("body", f"{BODY_BYTES:,} bytes"),
            ("document", f"{limits.MAX_DOCUMENT_BYTES:,} bytes, {limits.MAX_TOKENS:,} tokens"),
            ("levels of fields", f"{limits.MAX_DEPTH}"),
            ("root fields of an operation", f"{limits.MAX_ROOT_FIELDS}"),
            ("fields, as if each fragment stood where it is spread", f"{limits.MAX_FIELDS:,}"),
            ("fields with fields of their own, counted likewise", f"{limits.MAX_OBJECTS}"),
            ("fields of one name in one place", f"{limits.MAX_SAME_FIELD}"),
            ("aliases", f"{limits.MAX_ALIASES}"),
            ("directives", f"{limits.MAX_DIRECTIVES}"),
            ("fragments, inline ones included", f"{limits.MAX_FRAGMENTS}"),
            ("operations in a document", f"{limits.MAX_OPERATIONS}"),
            ("values in a document", f"{limits.MAX_LITERALS:,}"),
            ("values in the variables", f"{limits.MAX_VALUES:,}"),
            ("cost of an operation", f"{settings.graphql_max_cost:,}, unless set otherwise"),
            ("time for an answer", f"{DEADLINE_SECONDS} seconds, a wait that was asked for aside"),
        ],
    )


def types(sdl: str) -> Iterator[str]:
    """The root types, then all others by kind and name."""
    named = {
        node.name.value: node
        for node in parse(sdl).definitions
        if isinstance(node, Composite | EnumTypeDefinitionNode | ScalarTypeDefinitionNode)
    }
    for name in ROOTS:
        yield from section(f"### {name}", named.pop(name))
    for title, kind in SECTIONS:
        yield f"### {title}"
        for name, node in sorted(named.items()):
            if isinstance(node, kind):
                yield from section(f"#### {name}", node)


def section(
    title: str, node: Composite | EnumTypeDefinitionNode | ScalarTypeDefinitionNode
) -> Iterator[str]:
    yield title
    yield described(node.description)
    if isinstance(node, ObjectTypeDefinitionNode) and node.interfaces:
        yield f"Implements {', '.join(linked(one) for one in node.interfaces)}."
    if isinstance(node, EnumTypeDefinitionNode):
        yield from error_codes(node) if node.name.value == "ErrorCode" else values(node)
    elif not isinstance(node, ScalarTypeDefinitionNode):
        rows = [row for field in node.fields or () for row in field_rows(field)]
        yield table(("field", "type", ""), rows)


def field_rows(field: FieldDefinitionNode | InputValueDefinitionNode) -> Iterator[Row]:
    """A row for the field, and one for each of its arguments."""
    yield value_row(f"`{field.name.value}`", field)
    for argument in getattr(field, "arguments", None) or ():
        yield value_row(f"– `{argument.name.value}:`", argument)


def value_row(name: str, node: FieldDefinitionNode | InputValueDefinitionNode) -> Row:
    default = getattr(node, "default_value", None)
    type_ = linked(node.type) + (f" = `{print_ast(default)}`" if default else "")
    return name, type_, described(node.description)


def values(node: EnumTypeDefinitionNode) -> Iterator[str]:
    rows = [(f"`{value.name.value}`", described(value.description)) for value in node.values or ()]
    yield table(("value", ""), rows)


def error_codes(node: EnumTypeDefinitionNode) -> Iterator[str]:
    """With what doors make of a code: status and category on plain routes, retryable everywhere."""
    rows = []
    for value in node.values or ():
        meaning = CATALOGUE[Code(value.name.value)]
        again = "yes" if meaning.retryable else "no"
        kind = f"{meaning.category}, {meaning.severity}"
        status = str(meaning.status)
        rows.append((f"`{value.name.value}`", described(value.description), again, status, kind))
    yield table(("code", "", "retryable", "HTTP status", "category, severity"), rows)
    yield "The suggestions of each category, for the [envelope](#files) of plain routes:"
    suggested = [(category, " ".join(texts)) for category, texts in SUGGESTIONS.items()]
    yield table(("category", "suggestions"), suggested)


def table(headings: Row, rows: Iterable[Row]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)


def linked(node: TypeNode) -> str:
    """A type, which leads to its section unless it is GraphQL's own."""
    text = print_ast(node)
    name = re.sub(r"[^A-Za-z]", "", text)
    return f"`{text}`" if name in BUILT_IN else f"[`{text}`](#{name.lower()})"


def described(node: StringValueNode | None) -> str:
    """A description on one line, fit for a table's cell."""
    return "" if node is None else " ".join(node.value.split()).replace("|", r"\|")


if __name__ == "__main__":
    main()
