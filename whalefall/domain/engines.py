"""The registry of database engines: the only place, beside adapters/, that tells them apart."""

from dataclasses import dataclass
from typing import NewType

Engine = NewType("Engine", str)  # a key of ENGINES; open, so that a package or a test can add one


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """What people call an engine, and what an instance of it needs."""

    label: str
    badge: str  # two letters, for chips
    default_port: int
    default_database: str  # where a session begins when the instance names none
    schema_per_database: bool = False  # a database is a schema: one connection sees all tables
    aliases: tuple[str, ...] = ()  # what people write instead of its name


ENGINES: dict[Engine, EngineKind] = {
    Engine("MYSQL"): EngineKind(
        label="MySQL",
        badge="MY",
        default_port=3306,
        default_database="",
        schema_per_database=True,
        aliases=("MARIADB",),
    ),
    Engine("POSTGRESQL"): EngineKind(
        label="PostgreSQL",
        badge="PG",
        default_port=5432,
        default_database="postgres",
        aliases=("POSTGRES", "PG"),
    ),
    Engine("SQLSERVER"): EngineKind(
        label="SQL Server",
        badge="MS",
        default_port=1433,
        default_database="master",
        aliases=("MSSQL", "SQL SERVER"),
    ),
    Engine("ORACLE"): EngineKind(
        label="Oracle",
        badge="OR",
        default_port=1521,
        default_database="ORCL",
        schema_per_database=True,
    ),
}


def engine_named(text: str) -> Engine:
    """The engine a caller wrote, in any case or by an alias. Raises KeyError for an unknown one."""
    wanted = text.strip().upper()
    if wanted in ENGINES:
        return Engine(wanted)
    for engine, kind in ENGINES.items():
        if wanted in kind.aliases:
            return engine
    raise KeyError(text)
