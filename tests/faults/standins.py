"""The same faults on what stands in for SQL Server and Oracle.

SQL Server's driver speaks to a server of ours through the proxy. Oracle's speaks to sockets that
are silent, shut or of another protocol (F01 to F04, F07); the rest is done at the cursor's seam,
and says so in its name. What is not made here, and why:

- F05, F06, F08, F09, F10 of Oracle: they are about bytes, and no bytes pass the seam; at a row, a
  cursor can break off (F05) or hang (F06).
- F12 on Oracle beside locked and expired, F15 renamed: there is no other way to refuse or rename.
- F22, F23 as processes: a stand-in that is killed is this test; connections break, logins are
  refused as during a shutdown.
- F24: a standby says nothing else, and we never write.
- F29: neither protocol lets a server ask for a file.
- F28 needs no server: the address is refused before one is asked.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.faults.cases import (
    ADDRESSES,
    BRIEF,
    CROWDED,
    DENIED,
    FORBIDDEN,
    GONE,
    LATE,
    NOT_OURS,
    POSTGRESQL,
    REFUSED,
    SLOWLY,
    UNREACHED,
    Case,
    a_case,
)
from tests.faults.causes import (
    cut,
    drop_shop,
    drop_tables,
    fault,
    give_hostile_names,
    leads_to,
    leads_to_rogue,
    moved_to,
)
from tests.faults.disturbing import (
    by_socket,
    crowd,
    disturbed,
    drop_all_tables,
    falling_silent,
    meanwhile,
    refuse,
    revoke_all,
)
from tests.faults.proxy import Fault
from tests.faults.scene import CAPACITY, OK, PARTLY, TABLES
from whalefall.errors import Code

SQLSERVER, ORACLE = "sqlserver", "oracle"
VIEWS = {
    SQLSERVER: {CAPACITY: "sys.master_files", TABLES: "sys.objects"},
    ORACLE: {CAPACITY: "data_files", TABLES: "segments"},
}
SSH = fault(Fault.BANNER, banner=b"SSH-2.0-OpenSSH_9.2\r\n")
FAILED = Code.DATABASE_QUERY_ERROR.value


def _bytes() -> Iterator[Case]:
    """What happens to the bytes on their way to SQL Server's driver."""
    on: dict[str, Any] = {"on": SQLSERVER}
    yield a_case("F01", "down", UNREACHED, fault(Fault.REFUSE), within=1, **on)
    yield a_case("F02", "accepts, then hangs", LATE, fault(Fault.BLACKHOLE), within=12.5, **on)
    yield a_case("F03", "closes at once", UNREACHED, fault(Fault.ACCEPT_CLOSE), within=1, **on)
    yield a_case("F03", "resets at once", UNREACHED, fault(Fault.RESET), within=1, **on)
    for name, deed in (
        ("speaks SSH", SSH),
        ("is a PostgreSQL", leads_to(POSTGRESQL)),
        ("is a Valkey", leads_to("valkey")),
    ):
        yield a_case("F04", name, NOT_OURS, deed, **on, **BRIEF)
    for part in (0.2, 0.5, 0.7, 0.9):
        yield a_case("F05", f"reset at {part:.0%}", UNREACHED, cut(Fault.LIMIT, part), **on)
        yield a_case("F05", f"ended at {part:.0%}", UNREACHED, cut(Fault.FIN, part), **on)
    yield a_case("F06", "freezes in mid-answer", LATE, cut(Fault.STALL, 0.8), **on, **BRIEF)
    yield a_case("F07", "freezes before an answer", LATE, cut(Fault.STALL, 0.1), **on, **BRIEF)
    for part in (0.2, 0.4, 0.5, 0.6, 0.8, 0.95):
        name, garbled = f"corrupt from {part:.0%}", (UNREACHED, LATE, FAILED)
        yield a_case("F08", name, garbled, cut(Fault.CORRUPT, part), **on, **BRIEF)
    yield a_case("F09", "latency of 50 ms", OK, SLOWLY, stays=True, **on)
    yield a_case("F09", "10 kB a second", OK, fault(Fault.RATE, rate=10_000), stays=True, **on)
    yield a_case("F09", "crumbs of 7 bytes", OK, fault(Fault.SLICE), stays=True, **on)
    yield a_case("F10", "every second one reset", UNREACHED, fault(Fault.EVERY), stays=True, **on)


def _sockets() -> Iterator[Case]:
    """What Oracle's driver finds at the other end of a socket."""
    silent = leads_to_rogue(falling_silent)
    for id, name, endings, deed, rest in (
        ("F01", "down", UNREACHED, fault(Fault.REFUSE), {"within": 1}),
        ("F02", "accepts, then hangs", LATE, fault(Fault.BLACKHOLE), {"within": 12.5}),
        ("F03", "closes at once", UNREACHED, fault(Fault.ACCEPT_CLOSE), {"within": 1}),
        ("F03", "resets at once", UNREACHED, fault(Fault.RESET), {"within": 1}),
        ("F04", "speaks SSH", NOT_OURS, SSH, BRIEF),
        ("F04", "is a PostgreSQL", NOT_OURS, leads_to(POSTGRESQL), BRIEF),
        ("F04", "is a Valkey", NOT_OURS, leads_to("valkey"), BRIEF),
        ("F07", "freezes before an answer", LATE, silent, BRIEF),
    ):
        yield a_case(id, f"{name}, socket", endings, by_socket(deed), on=ORACLE, **rest)


def _conversation(engine: str) -> Iterator[Case]:
    """What is said and done in a session, whatever carries it."""
    views = VIEWS[engine]
    refusals: dict[str, dict[str, int | str]] = {
        SQLSERVER: {"disabled": 18470, "locked": 18486, "expired": 18487, "to change": 18488},
        ORACLE: {"locked": "ORA-28000: is locked", "expired": "ORA-28001: has expired"},
    }
    yield a_case("F11", "wrong password", REFUSED, refuse(None), connections=1)
    for name, number in refusals[engine].items():
        yield a_case("F12", name, REFUSED, refuse(number), connections=1)
    for id, is_first in (("F13", True), ("F14", False)):
        when = "from the first" if is_first else "any more"
        partly = f"{PARTLY} {DENIED}"
        yield a_case(id, f"no grants {when}", DENIED, revoke_all, of=TABLES, is_first=is_first)
        yield a_case(id, f"no grants {when}", partly, revoke_all, of=CAPACITY, is_first=is_first)
    yield a_case("F15", "database dropped", GONE, drop_shop, of=TABLES)
    yield a_case("F15", "database dropped", OK, drop_shop, of=CAPACITY)
    meanwhile_dropped = meanwhile(views[TABLES], drop_all_tables)
    yield a_case("F16", "tables dropped while read", OK, meanwhile_dropped, of=TABLES)
    yield a_case("F18", "no tables", OK, drop_tables)
    yield a_case("F19", "hostile names", OK, give_hostile_names, stays=True)
    yield a_case("F21", "server's limit", CROWDED, crowd, connections=1)
    for operation, view in views.items():
        of: dict[str, Any] = {"of": operation}
        locked = {"number": 1222} if engine == SQLSERVER else {"error": "ORA-00054: resource busy"}
        yield a_case("F20", "locked", LATE, disturbed(view, at_row=0, **locked), **of)
        yield a_case("F20", "a statement hangs", LATE, disturbed(view, hangs=True), **of, **BRIEF)
        yield a_case("F22", "breaks off at a row", UNREACHED, disturbed(view, at_row=1), **of)
        stopping = (
            {"number": 6005} if engine == SQLSERVER else {"error": "ORA-01089: shutting down"}
        )
        yield a_case("F23", "shutting down", UNREACHED, disturbed(view, at_row=0, **stopping), **of)
    for host, port in ADDRESSES:
        name = f"moved to {host}:{port or 'nobody'}"
        yield a_case("F28", name, FORBIDDEN, moved_to(host, port), connections=0, within=1)


def _on(engine: str, cases: Iterator[Case]) -> Iterator[Case]:
    place = ", seam" if engine == ORACLE else ""
    for case in cases:
        yield replace(case, engines=(engine,), name=f"{case.name}{place}")


STANDIN_CASES = (
    *_bytes(),
    *_sockets(),
    *_on(SQLSERVER, _conversation(SQLSERVER)),
    *_on(ORACLE, _conversation(ORACLE)),
)
