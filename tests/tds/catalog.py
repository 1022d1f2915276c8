"""The catalogs of one SQL Server instance, as tables in a PostgreSQL database of its own.

What is true stands in the schema `truth`; the schema `sys` shows of it what the session's login may
see of the database that it is in, as SQL Server does: silently less, for who has fewer permissions.
"""

from collections.abc import Iterator

from tests.tds.views import OF_DATABASE, OF_SERVER, SQL_TYPES, columns_of

SESSION = """
    CREATE SCHEMA truth;
    CREATE SCHEMA sys;
    CREATE SCHEMA sys_of_tempdb;
    CREATE TABLE truth.login (name text PRIMARY KEY, password text NOT NULL, refusal integer);
    CREATE TABLE truth.permission (login text NOT NULL, name text NOT NULL, UNIQUE (login, name));
    CREATE TABLE truth.member (login text, database_id integer, role text NOT NULL);

    CREATE FUNCTION truth.me() RETURNS text LANGUAGE sql STABLE
        RETURN current_setting('tds.login');
    CREATE FUNCTION truth.here() RETURNS integer LANGUAGE sql STABLE
        RETURN current_setting('tds.database_id')::integer;
    CREATE FUNCTION truth.has(VARIADIC names text[]) RETURNS boolean LANGUAGE sql STABLE
        RETURN EXISTS (SELECT FROM truth.permission
                        WHERE login = truth.me()
                          AND name = ANY (names || ARRAY['CONTROL SERVER', 'sysadmin']));
    CREATE FUNCTION truth.is_member(id integer) RETURNS boolean LANGUAGE sql STABLE
        RETURN EXISTS (SELECT FROM truth.member
                        WHERE login = truth.me() AND database_id = id);
    CREATE FUNCTION truth.may_enter(id integer) RETURNS boolean LANGUAGE sql STABLE
        RETURN id <= 2 OR truth.is_member(id) OR truth.has('CONNECT ANY DATABASE');
    CREATE FUNCTION truth.sees_definitions() RETURNS boolean LANGUAGE sql STABLE
        RETURN truth.has('VIEW ANY DEFINITION');

    CREATE FUNCTION global_version() RETURNS text LANGUAGE sql STABLE
        RETURN 'Microsoft SQL Server (a stand-in) - ' || current_setting('tds.version');
    CREATE FUNCTION global_spid() RETURNS integer LANGUAGE sql STABLE
        RETURN current_setting('tds.session')::integer;
    CREATE FUNCTION serverproperty(name text) RETURNS text LANGUAGE sql STABLE
        RETURN CASE name WHEN 'ProductVersion' THEN current_setting('tds.version') END;
    CREATE FUNCTION is_one(boolean, integer) RETURNS boolean LANGUAGE sql IMMUTABLE
        RETURN $1::integer = $2;
    CREATE OPERATOR = (LEFTARG = boolean, RIGHTARG = integer, FUNCTION = is_one);
"""
FUNCTIONS = """
    CREATE FUNCTION db_name() RETURNS text LANGUAGE sql STABLE
        RETURN (SELECT name FROM truth.databases WHERE database_id = truth.here());
    CREATE FUNCTION has_dbaccess(wanted text) RETURNS integer LANGUAGE sql STABLE
        RETURN (SELECT (truth.may_enter(database_id) AND state_desc = 'ONLINE')::integer
                  FROM truth.databases WHERE name = wanted);
    CREATE FUNCTION has_perms_by_name(securable text, class text, wanted text) RETURNS integer
        LANGUAGE sql STABLE
        RETURN CASE
            WHEN NOT EXISTS (SELECT FROM truth.known_permission WHERE name = wanted) THEN NULL
            WHEN class IS NULL THEN truth.has(wanted)::integer
            WHEN wanted = 'VIEW DEFINITION' THEN truth.sees_definitions()::integer
            WHEN wanted IN ('VIEW DATABASE STATE', 'VIEW DATABASE PERFORMANCE STATE')
                THEN truth.has('VIEW SERVER STATE', 'VIEW SERVER PERFORMANCE STATE')::integer
            WHEN wanted = 'SELECT'
                THEN (truth.has('SELECT ALL USER SECURABLES')
                      OR EXISTS (SELECT FROM truth.member
                                  WHERE login = truth.me() AND database_id = truth.here()
                                    AND role IN ('db_datareader', 'db_owner')))::integer
            ELSE 0 END;
"""
KNOWN = (
    "ALTER ANY DATABASE",
    "VIEW ANY DATABASE",
    "VIEW ANY DEFINITION",
    "CONNECT ANY DATABASE",
    "VIEW SERVER STATE",
    "CONTROL SERVER",
    "SELECT ALL USER SECURABLES",
    "VIEW DEFINITION",
    "VIEW DATABASE STATE",
    "SELECT",
)
KNOWN_SINCE_2022 = ("VIEW SERVER PERFORMANCE STATE", "VIEW DATABASE PERFORMANCE STATE")
# What of a view's rows a login sees; where nothing stands, all of them.
SHOWN = {
    "databases": "truth.has('ALTER ANY DATABASE') OR database_id IN (1, 2)"
    " OR (truth.has('VIEW ANY DATABASE') OR truth.is_member(database_id))"
    " AND state_desc <> 'OFFLINE'",
    "master_files": "truth.sees_definitions() OR database_id = truth.here()",
    "availability_replicas": "truth.sees_definitions()",
    "objects": "truth.sees_definitions() OR type IN ('S', 'IT')",
    "tables": "truth.sees_definitions()",
    "internal_tables": "truth.sees_definitions()",
    "indexes": "truth.sees_definitions()",
}
# Who may not, gets an error instead of rows: of a database, or of the server.
DATABASE_STATE = frozenset(
    {
        "sys.dm_db_partition_stats",
        "sys.dm_db_file_space_usage",
        "sys.dm_db_xtp_table_memory_stats",
    }
)
SERVER_STATE = frozenset({"sys.dm_hadr_availability_replica_states"})


def definitions(version: int) -> Iterator[str]:
    """What makes the catalogs of a major version, statement by statement."""
    yield SESSION
    for view in OF_SERVER:
        yield from _view(view, version, of_database=False)
    for view in OF_DATABASE:
        yield from _view(view, version, of_database=True)
    yield FUNCTIONS.replace("truth.known_permission", _known(version))


def _known(version: int) -> str:
    names = KNOWN + (KNOWN_SINCE_2022 if version >= 16 else ())
    listed = ", ".join(f"('{name}')" for name in names)
    return f"(VALUES {listed}) AS known (name)"


def _view(view: str, version: int, *, of_database: bool) -> Iterator[str]:
    name = view.removeprefix("sys.")
    columns = dict(columns_of(view, version))
    made = [f"{column} {SQL_TYPES[type_]}" for column, type_ in columns.items()]
    hidden = of_database and "database_id" not in columns
    if hidden:
        made.insert(0, "database_id integer NOT NULL")
    yield f"CREATE TABLE truth.{name} ({', '.join(made)})"
    shown = SHOWN.get(name, "true")
    here = "database_id = truth.here()" if of_database else "true"
    selected = f"SELECT {', '.join(columns)} FROM truth.{name}"
    yield f"CREATE VIEW sys.{name} AS {selected} WHERE {here} AND ({shown})"
    if name == "database_files":
        yield f"CREATE VIEW sys_of_tempdb.{name} AS {selected} WHERE database_id = 2"
