"""The domain's closed sets as GraphQL enums, with what the API says of each value."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from whalefall.auth import Permission, Role
from whalefall.domain import states
from whalefall.domain.engines import ENGINES, Engine
from whalefall.domain.facts import Quality, SkipReason, TableKind
from whalefall.domain.ids import GlobalId
from whalefall.domain.paging import Direction
from whalefall.domain.privileges import Feature, PrivilegeState
from whalefall.domain.reconciliation import BucketKind
from whalefall.domain.tls import TlsMode
from whalefall.errors import CATALOGUE, Code
from whalefall.schema.codes import MEANINGS
from whalefall.schema.scalars import JsonObject

EnumType = TypeVar("EnumType", bound=type[StrEnum])


def describe(
    enum: EnumType, description: str, values: Mapping[str, str], *, name: str | None = None
) -> EnumType:
    """Make an enum a GraphQL enum. Raises KeyError for a value that nobody has described."""
    strawberry.enum(enum, name=name, description=description)
    definition: StrawberryEnumDefinition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
    return enum


def engine_enum() -> Any:
    """The registry's engines as they are now: a test or a package may have added one."""
    members: dict[str, str] = {name: name for name in ENGINES}
    names: type[StrEnum] = StrEnum("Engine", members)  # type: ignore[misc]
    labels: dict[str, str] = {name: f"{kind.label}." for name, kind in ENGINES.items()}
    return describe(names, "A kind of database server.", labels)


ENGINE = engine_enum()
TYPES: Mapping[Any, Any] = {  # annotations of rows that GraphQL knows otherwise
    Engine: ENGINE,
    GlobalId: strawberry.ID,
    dict[str, Any]: JsonObject,
}


def refresh_engines() -> None:
    """Take over what was registered since this module was imported."""
    definition, current = ENGINE.__strawberry_definition__, engine_enum().__strawberry_definition__
    definition.wrapped_cls, definition.values = current.wrapped_cls, current.values


def _meaning(code: Code) -> str:
    again = " Trying again can help." if CATALOGUE[code].retryable else ""
    return f"{MEANINGS[code]}{again}"


describe(
    Code,
    "What went wrong, for programs. The set is closed.",
    {code: _meaning(code) for code in Code},
    name="ErrorCode",
)
describe(
    Direction,
    "The direction of an order; nulls come last in both.",
    {"ASC": "Smallest first.", "DESC": "Largest first."},
)
describe(
    Role,
    "What a person may do.",
    {
        "VIEWER": "Looks at everything but secrets.",
        "OPERATOR": "Also updates, collects and refreshes.",
        "ADMIN": "May do everything.",
    },
)
describe(
    Permission,
    "A right: what an operation asks for, and what an API token can be narrowed to.",
    {
        "VIEW": "To read everything but secrets.",
        "UPDATE": "To change what is there.",
        "EXECUTE": "To collect, to refresh and to test connections.",
        "CREATE": "To add instances, credentials and tags.",
        "DELETE": "To remove them.",
        "ADMIN": "To administer users, logs, schedules and keys, and to stop sync sessions.",
    },
)
describe(
    Quality,
    "How far a number can be trusted.",
    {
        "EXACT": "The server said so.",
        "ESTIMATED": "The server's own estimate.",
        "PARTIAL": "A part could not be read: the true number is larger.",
        "STALE": "From an earlier collection; the last one could not read it.",
        "UNAVAILABLE": "Not known; the number is null.",
    },
)
describe(
    SkipReason,
    "Why something was not read.",
    {
        "PERMISSION": "The account lacks a grant.",
        "LOCKED": "Another session held a lock.",
        "NOT_CONNECTABLE": "The database allows no connections.",
        "OFFLINE": "The database is offline or not open.",
        "DROPPED": "It vanished while it was read.",
        "TIMEOUT": "The server took too long.",
        "UNSUPPORTED": "The engine cannot tell.",
        "EXCLUDED": "Left out on purpose.",
        "NOT_COLLECTED": "No collection has reached it yet.",
    },
)
describe(
    TableKind,
    "What kind of object takes the space.",
    {
        "TABLE": "An ordinary table.",
        "PARTITIONED_TABLE": "A table with its partitions.",
        "MATERIALIZED_VIEW": "A materialized view.",
        "SEQUENCE": "A sequence.",
        "INDEXED_VIEW": "An indexed view.",
        "MEMORY_OPTIMIZED": "A memory-optimized table.",
        "CLUSTER": "A cluster with its tables.",
        "INDEX_ORGANIZED": "An index-organized table.",
        "OTHER": "Anything else that takes space.",
    },
)
describe(
    BucketKind,
    "What a part of a database's space is for.",
    {
        "DATA": "Rows of tables; with their large objects where the engine does not tell them"
        " apart.",
        "LOB": "Large objects.",
        "INDEX": "Indexes.",
        "FULL_TEXT": "Full-text indexes.",
        "MEMORY_OPTIMIZED": "Checkpoint files of tables that live in memory.",
        "CATALOG": "What the engine keeps about the database.",
        "TEMP": "Temporary objects, of any session.",
        "LOG": "Transaction logs.",
        "UNDO": "Undo.",
        "RECYCLE_BIN": "Dropped objects that can be restored.",
        "SHARED": "Objects whose space lies in files of several databases.",
        "FREE": "Free inside of the files.",
        "UNATTRIBUTED": "What nothing else explains.",
    },
)
describe(
    Feature,
    "What an instance's account is for.",
    {
        "INVENTORY": "To list every database of the server.",
        "DATABASE_SIZES": "To tell the size of each.",
        "TABLE_SIZES": "To tell the sizes of their tables.",
        "DATA_CLOSED": "Not to be able to read a row of user data.",
    },
    name="PrivilegeFeature",
)
describe(
    PrivilegeState,
    "How an account stands to a feature.",
    {
        "OK": "It has what is needed, and no more.",
        "MISSING": "It lacks a grant.",
        "OVER_PRIVILEGED": "It can read user data, which nothing here needs.",
        "UNKNOWN": "The server would not say.",
    },
)
describe(
    TlsMode,
    "How a connection to a server is protected.",
    {
        "DISABLE": "Never encrypted.",
        "PREFER": "Encrypted if the server can.",
        "REQUIRE": "Always encrypted; the certificate is not checked.",
        "VERIFY_CA": "Encrypted, and the certificate's authority is checked.",
        "VERIFY_FULL": "Encrypted, and authority and name are checked.",
    },
)
describe(
    states.InstanceStatus,
    "Where an instance stands.",
    {
        "ACTIVE": "Collected.",
        "INACTIVE": "Kept but not collected.",
        "DELETED": "In the recycle bin.",
    },
)
describe(
    states.DeletedFilter,
    "What a list does with instances in the recycle bin.",
    {"EXCLUDE": "Leaves them out.", "INCLUDE": "Shows them too.", "ONLY": "Shows nothing else."},
)
describe(
    states.ConnectionState,
    "What the last connections to an instance said.",
    {
        "UNKNOWN": "Never tried.",
        "GOOD": "The last one succeeded, and not long ago.",
        "STALE": "The last one succeeded, but long ago.",
        "FAILED": "The last one failed.",
    },
)
describe(
    states.DatabaseState,
    "What is known of a database.",
    {
        "READ": "It is there, and its size was read when last asked for.",
        "UNREADABLE": "It is there, but the last reading got no size: what is shown may be old.",
        "NOT_COLLECTED": "It is there, but nobody asked for its size yet.",
        "GONE": "A complete reading no longer found it.",
    },
)
describe(
    states.Freshness,
    "The age of a database's size.",
    {
        "FRESH": "No older than the schedule lets it become: 26 hours for a daily one.",
        "LATE": "One collection was missed: 50 hours for a daily one.",
        "OVERDUE": "Older.",
        "NEVER": "There is no size yet.",
    },
)
describe(
    states.SnapshotStatus,
    "The state of a database's table sizes.",
    {
        "READY": "Complete and shown.",
        "REFRESHING": "Being read again; the old ones are shown meanwhile.",
        "FAILED": "The last attempt failed; the old ones are shown.",
    },
)
describe(
    states.CredentialType,
    "What a credential opens.",
    {
        "DATABASE": "A database server.",
        "SSH": "A host over SSH.",
        "WINDOWS": "A Windows host.",
        "API": "An HTTP API.",
        "LDAP": "A directory.",
    },
)
describe(
    states.SyncCategory,
    "What a sync session does.",
    {
        "CAPACITY": "Reads the inventory of databases and their sizes.",
        "TABLE_SIZES": "Reads the tables of one database.",
        "ACCOUNTS": "Reads accounts and their grants.",
        "AGGREGATION": "Sums sizes up by period.",
        "CLASSIFICATION": "Applies classification rules.",
        "CONNECTION": "Tests connections.",
        "MAINTENANCE": "Keeps WhaleFall's own tables in order.",
    },
)
describe(
    states.SyncTrigger,
    "What set a sync session off.",
    {
        "MANUAL": "A person, in a page.",
        "SCHEDULED": "The scheduler.",
        "API": "A GraphQL mutation.",
    },
)
describe(
    states.SyncStatus,
    "Where a session or a record stands.",
    {
        "PENDING": "Waiting for a worker.",
        "RUNNING": "A worker is at it.",
        "LOST": "Its worker went silent; runs again or fails. Records only, never final.",
        "COMPLETED": "Done.",
        "COMPLETED_WITH_ERRORS": "Done, but not all of it.",
        "FAILED": "Nothing of it was saved.",
        "CANCELLED": "Stopped on request.",
    },
)
