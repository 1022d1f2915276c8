"""What the account can see, read from SHOW GRANTS: the proof that a list of tables is whole.

A table is listed only to who holds a privilege on it, and what is not listed gives no error. SHOW
GRANTS names the rights of active roles and of PUBLIC too, which USER_PRIVILEGES leaves out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Self

# Any one of these makes a table visible; the other privileges of a schema (EVENT, EXECUTE, …) show
# the schema and none of its tables.
TABLE_PRIVILEGES = frozenset(
    {
        "ALL PRIVILEGES",
        "ALTER",
        "CREATE",
        "CREATE VIEW",
        "DELETE",
        "DELETE HISTORY",
        "DELETE VERSIONING ROWS",
        "DROP",
        "INDEX",
        "INSERT",
        "REFERENCES",
        "SELECT",
        "SHOW VIEW",
        "TRIGGER",
        "UPDATE",
    }
)
_OPEN_SCHEMAS = frozenset({"information_schema"})  # its views are everybody's
_QUOTED = re.compile(r"`((?:[^`]|``)*)`")
_STATEMENT = re.compile(r"(GRANT|REVOKE) (.+) ON (\*|`\d+`)\.(\*|`\d+`) (?:TO|FROM) ")
_HARMLESS = re.compile(r"GRANT (?:PROXY ON )?`\d+`|GRANT .+ ON (?:FUNCTION|PROCEDURE|PACKAGE)|SET ")


@dataclass(frozen=True, kw_only=True)
class Grants:
    """Privileges on everything, on schemas (by pattern), and schemas of which a table is granted.

    `withheld` are schemas in which something is revoked in spite of a privilege on everything;
    `is_clear` is false when a line was not understood: then nothing is proven.
    """

    everywhere: frozenset[str]
    schemas: tuple[re.Pattern[str], ...]
    touched: frozenset[str]
    withheld: frozenset[str]
    is_clear: bool

    @classmethod
    def parse(cls, lines: Iterable[str], *, wildcards: bool) -> Self:
        """Read the lines of SHOW GRANTS with `sql_quote_show_create` on."""
        everywhere: set[str] = set()
        schemas: list[re.Pattern[str]] = []
        touched: set[str] = set()
        withheld: set[str] = set()
        is_clear = True
        for line in lines:
            names: list[str] = []
            statement = _STATEMENT.match(_QUOTED.sub(partial(_numbered, names), line))
            if statement is None:
                is_clear = is_clear and _is_harmless(line)
                continue
            verb, text, schema, table = statement.groups()
            privileges = set(re.sub(r" ?\([^)]*\)", "", text).split(", "))
            if schema == "*":
                everywhere |= privileges if verb == "GRANT" else set()
                is_clear = is_clear and verb == "GRANT"
                continue
            name = names[int(schema.strip("`"))]
            if verb == "REVOKE":
                withheld.add(name)
            elif table != "*":
                touched.add(name)
            elif privileges & TABLE_PRIVILEGES:
                schemas.append(_pattern(name, wildcards=wildcards))
        return cls(
            everywhere=frozenset(everywhere),
            schemas=tuple(schemas),
            touched=frozenset(touched),
            withheld=frozenset(withheld),
            is_clear=is_clear,
        )

    def prove_all_databases(self) -> bool:
        """Whether no database can be hidden from the account."""
        if not self.is_clear:
            return False
        sees_tables = bool(self.everywhere & TABLE_PRIVILEGES) and not self.withheld
        return sees_tables or "SHOW DATABASES" in self.everywhere

    def prove_all_tables(self, schema: str) -> bool:
        """Whether no table of `schema` can be hidden from the account."""
        if schema in _OPEN_SCHEMAS:
            return True
        if not self.is_clear or schema in self.withheld:
            return False
        return bool(self.everywhere & TABLE_PRIVILEGES) or self._cover(schema)

    def reach(self, schema: str) -> bool:
        """Whether any table of `schema` could be visible."""
        if self.prove_all_tables(schema) or not self.is_clear:
            return True
        return bool(self.everywhere & TABLE_PRIVILEGES) or schema in self.touched

    def _cover(self, schema: str) -> bool:
        return any(pattern.fullmatch(schema) for pattern in self.schemas)


def _numbered(names: list[str], quoted: re.Match[str]) -> str:
    """Put a number in a name's place, so that no name can pass for a part of the statement."""
    names.append(quoted.group(1).replace("``", "`"))
    return f"`{len(names) - 1}`"


def _is_harmless(line: str) -> bool:
    return _HARMLESS.match(_QUOTED.sub("`0`", line)) is not None


def _pattern(name: str, *, wildcards: bool) -> re.Pattern[str]:
    """A schema's name in a grant: `%`, `_` and a backslash before them, as in LIKE."""
    regex = re.escape(name)
    if wildcards:
        parts = re.split(r"(\\.|[%_])", name, flags=re.DOTALL)
        regex = "".join(_part(part) for part in parts)
    unescaped = re.escape(re.sub(r"\\([%_])", r"\1", name))
    return re.compile(f"{regex}|{unescaped}", re.DOTALL)


def _part(part: str) -> str:
    if part == "%":
        return ".*"
    if part == "_":
        return "."
    return re.escape(part[1:] if part in (r"\%", r"\_") else part)
