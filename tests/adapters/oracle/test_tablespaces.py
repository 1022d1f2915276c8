"""Tablespaces: allocated, used, ceiling; the full, the offline, and those of other containers."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.oracle.seam import COLLECTOR, MEBIBYTE, OracleSeam
from whalefall.adapters.base import Target
from whalefall.adapters.oracle.privileges import grant, views
from whalefall.domain.facts import Collected, DatabaseFact, DatabaseSizeFact, Quality, SkipReason
from whalefall.domain.privileges import Feature, PrivilegeCheck, PrivilegeState
from whalefall.domain.reconciliation import BucketKind


async def inventory_of(seam: OracleSeam, target: Target | None = None) -> Collected[DatabaseFact]:
    async with seam.adapter.connect(target or seam.target(), QUICK) as session:
        return await session.inventory()


async def sizes_of(seam: OracleSeam, target: Target | None = None) -> Collected[DatabaseSizeFact]:
    async with seam.adapter.connect(target or seam.target(), QUICK) as session:
        return await session.database_sizes()


async def size_of(seam: OracleSeam, name: str) -> DatabaseSizeFact:
    return next(fact for fact in (await sizes_of(seam)).items if fact.name == name)


async def checks_of(seam: OracleSeam, target: Target) -> dict[Feature, PrivilegeCheck]:
    async with seam.adapter.connect(target, QUICK) as session:
        return {check.feature: check for check in await session.privileges()}


async def test_allocated_used_and_ceiling(seam: OracleSeam, database: str) -> None:
    await seam.add_table(database, "ORDERS", 30)

    size = await size_of(seam, database)

    assert size.size_bytes == 100 * MEBIBYTE
    assert size.used_bytes == 31 * MEBIBYTE  # and its header
    assert size.ceiling_bytes == 100 * MEBIBYTE
    assert size.reconciliation is not None
    assert size.reconciliation.buckets == {
        BucketKind.DATA: 30 * MEBIBYTE,
        BucketKind.CATALOG: MEBIBYTE,
        BucketKind.FREE: 69 * MEBIBYTE,
    }


async def test_what_is_in_the_recycle_bin_counts_once(seam: OracleSeam, database: str) -> None:
    """Oracle says of it that it is free and that it is a segment."""
    await seam.add_table(database, "ORDERS", 30)
    await seam.add_table(database, "BIN$a0==$0", 9, dropped="YES")
    await seam.recycle(database, "BIN$a0==$0")

    size = await size_of(seam, database)

    assert size.used_bytes == 31 * MEBIBYTE  # there is room for what needs it
    assert size.reconciliation is not None
    assert size.reconciliation.buckets == {
        BucketKind.DATA: 30 * MEBIBYTE,
        BucketKind.RECYCLE_BIN: 9 * MEBIBYTE,
        BucketKind.CATALOG: MEBIBYTE,
        BucketKind.FREE: 60 * MEBIBYTE,
    }


async def test_a_bin_that_cannot_be_seen_is_not_empty(seam: OracleSeam, database: str) -> None:
    seam.accounts[COLLECTOR].grants.discard("DBA_RECYCLEBIN")

    found = await sizes_of(seam)

    fact = next(fact for fact in found.items if fact.name == database)
    assert (fact.size_bytes, fact.reconciliation) == (100 * MEBIBYTE, None)
    assert found.missing_grants == ["SELECT ON DBA_RECYCLEBIN"]


async def test_the_ceiling_is_that_of_each_file(seam: OracleSeam, database: str) -> None:
    """One file grows to 500 MiB, one has outgrown its own maximum, one does not grow at all."""
    await seam.add_file(database, 50, autoextensible="YES", maxbytes=500 * MEBIBYTE)
    await seam.add_file(database, 80, autoextensible="YES", maxbytes=60 * MEBIBYTE)
    await seam.add_file(database, 20, autoextensible="NO", maxbytes=9_999 * MEBIBYTE)

    size = await size_of(seam, database)

    assert size.size_bytes == 250 * MEBIBYTE
    assert size.ceiling_bytes == (100 + 500 + 80 + 20) * MEBIBYTE


async def test_a_full_tablespace_is_full_and_there(seam: OracleSeam, database: str) -> None:
    await seam.add_table(database, "BIG", 99)

    size = await size_of(seam, database)

    assert size.used_bytes == size.size_bytes == 100 * MEBIBYTE


async def test_temporary_files_count_by_what_is_in_use(seam: OracleSeam) -> None:
    size = await size_of(seam, "TEMP")

    assert size.size_bytes == 50 * MEBIBYTE
    assert size.used_bytes == 10 * MEBIBYTE
    assert size.ceiling_bytes == 200 * MEBIBYTE
    assert size.reconciliation is not None
    assert size.reconciliation.unattributed_bytes == 0


async def test_a_local_temporary_tablespace_has_files_and_free_space_at_every_instance(
    seam: OracleSeam,
) -> None:
    await seam.insert(
        "temp_files",
        tablespace_name="TEMP",
        bytes=30 * MEBIBYTE,
        user_bytes=29 * MEBIBYTE,
        maxbytes=0,
        autoextensible="NO",
        inst_id=2,
    )
    await seam.insert(
        "temp_free_space", tablespace_name="TEMP", free_space=20 * MEBIBYTE, inst_id=2
    )

    size = await size_of(seam, "TEMP")

    assert size.size_bytes == 80 * MEBIBYTE
    assert size.used_bytes == 20 * MEBIBYTE
    assert size.reconciliation is not None
    assert size.reconciliation.unattributed_bytes == 0


async def test_undo_is_undo(seam: OracleSeam) -> None:
    size = await size_of(seam, "UNDOTBS1")

    assert size.reconciliation is not None
    assert size.reconciliation.buckets[BucketKind.UNDO] == 12 * MEBIBYTE


async def test_a_file_that_is_offline_makes_the_size_unknown(
    seam: OracleSeam, database: str
) -> None:
    await seam.insert("data_files", tablespace_name=database, autoextensible="NO")

    size = await size_of(seam, database)

    assert (size.size_bytes, size.quality, size.reason) == (
        None,
        Quality.UNAVAILABLE,
        SkipReason.OFFLINE,
    )


@pytest.mark.parametrize("view", ["DBA_FREE_SPACE", "DBA_TEMP_FREE_SPACE"])
async def test_free_space_that_cannot_be_seen_is_not_none(
    seam: OracleSeam, database: str, view: str
) -> None:
    seam.accounts[COLLECTOR].grants.discard(view)

    found = await sizes_of(seam)

    assert all(fact.used_bytes is None for fact in found.items)
    assert found.missing_grants == [f"SELECT ON {view}"]


async def test_files_that_cannot_be_seen_are_unknown_and_not_zero(
    seam: OracleSeam, database: str
) -> None:
    seam.accounts[COLLECTOR].grants.discard("DBA_DATA_FILES")

    size = await size_of(seam, database)

    assert (size.size_bytes, size.reason) == (None, SkipReason.PERMISSION)


async def test_ones_own_tablespaces_prove_nothing(seam: OracleSeam, database: str) -> None:
    found = await inventory_of(seam, seam.make_account())

    assert database in {fact.name for fact in found.items}
    assert not found.complete
    assert found.missing_grants == ["SELECT ON DBA_TABLESPACES"]


async def test_the_engines_own_tablespaces_are_flagged(seam: OracleSeam, database: str) -> None:
    facts = {fact.name: fact for fact in (await inventory_of(seam)).items}

    assert {name for name, fact in facts.items() if fact.is_system} == {
        "SYSTEM",
        "UNDOTBS1",
        "TEMP",
    }


@pytest.fixture
async def root(seam: OracleSeam) -> OracleSeam:
    """The root of two pluggable databases, one of which is not open."""
    seam.container = "CDB$ROOT"
    for con_id, name, mode in (
        (1, "CDB$ROOT", "READ WRITE"),
        (3, "SALES", "READ WRITE"),
        (4, "ARCHIVE", "MOUNTED"),
    ):
        await seam.owner.execute(
            'INSERT INTO "v$containers" VALUES ($1, $2, $3)', con_id, name, mode
        )
    granted = {grant(view, "cdb").removeprefix("SELECT ON ") for view in views()}
    seam.accounts[COLLECTOR].grants |= {*granted, "V$CONTAINERS"}
    return seam


async def test_tablespaces_of_pluggable_databases_have_both_names(
    root: OracleSeam, database: str
) -> None:
    await root.add_table(database, "ORDERS", 5)
    name = f"SALES/{database}"

    found = await inventory_of(root)

    assert name in {fact.name for fact in found.items}
    assert (await size_of(root, name)).size_bytes == 100 * MEBIBYTE
    async with root.adapter.connect(root.target(), QUICK, database=name) as session:
        tables = await session.table_sizes(name)
    assert [fact.table_name for fact in tables.items] == ["ORDERS"]


async def test_a_pluggable_database_that_is_not_open_proves_nothing_gone(
    root: OracleSeam, database: str
) -> None:
    found, sizes = await inventory_of(root), await sizes_of(root)

    assert not found.complete
    assert not sizes.complete
    assert [(one.name, one.reason) for one in found.skipped] == [("ARCHIVE", SkipReason.OFFLINE)]


async def test_every_view_is_needed_for_something(seam: OracleSeam) -> None:
    whole = {grant(view, "dba").removeprefix("SELECT ON ") for view in views()}
    assert {check.state for check in (await checks_of(seam, seam.target())).values()} == {
        PrivilegeState.OK
    }

    for taken in sorted(whole):
        checks = await checks_of(seam, seam.make_account(*(whole - {taken})))
        lacking = [check for check in checks.values() if check.state is PrivilegeState.MISSING]
        assert lacking, taken
        assert all(check.missing == [f"SELECT ON {taken}"] for check in lacking)


@pytest.mark.parametrize(
    ("privilege", "role"), [("SELECT ANY TABLE", None), ("READ ANY TABLE", None), (None, "DBA")]
)
async def test_what_opens_user_data_is_too_much(
    seam: OracleSeam, privilege: str | None, role: str | None
) -> None:
    if privilege:
        await seam.owner.execute("INSERT INTO session_privs VALUES ($1)", privilege)
    if role:
        await seam.owner.execute("INSERT INTO session_roles VALUES ($1)", role)

    check = (await checks_of(seam, seam.target()))[Feature.DATA_CLOSED]

    assert check.state is PrivilegeState.OVER_PRIVILEGED
    assert check.excess == [privilege or role]


def test_the_script_names_every_view(seam: OracleSeam) -> None:
    script = seam.adapter.account_script(None, "reader", [])

    assert script.create.count("GRANT SELECT ON DBA_") == len(views())
    assert "CREATE USER READER" in script.create
    assert script.drop == "DROP USER READER;"
