"""The registry of database engines: the only place, beside adapters/, that tells them apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType

from whalefall.errors import said

Engine = NewType("Engine", str)  # a key of ENGINES; open, so that a package or a test can add one


@dataclass(frozen=True, kw_only=True)
class EngineOption:
    """A choice that only instances of one engine have: its values with what they are called."""

    label: str
    choices: Mapping[str, str]
    default: str
    help: str


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """What people call an engine, and what an instance of it needs."""

    label: str
    badge: str  # two letters, for chips
    default_port: int
    default_database: str  # where a session begins when the instance names none
    database_label: str = said("First database")  # what that is called
    aliases: tuple[str, ...] = ()  # what people write instead of its name
    options: Mapping[str, EngineOption] = field(default_factory=dict)


ENGINES: dict[Engine, EngineKind] = {
    Engine("MYSQL"): EngineKind(
        label="MySQL, MariaDB",
        badge="MY",
        default_port=3306,
        default_database="",
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
        options={
            "application_intent": EngineOption(
                label=said("Application intent"),
                choices={"READ_WRITE": said("Read and write"), "READ_ONLY": said("Read only")},
                default="READ_WRITE",
                help=said("A readable secondary of an availability group may ask for read only."),
            )
        },
    ),
    Engine("ORACLE"): EngineKind(
        label="Oracle",
        badge="OR",
        default_port=1521,
        default_database="ORCL",
        database_label=said("Service name"),
        options={
            "name_kind": EngineOption(
                label=said("The name is"),
                choices={"SERVICE_NAME": said("a service name"), "SID": said("a SID")},
                default="SERVICE_NAME",
                help=said("Servers without service names are reached by their SID."),
            )
        },
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
