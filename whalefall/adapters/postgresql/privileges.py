"""What the collecting account needs on a PostgreSQL server, what it lacks, what it has too much.

Catalogs and ACLs are read, no row of a user's table ever is. What a role may do by membership is
asked with USAGE: rights that it would have to SET ROLE for do not help the collector.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from whalefall.adapters.postgresql.sql import quoted, text
from whalefall.adapters.postgresql.tables import Fetch
from whalefall.domain.privileges import AccountScript, Feature, PrivilegeCheck, PrivilegeState
from whalefall.errors import Code, TargetProblem

STATISTICS = "pg_read_all_stats"
NAMED = 50  # objects of a kind; the rest is counted
NEEDED: dict[Feature, tuple[str, ...]] = {  # on every version from 10 on
    Feature.INVENTORY: ("LOGIN",),
    Feature.DATABASE_SIZES: (STATISTICS,),
    Feature.TABLE_SIZES: ("CONNECT ON DATABASE",),
    Feature.DATA_CLOSED: (),
}
# Each opens user data in one way or another; roles that a version does not have are not listed.
OPENING_ROLES = ("pg_read_all_data", "pg_read_server_files", "pg_execute_server_program")
DATABASES = """
    SELECT namesend(datname) AS name,
           datallowconn AND datconnlimit <> -2
           AND NOT has_database_privilege(oid, 'CONNECT')  AS is_shut,
           NOT has_database_privilege(oid, 'CONNECT')
           AND NOT pg_has_role('pg_read_all_stats', 'USAGE') AS is_unsized
      FROM pg_database
     WHERE NOT datistemplate AND NOT datname = ANY ($1::name[])
     ORDER BY datname
"""
ROLES = """
    SELECT rolname AS name, rolsuper AS is_super
      FROM pg_roles
     WHERE (rolname = current_user AND rolsuper)
        OR (rolname = ANY ($1::name[]) AND pg_has_role(oid, 'USAGE'))
     ORDER BY rolname
"""
# The schema must be open too, or the right to its table is of no use.
OPEN_TABLES = f"""
    SELECT namesend(n.nspname) AS schema_name, namesend(c.relname) AS table_name
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f')
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND has_schema_privilege(n.oid, 'USAGE')
       AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
     ORDER BY n.nspname, c.relname
     LIMIT {NAMED + 1}
"""  # noqa: S608 (a number of ours)


@dataclass(frozen=True)
class _Probe:
    """What a probe found; None in the place of either: it could not be made."""

    missing: list[str] | None = None
    excess: list[str] | None = None


async def check_privileges(fetch: Fetch, providers: Sequence[str]) -> list[PrivilegeCheck]:
    """One check a feature. TABLE_SIZES speaks of all databases, DATA_CLOSED of tables only in the
    one that the session is in."""
    databases = await _databases(fetch, providers)
    unsized = _missing(databases, "is_unsized", [STATISTICS])
    shut = None if databases is None else _shut(databases)
    return [
        _check(Feature.INVENTORY, "pg_database", None if databases is None else []),
        _check(Feature.DATABASE_SIZES, "has_database_privilege, pg_has_role", unsized),
        _check(Feature.TABLE_SIZES, "has_database_privilege", shut),
        await _data_closed(fetch),
    ]


def account_script(username: str, databases: Sequence[str]) -> AccountScript:
    """CONNECT is granted by name, as PUBLIC often has lost it."""
    role = quoted(username)
    connect = [f"GRANT CONNECT ON DATABASE {quoted(name)} TO {role};" for name in databases]
    revoke = [f"REVOKE CONNECT ON DATABASE {quoted(name)} FROM {role};" for name in databases]
    create = [
        "-- The account, with a password of your choice.",
        f"CREATE ROLE {role} LOGIN PASSWORD '<password>';",
        "-- The sizes of all databases.",
        f"GRANT {STATISTICS} TO {role};",
        "-- The sizes of their tables; no row can be read with it.",
        *connect,
    ]
    return AccountScript(
        create="\n".join(create),
        drop="\n".join([*revoke, f"REVOKE {STATISTICS} FROM {role};", f"DROP ROLE {role};"]),
    )


async def _databases(fetch: Fetch, providers: Sequence[str]) -> list[asyncpg.Record] | None:
    return await _asked(fetch, DATABASES, list(providers))


async def _asked(fetch: Fetch, statement: str, *values: object) -> list[asyncpg.Record] | None:
    """The rows, or None where the server refuses to say; a server that is gone raises."""
    try:
        return await fetch(statement, *values)
    except TargetProblem as problem:
        if problem.problem_code in (Code.TARGET_PERMISSION_DENIED, Code.DATABASE_QUERY_ERROR):
            return None
        raise


def _missing(
    databases: list[asyncpg.Record] | None, column: str, grants: list[str]
) -> list[str] | None:
    if databases is None:
        return None
    return grants if any(row[column] for row in databases) else []


def _shut(databases: list[asyncpg.Record]) -> list[str]:
    names = [text(row["name"]) for row in databases if row["is_shut"]]
    return _named([f"CONNECT ON DATABASE {quoted(name)}" for name in names])


def _named(grants: list[str]) -> list[str]:
    """As many as people read."""
    rest = len(grants) - NAMED
    return grants if rest <= 0 else [*grants[:NAMED], f"… +{rest}"]


async def _data_closed(fetch: Fetch) -> PrivilegeCheck:
    roles = await _asked(fetch, ROLES, list(OPENING_ROLES))
    tables = await _asked(fetch, OPEN_TABLES)
    excess: list[str] | None = None
    if roles is not None and tables is not None:
        is_super = any(row["is_super"] for row in roles)  # and with it in every role
        excess = ["SUPERUSER"] if is_super else [row["name"] for row in roles]
        excess = excess or _tables(tables)
    return _check(Feature.DATA_CLOSED, "pg_roles, pg_class", [], excess=excess, has_excess=True)


def _tables(rows: list[asyncpg.Record]) -> list[str]:
    names = [
        f"SELECT ON {quoted(text(row['schema_name']))}.{quoted(text(row['table_name']))}"
        for row in rows
    ]
    return names if len(names) <= NAMED else [*names[:NAMED], "…"]


def _check(
    feature: Feature,
    probe: str,
    missing: list[str] | None,
    *,
    excess: list[str] | None = None,
    has_excess: bool = False,
) -> PrivilegeCheck:
    state = PrivilegeState.OK
    if missing is None or (has_excess and excess is None):
        state = PrivilegeState.UNKNOWN
    elif missing:
        state = PrivilegeState.MISSING
    elif excess:
        state = PrivilegeState.OVER_PRIVILEGED
    return PrivilegeCheck(
        feature=feature,
        state=state,
        probe=probe,
        needed=list(NEEDED[feature]),
        missing=missing or [],
        excess=excess or [],
    )
