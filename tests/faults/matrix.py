"""Eight faults on four engines in three readings: what each ends in, and why some cannot be made.

`python -m tests.faults.matrix` prints the table as it stands in README.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.faults.causes import (
    Deed,
    cut,
    drop_shop_when_entered,
    drop_tables_when_entered,
    fault,
    hold,
    make_a_table_slowly,
    sql,
)
from tests.faults.customers import TABLES as SHOP_TABLES
from tests.faults.disturbing import (
    disturbed,
    drop_all_tables,
    drop_grown,
    meanwhile,
    of_customer,
    revoked,
    shut,
)
from tests.faults.proxy import Fault
from tests.faults.scene import CAPACITY, OK, PARTLY, TABLES, Scene
from whalefall.errors import Code

POSTGRESQL, MARIADB, SQLSERVER, ORACLE = "postgresql", "mariadb", "sqlserver", "oracle"
ENGINES = {
    POSTGRESQL: "PostgreSQL",
    MARIADB: "MariaDB",
    SQLSERVER: "SQL Server, stand-in",
    ORACLE: "Oracle, at the seam",
}
READINGS = {"inventory": CAPACITY, "sizes": CAPACITY, "table sizes": TABLES}
FAULTS = (
    "no privilege",
    "revoked mid-run",
    "locked",
    "dropped during run",
    "offline or unreadable",
    "timeout at row k",
    "dropped connection",
    "empty answer",
)
DENIED, LATE = Code.TARGET_PERMISSION_DENIED.value, Code.DATABASE_TIMEOUT.value
UNREACHED, DOUBTED = Code.DATABASE_CONNECTION_ERROR.value, Code.SUSPICIOUS_EMPTY.value
INCOMPLETE, GONE = Code.SYNC_DATA_ERROR.value, Code.DATABASE_NOT_FOUND.value
FAILED = Code.DATABASE_QUERY_ERROR.value
SLOWLY = fault(Fault.LATENCY, seconds=0.05)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How the fault is made, and the ending that is right. `stale` rows keep their number and say
    so; a run has `seconds`."""

    ending: str | tuple[str, ...]
    before: Deed
    during: Deed | None = None
    stale: bool = False
    seconds: float = 20

    @property
    def endings(self) -> tuple[str, ...]:
        return (self.ending,) if isinstance(self.ending, str) else self.ending

    @property
    def text(self) -> str:
        words = " or ".join(f"`{one.removeprefix(f'{PARTLY} ')}`" for one in self.endings)
        kept = {OK: "complete", f"{OK}stale": "kept as stale"}
        if self.endings == (OK,):
            return kept[f"{OK}stale" if self.stale else OK]
        is_part = self.endings[0].startswith(PARTLY)
        return f"in part, {words}" if is_part else words


Entry = Cell | str  # or why there is none


async def nothing(scene: Scene) -> None:
    """The fault comes during the run."""


def revoke_when_entered(*statements: str) -> Deed:
    async def deed(scene: Scene) -> None:
        await scene.customer.somebody_is_there()
        await sql(*statements)(scene)

    return deed


def _cut(kind: Fault) -> Mapping[str, Cell]:
    """In the answer about databases, about sizes, about tables."""
    ending, seconds = (LATE, 2.0) if kind is Fault.STALL else (UNREACHED, 20.0)
    parts = {"inventory": 0.6, "sizes": 0.95, "table sizes": 0.8}
    return {
        reading: Cell(ending=ending, before=cut(kind, part), seconds=seconds)
        for reading, part in parts.items()
    }


def _postgresql() -> Mapping[str, Mapping[str, Entry]]:
    catalog = "the list of databases is open to everybody"
    entry = ("REVOKE CONNECT ON DATABASE {shop} FROM PUBLIC", "REVOKE pg_monitor FROM {username}")
    shut_it = "ALTER DATABASE {shop} WITH ALLOW_CONNECTIONS false"
    lock = f"LOCK TABLE {SHOP_TABLES[0]} IN ACCESS EXCLUSIVE MODE"
    no_lock = "a lock there keeps every login out"
    never = "a catalog of its own is never empty"
    return {
        "no privilege": {
            "inventory": catalog,
            "sizes": Cell(ending=OK, before=sql(*entry), stale=True),
            "table sizes": Cell(ending=DENIED, before=sql(*entry)),
        },
        "revoked mid-run": {
            "inventory": catalog,
            "sizes": Cell(ending=OK, before=SLOWLY, during=revoke_when_entered(*entry), stale=True),
            "table sizes": "who is in needs no privilege any more",
        },
        "locked": {
            "inventory": no_lock,
            "sizes": no_lock,
            "table sizes": Cell(ending=f"{PARTLY} {INCOMPLETE}", before=hold(lock)),
        },
        "dropped during run": {
            "inventory": Cell(ending=OK, before=SLOWLY, during=drop_shop_when_entered),
            "sizes": Cell(ending=OK, before=SLOWLY, during=drop_shop_when_entered),
            "table sizes": Cell(ending=OK, before=SLOWLY, during=drop_tables_when_entered),
        },
        "offline or unreadable": {
            "inventory": Cell(ending=OK, before=sql(shut_it)),
            "sizes": Cell(ending=OK, before=sql(shut_it)),
            "table sizes": Cell(ending=(DENIED, UNREACHED, FAILED), before=sql(shut_it)),
        },
        "timeout at row k": _cut(Fault.STALL),
        "dropped connection": _cut(Fault.LIMIT),
        "empty answer": dict.fromkeys(READINGS, never),
    }


def _mariadb() -> Mapping[str, Mapping[str, Entry]]:
    none = "REVOKE ALL PRIVILEGES, GRANT OPTION FROM {username}"
    later = "a session keeps the global privileges that it began with"
    partly = Cell(ending=f"{PARTLY} {DENIED}", before=sql(none))
    same = "is what no privilege looks like there"
    never = "a schema cannot be offline"
    making = Cell(ending=OK, before=make_a_table_slowly)
    return {
        "no privilege": {
            "inventory": partly,
            "sizes": partly,
            "table sizes": Cell(ending=DENIED, before=sql(none)),
        },
        "revoked mid-run": dict.fromkeys(READINGS, later),
        "locked": {
            "inventory": "no lock holds the list of schemas up",
            "sizes": making,
            "table sizes": making,
        },
        "dropped during run": {
            "inventory": Cell(ending=OK, before=SLOWLY, during=drop_shop_when_entered),
            "sizes": Cell(ending=OK, before=SLOWLY, during=drop_shop_when_entered),
            "table sizes": Cell(ending=OK, before=SLOWLY, during=drop_tables_when_entered),
        },
        "offline or unreadable": dict.fromkeys(READINGS, never),
        "timeout at row k": _cut(Fault.STALL),
        "dropped connection": _cut(Fault.LIMIT),
        "empty answer": dict.fromkeys(READINGS, same),
    }


def _double(
    views: Mapping[str, str],
    privileges: Mapping[str, str],
    how: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Entry]]:
    """Cells that are made alike on both stand-ins: `views` and `privileges` by reading, `how` the
    engine's own errors."""
    made: dict[str, dict[str, Entry]] = {name: {} for name in FAULTS}
    no_privilege = {"inventory": f"{PARTLY} {DENIED}", "sizes": OK, "table sizes": DENIED}
    for reading, view in views.items():
        revoke = revoked(privileges[reading])
        for name, before in (
            ("no privilege", of_customer(revoke)),
            ("revoked mid-run", meanwhile(view, revoke)),
        ):
            ending, stale = no_privilege[reading], reading == "sizes"
            made[name][reading] = Cell(ending=ending, before=before, stale=stale)
        made["locked"][reading] = Cell(ending=LATE, before=disturbed(view, **how["locked"]))
        made["dropped connection"][reading] = Cell(
            ending=UNREACHED, before=disturbed(view, **how["dropped"])
        )
    made["dropped during run"] = {
        "inventory": Cell(ending=OK, before=meanwhile(views["inventory"], drop_grown)),
        "sizes": Cell(ending=OK, before=meanwhile(views["sizes"], drop_grown)),
        "table sizes": Cell(ending=OK, before=meanwhile(views["table sizes"], drop_all_tables)),
    }
    made["empty answer"] = {
        "inventory": Cell(
            ending=f"{PARTLY} {DOUBTED}", before=disturbed(views["inventory"], is_nothing=True)
        ),
        "sizes": Cell(ending=FAILED, before=disturbed(views["sizes"], is_nothing=True)),
        "table sizes": Cell(ending=DENIED, before=disturbed(views["table sizes"], is_nothing=True)),
    }
    return made


def _sqlserver() -> Mapping[str, Mapping[str, Entry]]:
    views = {
        "inventory": "sys.databases",
        "sizes": "sys.master_files",
        "table sizes": "sys.objects",
    }
    privileges = {
        "inventory": "VIEW ANY DATABASE",
        "sizes": "VIEW ANY DEFINITION",
        "table sizes": "VIEW ANY DEFINITION",
    }
    how = {"locked": {"at_row": 0, "number": 1222}, "dropped": {"at_row": 1}}
    made = _double(views, privileges, how)
    for name in ("no privilege", "revoked mid-run"):  # without all files no list is whole, either
        cell = made[name]["sizes"]
        assert isinstance(cell, Cell)
        made[name]["sizes"] = replace(cell, ending=f"{PARTLY} {DENIED}")
    made["offline or unreadable"] = {  # and hidden from who may not alter it, for all we know
        "inventory": Cell(ending=f"{PARTLY} {DENIED}", before=of_customer(shut)),
        "sizes": Cell(ending=f"{PARTLY} {DENIED}", before=of_customer(shut)),
        "table sizes": Cell(ending=UNREACHED, before=of_customer(shut)),
    }
    made["timeout at row k"] = dict(_cut(Fault.STALL))
    return made


def _oracle() -> Mapping[str, Mapping[str, Entry]]:
    views = {"inventory": "tablespaces", "sizes": "data_files", "table sizes": "segments"}
    privileges = {
        "inventory": "DBA_TABLESPACES",
        "sizes": "DBA_DATA_FILES",
        "table sizes": "DBA_SEGMENTS",
    }
    locked = {"at_row": 0, "error": "ORA-00054: resource busy"}
    late = {"at_row": 1, "error": "DPY-4024: call timeout exceeded"}
    made = _double(views, privileges, {"locked": locked, "dropped": {"at_row": 1}})
    made["offline or unreadable"] = {
        "inventory": Cell(ending=OK, before=of_customer(shut)),
        "sizes": Cell(ending=OK, before=of_customer(shut)),
        "table sizes": Cell(ending=UNREACHED, before=of_customer(shut)),
    }
    made["timeout at row k"] = {
        reading: Cell(ending=LATE, before=disturbed(view, **late))
        for reading, view in views.items()
    }
    return made


MATRIX: Mapping[str, Mapping[str, Mapping[str, Entry]]] = {
    POSTGRESQL: _postgresql(),
    MARIADB: _mariadb(),
    SQLSERVER: _sqlserver(),
    ORACLE: _oracle(),
}


def table() -> str:
    """The matrix as Markdown: a row for each fault and reading, a column for each engine."""
    head = ["fault", "reading", *ENGINES.values()]
    lines = [head, ["---"] * len(head)]
    for name in FAULTS:
        for reading in READINGS:
            entries = [MATRIX[engine][name][reading] for engine in ENGINES]
            told = [f"– {one}" if isinstance(one, str) else one.text for one in entries]
            lines.append([name, reading, *told])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(table())  # noqa: T201 (what it is for)
