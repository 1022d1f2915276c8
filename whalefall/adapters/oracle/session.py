"""One session on an Oracle database: what it asks, and how sure it may be of the answers."""

from collections.abc import Collection, Iterable, Mapping

from whalefall.adapters.oracle import sql
from whalefall.adapters.oracle.privileges import check_privileges, grant, views
from whalefall.adapters.oracle.problems import NO_TABLESPACE, problem
from whalefall.adapters.oracle.sql import CDB, DBA, USER, Family
from whalefall.adapters.oracle.tables import Catalog, Reading, reconciled
from whalefall.adapters.oracle.tablespaces import (
    ROOT,
    Containers,
    Files,
    Key,
    database_facts,
    size_facts,
)
from whalefall.adapters.oracle.wire import Row, Wire
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    ServerFact,
    Skipped,
    SkipReason,
    TableFact,
)
from whalefall.domain.privileges import PrivilegeCheck
from whalefall.errors import ClosedDatabase, Code, TargetProblem, said

PERMISSION = SkipReason.PERMISSION
PROBE = "SELECT 1 AS one FROM {family}_{view} t WHERE 1 = 0"


class OracleSession:
    """A session in one container. `is_root` when that is the root of others."""

    def __init__(self, wire: Wire, server: ServerFact, container: str) -> None:
        self.server = server
        self._wire = wire
        self._is_root = container == ROOT
        self._containers = Containers()

    async def rows(self, statement: str, **values: object) -> list[Row]:
        return await self._wire.rows(statement, **values)

    async def inventory(self) -> Collected[DatabaseFact]:
        """All tablespaces. Source: {CDB,DBA,USER}_TABLESPACES, V$CONTAINERS."""
        shut = await self._look_around()
        family, found = await self._first("tablespaces", sql.TABLESPACES)
        facts = database_facts(found, self._containers)
        return Collected(
            items=sorted(facts, key=lambda fact: fact.name),
            complete=family is not USER and not shut,
            source=f"{family.name}_tablespaces".upper(),
            skipped=[Skipped(name=name, reason=SkipReason.OFFLINE) for name in shut],
            missing_grants=[] if family is not USER else [grant("tablespaces", "dba")],
        )

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        """Files, free space and segments of every tablespace.

        Source: DBA_DATA_FILES, DBA_TEMP_FILES, DBA_FREE_SPACE, DBA_SEGMENTS, or CDB_.
        """
        shut = await self._look_around()
        family, spaces = await self._first("tablespaces", sql.TABLESPACES)
        found = {
            view: await self._if_granted(family.says(statement))
            for view, statement in sql.OF_SIZES.items()
        }
        denied = {view for view, rows in found.items() if rows is None}
        if "segments" in denied:
            denied.discard("recyclebin")  # it was asked for those of its segments
        read = {view: rows or [] for view, rows in found.items()}
        sees_files = not denied & {"data_files", "temp_files"}
        if sees_files and not read["data_files"]:  # those of SYSTEM are always there
            raise problem(Code.DATABASE_QUERY_ERROR)
        facts = size_facts(
            spaces,
            [*read["data_files"], *read["temp_files"]],
            [*read["free_space"], *read["temp_free_space"]],
            read["segments"],
            read["recyclebin"],
            frozenset((int(row["con_id"]), row["username"]) for row in read["users"]),
            self._containers,
        )
        if denied & {"free_space", "temp_free_space"}:
            facts = [_without_use(fact) for fact in facts]
        if "recyclebin" in denied:
            facts = [_without_parts(fact) for fact in facts]
        dropped = {fact.name for fact in facts if sees_files and fact.reason is PERMISSION}
        return Collected(
            items=sorted((f for f in facts if f.name not in dropped), key=lambda fact: fact.name),
            complete=family is not USER and not shut,
            source=f"{family.name}_data_files, {family.name}_segments".upper(),
            skipped=[
                *(Skipped(name=name, reason=SkipReason.OFFLINE) for name in shut),
                *(Skipped(name=name, reason=SkipReason.DROPPED) for name in sorted(dropped)),
            ],
            missing_grants=[
                grant(view, "dba" if family is USER else family.name)
                for view in sql.OF_SIZES
                if view in denied
            ],
        )

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        """Tables with a part in the tablespace `database`.

        Source: DBA_SEGMENTS and the views that say what belongs to what; without them the USER_
        ones, and then only what the account itself owns: a part, and said to be one.
        """
        await self._look_around()
        family, key = await self._find(database)
        values = {"tablespace": key[1], "con_id": key[0]}
        try:
            read = await self._read_tables(family, values)
        except TargetProblem as error:
            if error.problem_code is not Code.TARGET_PERMISSION_DENIED or family is USER:
                raise
            family = USER
            read = await self._read_tables(USER, {**values, "con_id": 0})
        reading = Reading(tablespace=key[1], catalog=Catalog.of(read))
        reading.add(read["segments"])
        facts, missing = reading.facts(), reading.missing()
        owned = family is USER
        if not facts and (owned or missing):
            raise _denied()
        if owned:
            facts = [_partial(fact) for fact in facts]
        return Collected(
            items=facts,
            complete=not owned and not missing,
            source=f"{family.name}_segments".upper(),
            skipped=[
                *(_skipped(name, SkipReason.UNSUPPORTED) for name in sorted(set(reading.unknown))),
                *(_skipped(name, SkipReason.NOT_COLLECTED) for name in missing),
            ],
            missing_grants=[grant(view, "dba") for view in sql.OF_TABLES] if owned else [],
            reconciliation=reconciled(reading, facts, *await self._files(family, key)),
        )

    async def privileges(self) -> list[PrivilegeCheck]:
        """One probe for each view that is needed, which reads no row of it."""
        family = CDB if self._is_root else DBA
        readable = {
            view: await self._if_granted(PROBE.format(family=family.name, view=view)) is not None
            for view in views()
        }
        held = [str(row["privilege"]) for row in await self.rows(sql.PRIVILEGES)]
        roles = [str(row["role"]) for row in await self.rows(sql.ROLES)]
        return check_privileges(readable, family.name, held, roles)

    async def require(self, database: str) -> None:
        """Raises DATABASE_NOT_FOUND when there is no such tablespace."""
        await self._look_around()
        await self._find(database)

    async def _look_around(self) -> tuple[str, ...]:
        """Which containers there are, from the root; those that are not open."""
        if not self._is_root:
            return ()
        rows = await self._if_granted(sql.CONTAINERS)
        self._containers = Containers.of(rows or ())
        return self._containers.shut

    async def _first(self, view: str, statement: str) -> tuple[Family, list[Row]]:
        """The first family of which the view may be read, and its rows. Raises where none may."""
        for family in (*([CDB] if self._is_root else []), DBA, USER):
            rows = await self._if_granted(family.says(statement))
            if rows is not None:
                return family, rows
        raise _denied(grant(view, "dba"))

    async def _find(self, database: str) -> tuple[Family, Key]:
        family, rows = await self._first("tablespaces", sql.TABLESPACES)
        for row in rows:
            key = int(row["con_id"]), str(row["tablespace_name"])
            if self._containers.name_of(key) == database:
                if row["status"] == "OFFLINE":
                    raise ClosedDatabase(said("The tablespace is offline."))
                return family, key
        if family is USER:
            raise _denied(grant("tablespaces", "dba"))
        raise problem(Code.DATABASE_NOT_FOUND, NO_TABLESPACE)

    async def _read_tables(
        self, family: Family, values: Mapping[str, object]
    ) -> dict[str, list[Row]]:
        read: dict[str, list[Row]] = {}
        for view, statement in sql.OF_TABLES.items():
            if family is USER and view not in sql.OF_USER:
                read[view] = []
                continue
            text = family.says(statement)
            bound = {name: value for name, value in values.items() if f":{name}" in text}
            read[view] = await self.rows(text, **bound)
        if family is CDB:
            read["users"] = [row for row in read["users"] if row["con_id"] == values["con_id"]]
        return read

    async def _files(self, family: Family, key: Key) -> tuple[int | None, int, int]:
        """Bytes of the tablespace's files, of their headers, and free in them."""
        if family is USER:
            return None, 0, 0
        rows = await self._if_granted(family.says(sql.DATA_FILES))
        free = await self._if_granted(family.says(sql.FREE))
        files = Files()
        for row in _of(rows or (), key):
            files.add(row)
        if rows is None or free is None or files.is_offline or not files.size:
            return None, 0, 0
        return files.size, files.header, sum(int(row["bytes"] or 0) for row in _of(free, key))

    async def _if_granted(self, statement: str) -> list[Row] | None:
        """The rows, or None for an account that may not read the view."""
        try:
            return await self.rows(statement)
        except TargetProblem as error:
            if error.problem_code is Code.TARGET_PERMISSION_DENIED:
                return None
            raise


def _of(rows: Iterable[Row], key: Key) -> list[Row]:
    return [row for row in rows if (int(row["con_id"]), row["tablespace_name"]) == key]


def _skipped(name: tuple[str, str], reason: SkipReason) -> Skipped:
    return Skipped(schema_name=name[0], name=name[1], reason=reason)


def _partial(fact: TableFact) -> TableFact:
    changed = {"quality": Quality.PARTIAL, "reason": SkipReason.PERMISSION}
    return TableFact(**{**vars(fact), **changed})


def _without_use(fact: DatabaseSizeFact) -> DatabaseSizeFact:
    """Free space that could not be read is not none."""
    return DatabaseSizeFact(**{**vars(fact), "used_bytes": None, "reconciliation": None})


def _without_parts(fact: DatabaseSizeFact) -> DatabaseSizeFact:
    """What is dropped is free and a segment at once: who cannot tell it apart has too much."""
    return DatabaseSizeFact(**{**vars(fact), "reconciliation": None})


def _denied(privilege: str = "SELECT ON DBA_SEGMENTS") -> TargetProblem:
    return problem(
        Code.TARGET_PERMISSION_DENIED,
        said("The account sees nothing of this database, which does not mean that it is empty."),
        hint=said("Grant %(privilege)s to the account.", privilege=privilege),
    )
