"""What a parser takes for Oracle's SQL and the server does not, or not as meant."""

from collections.abc import Iterator

import sqlglot
from sqlglot import TokenType, exp

ALLOWED = (
    exp.Select,
    exp.From,
    exp.Join,
    exp.Table,
    exp.TableAlias,
    exp.Alias,
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Null,
    exp.Where,
    exp.Group,
    exp.And,
    exp.Or,
    exp.Paren,
    exp.EQ,
    exp.Is,
    exp.In,
    exp.Exists,
    exp.Sum,
    exp.Count,
    exp.Placeholder,
)
FUNCTIONS = frozenset({"SYS_CONTEXT"})
VARIABLES = frozenset({"USER"})  # look like columns without a table


def faults(statement: str) -> list[str]:
    """What of a statement Oracle would refuse or mean otherwise, or nobody has looked at yet."""
    tokens = sqlglot.tokenize(statement, read="oracle")
    found = ["cast by ::"] if any(one.token_type is TokenType.DCOLON for one in tokens) else []
    return [*found, *_of(sqlglot.parse_one(statement, read="oracle"), statement)]


def _of(tree: exp.Expr, statement: str) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.Anonymous) and node.name.upper() not in FUNCTIONS:
            yield f"function {node.name}"
        elif isinstance(node, exp.Table) and f"{node.name} as {node.alias}" in statement.lower():
            yield "AS before the alias of a table"
        elif isinstance(node, exp.Column) and not node.table:
            if node.name.upper() not in VARIABLES and not node.find_ancestor(exp.Table):
                yield f"{node.name} of no table"
        elif not isinstance(node, (*ALLOWED, exp.Anonymous)):
            yield type(node).__name__
