"""T-SQL run on PostgreSQL's catalogs: what is renamed on the way."""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

OTHER_DATABASE = {"tempdb": "sys_of_tempdb"}  # a catalog's name -> the schema of its views
SILENT = (exp.Set, exp.Command, exp.Use)


@dataclass(frozen=True)
class Statement:
    """One statement: its text for PostgreSQL, or None where there is nothing to run; the views it
    reads; the database it goes to, if that is all it does."""

    sql: str | None
    views: frozenset[str]
    enters: str | None = None


def statements(batch: str) -> list[Statement]:
    """The statements of a batch. Raises sqlglot's ParseError."""
    return [_statement(tree) for tree in sqlglot.parse(batch, read="tsql") if tree is not None]


def _statement(tree: exp.Expr) -> Statement:
    if isinstance(tree, exp.Use):
        return Statement(None, frozenset(), tree.this.name)
    if isinstance(tree, SILENT):
        return Statement(None, frozenset())
    views = frozenset(
        f"{table.db}.{table.name}".lower() for table in tree.find_all(exp.Table) if table.db
    )
    return Statement(tree.transform(_renamed).sql("postgres"), views)


def _renamed(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.catalog:
        schema = OTHER_DATABASE[node.catalog.lower()]
        return exp.table_(node.name, db=schema, alias=node.alias or None)
    if isinstance(node, exp.National):
        return exp.Literal.string(node.name)
    if isinstance(node, exp.Parameter):  # @@VERSION is one inside another
        name = node.find(exp.Var)
        return exp.func(f"global_{name.name.lower()}") if name else node
    return node
