"""One read-only session: what it asks, and how sure it may be of the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from whalefall.adapters.base import Limits
from whalefall.adapters.mysql import tables
from whalefall.adapters.mysql.dialect import SYSTEM_SCHEMAS, VIRTUAL_SCHEMAS, Dialect
from whalefall.adapters.mysql.grants import Grants
from whalefall.adapters.mysql.privileges import check_privileges
from whalefall.adapters.mysql.problems import driver_problems, problem
from whalefall.adapters.mysql.reconciliation import reconciled
from whalefall.adapters.mysql.tables import Space, TableRow, attribute, table_fact
from whalefall.adapters.mysql.totals import database_fact, missing_grants, unknown
from whalefall.adapters.mysql.wire import Rows, Wire
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    ServerFact,
    Skipped,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import PrivilegeCheck
from whalefall.domain.sizes import Bytes
from whalefall.errors import Code, TargetProblem, said

SCHEMATA = "SELECT schema_name, {key} AS file_name FROM information_schema.schemata"
GRACE_SECONDS = 1.0  # the server's own limit comes first and leaves the session usable
NAMES_AT_ONCE = 1000


class MySQLSession:
    """A session on a server. `kill` ends it from outside when it is left in mid-statement."""

    def __init__(
        self,
        wire: Wire,
        dialect: Dialect,
        server: ServerFact,
        limits: Limits,
        kill: Callable[[], Awaitable[None]],
    ) -> None:
        self.server = server
        self._wire = wire
        self._dialect = dialect
        self._seconds = limits.statement_seconds + GRACE_SECONDS
        self._kill = kill

    async def rows(self, sql: str, *values: str) -> Rows:
        """The rows of a statement; when it is given up, the server gives it up too."""
        with driver_problems():
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._wire.rows(sql, *values)
            except (asyncio.CancelledError, TimeoutError):
                self._wire.close()
                await self._kill()
                raise

    async def inventory(self) -> Collected[DatabaseFact]:
        """All schemas of the server. Source: SCHEMATA, SHOW GRANTS."""
        grants = await self._grants()
        schemas = await self._schemas()
        # Asked twice: what was hidden in between would otherwise pass for gone.
        proven = grants.prove_all_databases() and (await self._grants()).prove_all_databases()
        return Collected(
            items=[
                DatabaseFact(
                    name=name,
                    is_system=name in SYSTEM_SCHEMAS,
                    reason=None if grants.reach(name) else SkipReason.PERMISSION,
                )
                for name in sorted(schemas)
            ],
            complete=proven,
            source="information_schema.SCHEMATA",
            missing_grants=missing_grants(databases=proven, tables=True, spaces=True),
        )

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        """What each schema's files take; without PROCESS what its tables hold.

        Source: TABLES, INNODB_TABLES and INNODB_TABLESPACES (INNODB_SYS_… before MySQL 8).
        """
        grants = await self._grants()
        schemas = await self._schemas()
        real = sorted(schemas.keys() - VIRTUAL_SCHEMAS - set(excluded))
        held = {name: await self._tables_in_time(name) for name in real}
        spaced = await self._spaces()
        present = await self._schemas()  # one that went meanwhile would look empty
        facts = [DatabaseSizeFact(name=name, size_bytes=Bytes(0)) for name in VIRTUAL_SCHEMAS]
        for name in real:
            rows = held.pop(name)
            if rows is None:
                facts.append(unknown(name, SkipReason.TIMEOUT))
                continue
            spaces = None if spaced is None else attribute(spaced.get(schemas[name], []), rows)
            proven = grants.prove_all_tables(name)
            facts.append(database_fact(name, rows, spaces, proven=proven))
        proven = grants.prove_all_databases() and (await self._grants()).prove_all_databases()
        return Collected(
            items=sorted(
                (fact for fact in facts if fact.name in schemas and fact.name in present),
                key=lambda fact: fact.name,
            ),
            complete=proven,
            source=self._source(spaced),
            missing_grants=missing_grants(
                databases=proven,
                tables=all(map(grants.prove_all_tables, real)) and (proven or bool(real)),
                spaces=spaced is not None,
            ),
        )

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        """Tables and sequences of `database`, the logically largest first.

        Source: TABLES, INNODB_TABLES and INNODB_TABLESPACES (INNODB_SYS_… before MySQL 8).
        """
        grants = await self._grants()
        rows = await self._tables(database)
        schemas = await self._schemas()
        if database not in schemas:
            raise _absent(grants)
        after = await self._grants()
        proven = grants.prove_all_tables(database) and after.prove_all_tables(database)
        if not rows and not proven:
            raise _denied("REFERENCES")
        spaced = await self._spaces(schemas[database])
        spaces = None if spaced is None else attribute(spaced.get(schemas[database], []), rows)
        hidden = sorted({space.name for space in spaces.hidden}) if spaces else []
        facts = [table_fact(database, row, spaces) for row in rows]
        facts.sort(
            key=lambda fact: -1 if fact.size_bytes is None else fact.size_bytes, reverse=True
        )
        complete = proven and not hidden
        return Collected(
            items=facts,
            complete=complete,
            source=self._source(spaced),
            skipped=[
                Skipped(name=name, schema_name=database, reason=SkipReason.PERMISSION)
                for name in await self._decoded(hidden)
            ],
            missing_grants=missing_grants(
                databases=True, tables=complete, spaces=spaces is not None
            ),
            reconciliation=reconciled(database, rows, spaces),
        )

    async def privileges(self) -> list[PrivilegeCheck]:
        """What the account may, read from SHOW GRANTS."""
        wildcards = self._dialect.grants_with_wildcards
        return check_privileges(await self._grant_lines(), wildcards=wildcards)

    async def _grants(self) -> Grants:
        wildcards = self._dialect.grants_with_wildcards
        return Grants.parse(await self._grant_lines(), wildcards=wildcards)

    async def _grant_lines(self) -> list[str]:
        return [str(line) for (line,) in await self.rows("SHOW GRANTS")]

    async def _schemas(self) -> dict[str, str]:
        """The visible schemas, with their names in InnoDB's spelling."""
        rows = await self.rows(SCHEMATA.format(key=self._key("schema_name")))
        return {name: tables.text(file_name) for name, file_name in rows}

    async def _tables(self, schema: str) -> list[TableRow]:
        sql = tables.TABLES.format(key=self._key("table_name"))
        return tables.table_rows(await self.rows(sql, schema), schema)

    async def _tables_in_time(self, schema: str) -> list[TableRow] | None:
        """None when the server gave up, so that one huge schema does not cost the others."""
        try:
            return await self._tables(schema)
        except TargetProblem as error:
            if error.problem_code is Code.DATABASE_TIMEOUT and not self._wire.closed:
                return None
            raise

    async def _spaces(self, schema: str = "") -> dict[str, list[Space]] | None:
        """InnoDB's tablespaces, of one schema or all; None without PROCESS. Ask after TABLES, which
        makes MariaDB open and list them."""
        prefix = f"{schema}/" if schema else ""
        of_tables = prefix if self._dialect.encodes_names else ""
        tables_sql = tables.INNODB_TABLES.format(view=self._dialect.tables_view)
        spaces_sql = tables.INNODB_SPACES.format(view=self._dialect.spaces_view)
        try:
            innodb_tables = await self.rows(tables_sql, of_tables, of_tables)
            innodb_spaces = await self.rows(spaces_sql, prefix, prefix)
        except TargetProblem as error:
            if error.problem_code is Code.TARGET_PERMISSION_DENIED:
                return None
            raise
        return tables.innodb_spaces(innodb_tables, innodb_spaces, self._dialect)

    async def _decoded(self, names: list[str]) -> list[str]:
        """Names as people spell them, from InnoDB's spelling."""
        if not self._dialect.encodes_names:
            return names
        decoded: list[str] = []
        for start in range(0, len(names), NAMES_AT_ONCE):
            batch = names[start : start + NAMES_AT_ONCE]
            columns = ", ".join([tables.DECODED] * len(batch))
            decoded.extend(*await self.rows(f"SELECT {columns}", *batch))
        return decoded

    def _key(self, column: str) -> str:
        return tables.ENCODED.format(column=column) if self._dialect.encodes_names else column

    def _source(self, spaced: object) -> str:
        views = ["TABLES"]
        if spaced is not None:
            views += [self._dialect.tables_view, self._dialect.spaces_view]
        return ", ".join(f"information_schema.{view}" for view in views)


def _absent(grants: Grants) -> TargetProblem:
    """What a name that is not listed means: nothing there, or nothing shown."""
    if grants.prove_all_databases():
        return problem(Code.DATABASE_NOT_FOUND)
    return _denied("SHOW DATABASES")


def _denied(privilege: str) -> TargetProblem:
    return problem(
        Code.TARGET_PERMISSION_DENIED,
        said("The account sees nothing of this database, which does not mean that it is empty."),
        hint=said("Grant %(privilege)s on *.* to the account.", privilege=privilege),
    )
