"""What a parser takes for T-SQL and the engine does not: a walk over a statement's tree."""

from collections.abc import Iterator

import sqlglot
from sqlglot import TokenType, exp

ALLOWED = (  # everything else has to be looked at before it is allowed here
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
    exp.Star,
    exp.Where,
    exp.Group,
    exp.Order,
    exp.Ordered,
    exp.And,
    exp.Or,
    exp.Not,
    exp.Paren,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Is,
    exp.In,
    exp.Like,
    exp.Between,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Sum,
    exp.Count,
    exp.Max,
    exp.Min,
    exp.Cast,
    exp.DataType,
    exp.DataTypeParam,
    exp.National,
    exp.Parameter,
    exp.Var,
)
FUNCTIONS = frozenset(
    {"HAS_DBACCESS", "HAS_PERMS_BY_NAME", "SERVERPROPERTY", "DATABASEPROPERTYEX", "DB_NAME"}
)


def faults(statement: str) -> list[str]:
    """What of a statement SQL Server would refuse, or nobody has looked at yet."""
    tokens = sqlglot.tokenize(statement, read="tsql")
    found = ["cast by ::"] if any(one.token_type is TokenType.DCOLON for one in tokens) else []
    trees = sqlglot.parse(statement, read="tsql")
    return [*found, *(fault for tree in trees if tree for fault in _of(tree))]


def _of(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            if node.name.upper() not in FUNCTIONS:
                yield f"function {node.name}"
        elif isinstance(node, exp.Func) and node.sql_name() in FUNCTIONS:
            continue
        elif isinstance(node, exp.Ordered) and node.args.get("nulls_first") is False:
            yield "NULLS LAST"
        elif isinstance(node, exp.Join) and node.args.get("using"):
            yield "JOIN USING"
        elif not isinstance(node, ALLOWED):
            yield type(node).__name__
