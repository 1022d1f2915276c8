"""The faults of customers' servers: how each is caused, and how a run may end under it.

F17, the large database, has a test of its own beside the table. What is not made here, and why:

- F08 as a flipped bit inside of a number: no client can see it; TCP's checksum and TLS can.
- F09 with loss and reordering: that is the kernel's to make (`tc netem`), and needs root.
- F13 on PostgreSQL as a role with nothing but CONNECT is no fault: catalogue and sizes are readable
  to everybody, so what is revoked is the size functions.
- F17 on MariaDB: 100,000 tables are as many files of 64 KiB, minutes and gigabytes; the
  large database is PostgreSQL's.
- F19 through GraphQL, pages and files: those doors have tests of their own over the same names.
- F20 on MariaDB as FLUSH TABLES WITH READ LOCK or LOCK TABLES: they do not hold readers of
  information_schema up; a table that is being made does.
- F23 on MariaDB with the door shut: while it stops it refuses or hangs up, which is F01 and F03.
- F21 on MariaDB as its max_connections: the administrator who mends it could not get in either.
- F25, F26, F27 (clock, TLS, names) belong to the adapters' and the resolvers' own tests.
- F28 after a name's rebinding: an address is resolved once and that one is dialled.
- F29 on PostgreSQL: its protocol has nothing of the kind outside of COPY, which we never send.
- MySQL itself: there is no embedded one; MariaDB stands for it.
- SQL Server and Oracle are stood in for: standins.py, which says what it leaves out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults import rogues
from tests.faults.causes import (
    Deed,
    answers_stop,
    crash_when_entered,
    crowd,
    cut,
    drop_shop,
    drop_shop_when_entered,
    drop_tables,
    drop_tables_when_entered,
    enter_from_elsewhere,
    fault,
    forbid_sizes,
    give_hostile_names,
    hold,
    leads_to,
    leads_to_rogue,
    make_a_table_slowly,
    moved_to,
    rename_shop,
    restart_when_entered,
    shut_the_door,
    sql,
)
from tests.faults.customers import TABLES as SHOP_TABLES
from tests.faults.proxy import Fault
from tests.faults.scene import CAPACITY, OK, PARTLY, TABLES
from whalefall.errors import Code

POSTGRESQL, MARIADB = "postgresql", "mariadb"
UNREACHED, LATE = Code.DATABASE_CONNECTION_ERROR.value, Code.DATABASE_TIMEOUT.value
DENIED, REFUSED = Code.TARGET_PERMISSION_DENIED.value, Code.AUTH_FAILED.value
GONE, CROWDED = Code.DATABASE_NOT_FOUND.value, Code.TOO_MANY_CONNECTIONS.value
FORBIDDEN = Code.TARGET_NOT_ALLOWED.value
NOT_OURS = (UNREACHED, LATE)  # who greets first differs, and who waits is waited for
SLOWLY = fault(Fault.LATENCY, seconds=0.05)
BRIEF: dict[str, Any] = {"seconds": 2, "within": 5}  # the run's own deadline is what ends it
NO_GRANTS = "REVOKE ALL PRIVILEGES, GRANT OPTION FROM {username}"
NO_ENTRY = ("REVOKE CONNECT ON DATABASE {shop} FROM PUBLIC", "REVOKE pg_monitor FROM {username}")
ADDRESSES = (  # host, port by the server that listens there; no name: nobody does
    ("127.0.0.1", "main"),
    ("127.0.0.1", "valkey"),
    ("127.0.0.1", ""),
    ("localhost", "main"),
    ("::1", "main"),
    ("::ffff:127.0.0.1", "main"),
    ("2130706433", "main"),
    ("0x7f000001", "main"),
    ("0177.0.0.1", "main"),
    ("0.0.0.0", "main"),
    ("169.254.169.254", ""),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault that is there `before` a run or comes `during` it, and the endings that are right.

    A run has `seconds`, and is over `within` some. The proxy hears of at most `connections`.
    `is_first`: nothing was collected before. `stays`: the next try succeeds with the fault there.
    `leaves_stale`: a number could not be renewed, which the row says.
    """

    id: str
    name: str
    endings: tuple[str, ...]
    before: Deed
    during: Deed | None = None
    engines: tuple[str, ...] = (POSTGRESQL, MARIADB)
    operations: tuple[str, ...] = (TABLES, CAPACITY)
    seconds: float = 20
    within: float = 20
    connections: int = 2
    is_first: bool = False
    stays: bool = False
    leaves_stale: bool = False


def a_case(
    id: str,
    name: str,
    endings: str | tuple[str, ...],
    before: Deed,
    during: Deed | None = None,
    *,
    on: str = "",
    of: str = "",
    **rest: Any,
) -> Case:
    if on:
        rest["engines"] = (on,)
    if of:
        rest["operations"] = (of,)
    right = (endings,) if isinstance(endings, str) else endings
    return Case(id=id, name=name, endings=right, before=before, during=during, **rest)


def _connection() -> Iterator[Case]:
    """The way to the server, and what stands at its end."""
    yield a_case("F01", "down", UNREACHED, fault(Fault.REFUSE), within=1)
    yield a_case("F02", "accepts, then hangs", LATE, fault(Fault.BLACKHOLE), within=11.5)
    yield a_case("F03", "closes at once", UNREACHED, fault(Fault.ACCEPT_CLOSE), within=1)
    yield a_case("F03", "resets at once", UNREACHED, fault(Fault.RESET), within=1)
    ssh = fault(Fault.BANNER, banner=b"SSH-2.0-OpenSSH_9.2\r\n")
    yield a_case("F04", "speaks SSH", NOT_OURS, ssh, **BRIEF)
    yield a_case("F04", "is a PostgreSQL", NOT_OURS, leads_to(POSTGRESQL), on=MARIADB, **BRIEF)
    yield a_case("F04", "is a MariaDB", NOT_OURS, leads_to(MARIADB), on=POSTGRESQL, **BRIEF)
    yield a_case("F04", "is a Valkey", NOT_OURS, leads_to("valkey"), **BRIEF)
    for part in (0.2, 0.5, 0.7, 0.9):
        yield a_case("F05", f"reset at {part:.0%}", UNREACHED, cut(Fault.LIMIT, part), within=3)
        yield a_case("F05", f"ended at {part:.0%}", UNREACHED, cut(Fault.FIN, part), within=3)
    yield a_case("F06", "freezes in mid-answer", LATE, cut(Fault.STALL, 0.8), **BRIEF)
    yield a_case("F07", "freezes before an answer", LATE, answers_stop, **BRIEF)
    garbled = (UNREACHED, LATE, Code.DATABASE_QUERY_ERROR.value)
    for part in (0.2, 0.4, 0.5, 0.6, 0.8, 0.95):
        yield a_case("F08", f"corrupt from {part:.0%}", garbled, cut(Fault.CORRUPT, part), **BRIEF)
    for operation, column in ((TABLES, b"lob_bytes"), (CAPACITY, b"size_bytes")):
        garbled_column = fault(Fault.GARBLE, word=column)
        name = "a column's name garbled"
        yield a_case("F08", name, UNREACHED, garbled_column, on=POSTGRESQL, of=operation)
    yield a_case("F09", "latency of 50 ms", OK, SLOWLY, stays=True)
    yield a_case("F09", "10 kB a second", OK, fault(Fault.RATE, rate=10_000), stays=True)
    yield a_case("F09", "1 kB a second", LATE, fault(Fault.RATE, rate=1_000), **BRIEF)
    yield a_case("F09", "crumbs of 7 bytes", OK, fault(Fault.SLICE), stays=True)
    yield a_case("F10", "every second one reset", UNREACHED, fault(Fault.EVERY), stays=True)


def _account() -> Iterator[Case]:
    """What our account may do, and no longer may."""
    for engine, name, statement in (
        (POSTGRESQL, "F11 wrong password", "ALTER ROLE {username} PASSWORD 'another'"),
        (MARIADB, "F11 wrong password", "ALTER USER {username} IDENTIFIED BY 'another'"),
        (POSTGRESQL, "F12 may not log in", "ALTER ROLE {username} NOLOGIN"),
        (POSTGRESQL, "F12 expired", "ALTER ROLE {username} VALID UNTIL 'yesterday'"),
        (MARIADB, "F12 locked", "ALTER USER {username} ACCOUNT LOCK"),
        (MARIADB, "F12 expired", "ALTER USER {username} PASSWORD EXPIRE"),
    ):
        yield a_case(name[:3], name[4:], REFUSED, sql(statement), on=engine, connections=1)
    partly = f"{PARTLY} {DENIED}"
    for number, is_first in (("F13", True), ("F14", False)):
        when = "from the first" if is_first else "any more"
        rest: dict[str, Any] = {"is_first": is_first}
        yield a_case(number, f"no sizes {when}", DENIED, forbid_sizes, on=POSTGRESQL, **rest)
        revoke = sql(NO_GRANTS)
        yield a_case(number, f"no grants {when}", DENIED, revoke, on=MARIADB, of=TABLES, **rest)
        yield a_case(number, f"no grants {when}", partly, revoke, on=MARIADB, of=CAPACITY, **rest)
        entry = sql(*NO_ENTRY)
        yield a_case(number, f"no entry {when}", DENIED, entry, on=POSTGRESQL, of=TABLES, **rest)
    rest = {"leaves_stale": True}
    yield a_case("F14", "no entry any more", OK, entry, on=POSTGRESQL, of=CAPACITY, **rest)
    for engine, name, deed in (
        (POSTGRESQL, "role's limit", sql("ALTER ROLE {username} CONNECTION LIMIT 0")),
        (POSTGRESQL, "server's limit", crowd),
        (MARIADB, "account's limit", enter_from_elsewhere),
    ):
        yield a_case("F21", name, CROWDED, deed, on=engine, connections=1)


def _contents() -> Iterator[Case]:
    """What the server holds, and what others do with it meanwhile."""
    yield a_case("F15", "database dropped", GONE, drop_shop, of=TABLES)
    yield a_case("F15", "database dropped", OK, drop_shop, of=CAPACITY)
    yield a_case("F15", "database renamed", GONE, rename_shop, of=TABLES)
    yield a_case("F15", "database renamed", OK, rename_shop, of=CAPACITY)
    meanwhile, name = drop_shop_when_entered, "database dropped while read"
    yield a_case("F15", name, (GONE, UNREACHED), SLOWLY, meanwhile, of=TABLES)
    yield a_case("F15", name, OK, SLOWLY, meanwhile, of=CAPACITY)
    yield a_case("F16", "tables dropped while read", OK, SLOWLY, drop_tables_when_entered)
    yield a_case("F18", "no tables", OK, drop_tables)
    yield a_case("F19", "hostile names", OK, give_hostile_names, stays=True)
    exclusively = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE"
    table, catalogue = (exclusively.format(one) for one in (SHOP_TABLES[0], "pg_inherits"))
    partly = f"{PARTLY} {Code.SYNC_DATA_ERROR}"
    yield a_case("F20", "a table locked", partly, hold(table), on=POSTGRESQL, of=TABLES)
    yield a_case("F20", "the catalogue locked", LATE, hold(catalogue), on=POSTGRESQL, of=TABLES)
    yield a_case("F20", "a table in the making", OK, make_a_table_slowly, on=MARIADB)
    yield a_case("F22", "killed while read", UNREACHED, SLOWLY, crash_when_entered)
    yield a_case("F23", "restarted while read", UNREACHED, SLOWLY, restart_when_entered)
    yield a_case("F23", "shutting down", UNREACHED, shut_the_door, on=POSTGRESQL)
    read_only = "ALTER ROLE {username} SET default_transaction_read_only = on"
    yield a_case("F24", "read-only", OK, sql(read_only), on=POSTGRESQL, stays=True)
    yield a_case("F24", "read-only", OK, sql("SET GLOBAL read_only = 1"), on=MARIADB, stays=True)


def _malice() -> Iterator[Case]:
    """Addresses that are none of a customer's, and servers that mean ill."""
    for host, port in ADDRESSES:
        name = f"moved to {host}:{port or 'nobody'}"
        yield a_case("F28", name, FORBIDDEN, moved_to(host, port), connections=0, within=1)
    thief, mysql, postgresql = map(
        leads_to_rogue, (rogues.thief, rogues.endless_mysql, rogues.endless_postgresql)
    )
    yield a_case("F29", "asks for a file of ours", UNREACHED, thief, on=MARIADB)
    yield a_case("F30", "answers for ever", UNREACHED, mysql, on=MARIADB)
    yield a_case("F30", "answers for ever", UNREACHED, postgresql, on=POSTGRESQL)


CASES = (*_connection(), *_account(), *_contents(), *_malice())
