"""The tables of a SQL Server database, against totals that were added up by hand."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.sqlserver.golden import GOLDEN, PAGE, Golden, make
from tests.tds.instance import FILE_PAGES, LOG_PAGES, Index, TdsInstance
from whalefall.adapters.base import Target
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.domain.facts import Collected, Quality, SkipReason, TableFact, TableKind
from whalefall.domain.reconciliation import BucketKind
from whalefall.errors import ClosedDatabase, Code, TargetProblem

ADAPTER = SQLServerAdapter()
WHOLE = FILE_PAGES + LOG_PAGES


async def tables_of(target: Target, database: str) -> Collected[TableFact]:
    async with ADAPTER.connect(target, QUICK, database=database) as session:
        return await session.table_sizes(database)


async def problem_of(target: Target, database: str) -> TargetProblem:
    with pytest.raises(TargetProblem) as caught:
        await tables_of(target, database)
    return caught.value


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
async def test_pages_are_attributed_as_sp_spaceused_does(
    tds: TdsInstance, database: str, golden: Golden
) -> None:
    await make(tds, database, golden)

    found = await tables_of(tds.target(), database)

    (fact,) = found.items
    used, data, index, lob, reserved = (pages * PAGE for pages in golden.expected)
    assert (fact.size_bytes, fact.data_bytes, fact.index_bytes) == (used, data, index)
    assert (fact.lob_bytes, fact.allocated_bytes, fact.row_count) == (lob, reserved, golden.rows)
    assert (fact.kind, fact.quality) == (golden.kind, Quality.EXACT)
    assert found.complete
    parts = found.reconciliation
    assert parts is not None
    expected = {BucketKind.CATALOG: 40, BucketKind.LOG: LOG_PAGES, **golden.buckets}
    assert parts.buckets == {kind: pages * PAGE for kind, pages in expected.items()}
    assert parts.unattributed_bytes == 0
    assert parts.whole_bytes == parts.allocated_bytes == WHOLE * PAGE


async def test_all_of_them_together_leave_nothing_unattributed(
    tds: TdsInstance, database: str
) -> None:
    for golden in GOLDEN:
        await make(tds, database, golden)

    found = await tables_of(tds.target(), database)

    assert [fact.table_name for fact in found.items] == [
        golden.name for golden in sorted(GOLDEN, key=lambda one: -one.expected[0])
    ]
    assert found.reconciliation is not None
    assert found.reconciliation.unattributed_bytes == 0


async def test_a_view_takes_space_only_with_an_index(tds: TdsInstance, database: str) -> None:
    await tds.add_object(database, "plain view", type="V")
    indexed = await tds.add_object(database, "indexed view", type="V")
    await tds.add_pages(database, indexed, Index(index_id=1, type=1, in_row=4, used=6, reserved=8))

    (fact,) = (await tables_of(tds.target(), database)).items

    assert (fact.table_name, fact.kind, fact.size_bytes) == (
        "indexed view",
        TableKind.INDEXED_VIEW,
        6 * PAGE,
    )


async def test_what_lives_in_memory_is_its_own_class(tds: TdsInstance, database: str) -> None:
    number = await tds.create_table(database, "quick", [], is_memory_optimized=True)
    await tds.insert(
        "dm_db_xtp_table_memory_stats",
        database_id=await tds.id_of(database),
        object_id=number,
        memory_allocated_for_table_kb=512,
        memory_used_by_table_kb=400,
        memory_allocated_for_indexes_kb=256,
        memory_used_by_indexes_kb=100,
    )
    await tds.insert(
        "filegroups",
        database_id=await tds.id_of(database),
        name="memory",
        data_space_id=65,
        type="FX",
    )
    await tds.add_file(database, "FILESTREAM", 300, data_space_id=65)

    found = await tables_of(tds.target(), database)

    (fact,) = found.items
    assert fact.kind is TableKind.MEMORY_OPTIMIZED
    assert (fact.size_bytes, fact.allocated_bytes) == (500 * 1024, 768 * 1024)
    parts = found.reconciliation
    assert parts is not None
    assert parts.objects_bytes == 0
    assert parts.buckets[BucketKind.MEMORY_OPTIMIZED] == 300 * PAGE
    assert parts.unattributed_bytes == 0


async def test_unseen_definitions_are_no_empty_database(tds: TdsInstance, database: str) -> None:
    await tds.create_tables(database, ["orders"])
    target = await tds.make_login("VIEW ANY DATABASE", "CONNECT ANY DATABASE", "VIEW SERVER STATE")

    problem = await problem_of(target, database)

    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED
    assert "VIEW ANY DEFINITION" in (problem.hint or "")


@pytest.mark.parametrize(
    ("version", "named"),
    [("2019", "VIEW SERVER STATE"), ("2022", "VIEW SERVER PERFORMANCE STATE")],
)
async def test_unseen_state_names_the_permission_of_the_version(
    tds: TdsInstance, database: str, version: str, named: str
) -> None:
    tds.server.version = {"2019": "15.0.4385.2", "2022": "16.0.4135.4"}[version]
    target = await tds.make_login(
        "VIEW ANY DATABASE", "CONNECT ANY DATABASE", "VIEW ANY DEFINITION"
    )

    problem = await problem_of(target, database)

    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED
    assert named in (problem.hint or "")


async def test_a_table_in_memory_that_cannot_be_measured_is_unknown(
    tds: TdsInstance, database: str
) -> None:
    await tds.create_table(database, "quick", [], is_memory_optimized=True)

    (fact,) = (await tables_of(tds.target(), database)).items

    assert (fact.size_bytes, fact.quality, fact.reason) == (
        None,
        Quality.UNAVAILABLE,
        SkipReason.DROPPED,
    )


@pytest.mark.parametrize("state", ["OFFLINE", "RESTORING", "RECOVERING", "SUSPECT"])
async def test_a_database_that_is_shut_says_so(tds: TdsInstance, database: str, state: str) -> None:
    await tds.set_state(database, state_desc=state)

    problem = await problem_of(tds.target(), database)

    assert isinstance(problem, ClosedDatabase)  # so the server itself is well
    assert "cannot be entered now" in problem.message


async def test_a_database_that_one_may_not_enter_is_denied(tds: TdsInstance, database: str) -> None:
    target = await tds.make_login("VIEW ANY DATABASE", "VIEW ANY DEFINITION", "VIEW SERVER STATE")

    assert (await problem_of(target, database)).problem_code is Code.TARGET_PERMISSION_DENIED
