"""Databases and their files: also of those that nobody can enter."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.adapters.contract import QUICK
from tests.tds.instance import FILE_PAGES, GRANTS, LOG_PAGES, TdsInstance
from whalefall.adapters.base import Target
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.domain.facts import Collected, DatabaseFact, DatabaseSizeFact, Quality, SkipReason
from whalefall.domain.reconciliation import BucketKind

ADAPTER = SQLServerAdapter()
PAGE = 8192


async def inventory_of(target: Target) -> Collected[DatabaseFact]:
    async with ADAPTER.connect(target, QUICK) as session:
        return await session.inventory()


async def sizes_of(target: Target) -> Collected[DatabaseSizeFact]:
    async with ADAPTER.connect(target, QUICK) as session:
        return await session.database_sizes()


async def fact_of(target: Target, name: str) -> DatabaseFact:
    return next(fact for fact in (await inventory_of(target)).items if fact.name == name)


async def size_of(target: Target, name: str) -> DatabaseSizeFact:
    return next(fact for fact in (await sizes_of(target)).items if fact.name == name)


async def test_the_engines_own_databases_are_flagged(tds: TdsInstance, database: str) -> None:
    found = await inventory_of(tds.target())

    assert found.complete
    assert {fact.name for fact in found.items if fact.is_system} == {
        "master",
        "tempdb",
        "model",
        "msdb",
    }
    assert all(fact.reason is None for fact in found.items)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"state_desc": "OFFLINE"}, SkipReason.OFFLINE),
        ({"state_desc": "RESTORING"}, SkipReason.OFFLINE),
    ],
    ids=["offline", "restoring"],
)
async def test_a_database_that_is_shut_stays_with_its_files(
    tds: TdsInstance, database: str, columns: dict[str, str], reason: SkipReason
) -> None:
    await tds.set_state(database, **columns)
    target = await tds.make_login(*GRANTS, "ALTER ANY DATABASE")

    assert (await fact_of(target, database)).reason is reason
    assert (await inventory_of(target)).complete
    size = await size_of(target, database)
    assert size.size_bytes == (FILE_PAGES + LOG_PAGES) * PAGE


async def test_a_hidden_database_is_not_gone(tds: TdsInstance, database: str) -> None:
    """Who may not alter one that is offline does not see it, but its files."""
    await tds.set_state(database, state_desc="OFFLINE")

    found = await inventory_of(tds.target())

    assert database not in {fact.name for fact in found.items}
    assert not found.complete
    assert [item.name for item in found.skipped] == [f"database {await tds.id_of(database)}"]
    assert found.missing_grants == ["ALTER ANY DATABASE"]


async def test_without_a_look_at_all_files_nothing_proves_a_list(tds: TdsInstance) -> None:
    found = await inventory_of(await tds.make_login("VIEW ANY DATABASE"))

    assert not found.complete
    assert found.missing_grants == ["VIEW ANY DEFINITION"]


@pytest.mark.parametrize(
    ("allows", "intent", "reason"),
    [
        ("NO", "READ_WRITE", SkipReason.NOT_CONNECTABLE),
        ("READ_ONLY", "READ_WRITE", SkipReason.NOT_CONNECTABLE),
        ("READ_ONLY", "READ_ONLY", None),
        ("ALL", "READ_WRITE", None),
    ],
)
async def test_a_secondary_says_whether_it_can_be_read(
    tds: TdsInstance, database: str, allows: str, intent: str, reason: SkipReason | None
) -> None:
    replica = uuid4()
    await tds.set_state(database, replica_id=replica)
    await tds.insert(
        "availability_replicas",
        replica_id=replica,
        secondary_role_allow_connections_desc=allows,
    )
    await tds.insert(
        "dm_hadr_availability_replica_states",
        replica_id=replica,
        is_local=True,
        role_desc="SECONDARY",
    )
    target = replace(tds.target(), options={"application_intent": intent})

    assert (await fact_of(target, database)).reason is reason
    assert (await size_of(target, database)).size_bytes is not None


async def test_a_snapshot_of_a_database_is_none(tds: TdsInstance, database: str) -> None:
    await tds.create_database("as_of_noon")
    await tds.set_state("as_of_noon", source_database_id=await tds.id_of(database))

    assert "as_of_noon" not in {fact.name for fact in (await inventory_of(tds.target())).items}
    assert "as_of_noon" not in {fact.name for fact in (await sizes_of(tds.target())).items}


async def test_data_and_log_are_told_apart(tds: TdsInstance, database: str) -> None:
    await tds.add_file(database, "FILESTREAM", 100)

    size = await size_of(tds.target(), database)

    assert size.data_bytes == (FILE_PAGES + 100) * PAGE
    assert size.log_bytes == LOG_PAGES * PAGE
    assert size.size_bytes == (FILE_PAGES + 100 + LOG_PAGES) * PAGE
    assert size.reconciliation is not None
    assert size.reconciliation.buckets[BucketKind.LOG] == size.log_bytes
    assert size.reconciliation.unattributed_bytes == 0


@pytest.fixture
async def streaming(tds: TdsInstance, database: str) -> str:
    """A database with a container of FILESTREAM: master knows it with 0 pages."""
    await tds.add_file(database, "FILESTREAM", 100)
    await tds.owner.execute(
        "UPDATE truth.master_files SET size = 0"
        " WHERE type_desc = 'FILESTREAM' AND database_id = $1",
        await tds.id_of(database),
    )
    return database


async def test_a_database_tells_what_its_filestream_holds(tds: TdsInstance, streaming: str) -> None:
    size = await size_of(tds.target(), streaming)

    assert (size.quality, size.reason) == (Quality.EXACT, None)
    assert size.size_bytes == (FILE_PAGES + 100 + LOG_PAGES) * PAGE
    assert size.data_bytes == (FILE_PAGES + 100) * PAGE


async def test_what_filestream_holds_is_unknown_and_not_nothing_where_nobody_gets_in(
    tds: TdsInstance, streaming: str
) -> None:
    target = await tds.make_login("VIEW ANY DATABASE", "VIEW ANY DEFINITION")

    size = await size_of(target, streaming)

    assert (size.quality, size.reason) == (Quality.PARTIAL, SkipReason.NOT_COLLECTED)
    assert size.size_bytes == (FILE_PAGES + LOG_PAGES) * PAGE


async def test_a_database_that_shuts_meanwhile_stops_nobody(
    tds: TdsInstance, streaming: str
) -> None:
    async def shut() -> None:
        await tds.set_state(streaming, state_desc="RESTORING")

    tds.disturb("sys.master_files", before=shut)

    assert (await size_of(tds.target(), streaming)).quality is Quality.PARTIAL
    assert (await size_of(tds.target(), "tempdb")).quality is Quality.EXACT


async def test_the_ceiling_is_the_sum_of_what_files_may_grow_to(tds: TdsInstance) -> None:
    await tds.create_database("bounded")
    await tds.owner.execute(
        "UPDATE truth.master_files SET max_size = CASE type_desc WHEN 'LOG' THEN 268435456"
        " ELSE 5000 END WHERE database_id = $1",
        await tds.id_of("bounded"),
    )
    await tds.create_database("unbounded")
    await tds.create_database("fixed")
    await tds.owner.execute(
        "UPDATE truth.master_files SET growth = 0 WHERE database_id = $1", await tds.id_of("fixed")
    )

    sizes = {fact.name: fact for fact in (await sizes_of(tds.target())).items}

    assert sizes["bounded"].ceiling_bytes == (5000 + 268_435_456) * PAGE
    assert sizes["unbounded"].ceiling_bytes is None
    assert sizes["fixed"].ceiling_bytes == (FILE_PAGES + LOG_PAGES) * PAGE


async def test_tempdb_is_what_it_has_grown_to(tds: TdsInstance) -> None:
    await tds.owner.execute(
        "UPDATE truth.database_files SET size = 9000 WHERE database_id = 2 AND type_desc = 'ROWS'"
    )

    assert (await size_of(tds.target(), "tempdb")).data_bytes == 9000 * PAGE


async def test_files_that_cannot_be_seen_are_unknown_and_not_zero(
    tds: TdsInstance, database: str
) -> None:
    target = await tds.make_login("VIEW ANY DATABASE")

    found = await sizes_of(target)

    fact = next(fact for fact in found.items if fact.name == database)
    assert (fact.size_bytes, fact.quality, fact.reason) == (
        None,
        Quality.UNAVAILABLE,
        SkipReason.PERMISSION,
    )
    assert found.missing_grants == ["VIEW ANY DEFINITION"]


async def test_databases_that_cannot_be_seen_are_not_claimed_gone(
    tds: TdsInstance, database: str
) -> None:
    target = await tds.make_login()

    found = await inventory_of(target)

    assert database not in {fact.name for fact in found.items}
    assert not found.complete
    assert found.missing_grants == ["VIEW ANY DATABASE", "VIEW ANY DEFINITION"]
    assert not (await sizes_of(target)).complete


async def test_a_database_without_entry_says_so(tds: TdsInstance, database: str) -> None:
    target = await tds.make_login("VIEW ANY DATABASE")

    assert (await fact_of(target, database)).reason is SkipReason.PERMISSION
