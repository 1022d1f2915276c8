"""The tables of an Oracle tablespace, against totals that were added up by hand."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.oracle.golden import GOLDEN, Golden, in_bytes
from tests.adapters.oracle.seam import COLLECTOR, MEBIBYTE, OracleSeam
from whalefall.adapters.base import Target
from whalefall.domain.facts import Collected, Quality, SkipReason, TableFact
from whalefall.errors import ClosedDatabase, Code, TargetProblem


async def tables_of(
    seam: OracleSeam, database: str, target: Target | None = None
) -> Collected[TableFact]:
    async with seam.adapter.connect(target or seam.target(), QUICK, database=database) as session:
        return await session.table_sizes(database)


async def problem_of(
    seam: OracleSeam, database: str, target: Target | None = None
) -> TargetProblem:
    with pytest.raises(TargetProblem) as caught:
        await tables_of(seam, database, target)
    return caught.value


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)
async def test_segments_are_attributed_to_their_tables(
    seam: OracleSeam, database: str, golden: Golden
) -> None:
    await golden.make(seam, database)

    found = await tables_of(seam, database)

    assert [
        (
            fact.table_name,
            fact.kind,
            (fact.data_bytes or 0) // MEBIBYTE,
            (fact.lob_bytes or 0) // MEBIBYTE,
            (fact.index_bytes or 0) // MEBIBYTE,
        )
        for fact in found.items
    ] == golden.tables
    assert found.complete
    assert all(fact.quality is Quality.EXACT for fact in found.items)
    parts = found.reconciliation
    assert parts is not None
    assert parts.buckets == in_bytes(golden)
    assert parts.unattributed_bytes == 0
    assert parts.whole_bytes == 100 * MEBIBYTE


async def test_a_part_elsewhere_is_listed_elsewhere(seam: OracleSeam, database: str) -> None:
    await seam.create_database("INDEXES")
    await seam.add_table(database, "ORDERS", 8)
    await seam.add_segment("INDEXES", "ORDERS_PK", "INDEX", 2)
    await seam.insert(
        "indexes",
        owner="SHOP",
        index_name="ORDERS_PK",
        index_type="NORMAL",
        table_owner="SHOP",
        table_name="ORDERS",
    )

    (here,) = (await tables_of(seam, database)).items
    (there,) = (await tables_of(seam, "INDEXES")).items

    assert (here.table_name, here.size_bytes) == ("ORDERS", 8 * MEBIBYTE)
    assert (there.table_name, there.size_bytes) == ("ORDERS", 2 * MEBIBYTE)


async def test_the_engines_own_objects_are_catalog(seam: OracleSeam) -> None:
    found = await tables_of(seam, "SYSTEM")

    assert found.items == []
    assert found.reconciliation is not None
    assert found.reconciliation.buckets["CATALOG"] == 31 * MEBIBYTE  # type: ignore[index]


async def test_what_belongs_to_nothing_known_is_said(seam: OracleSeam, database: str) -> None:
    await seam.add_table(database, "ORDERS", 8)
    await seam.add_segment(database, "STRAY", "INDEX", 3)

    found = await tables_of(seam, database)

    assert [(one.schema_name, one.name) for one in found.skipped] == [("SHOP", "STRAY")]
    assert found.reconciliation is not None
    assert found.reconciliation.unattributed_bytes == 3 * MEBIBYTE


async def test_statistics_that_were_never_gathered_are_unknown(
    seam: OracleSeam, database: str
) -> None:
    await seam.add_table(database, "FRESH", 1, num_rows=None)

    (fact,) = (await tables_of(seam, database)).items

    assert fact.row_count is None


async def test_ones_own_segments_are_a_part_and_said_to_be_one(
    seam: OracleSeam, database: str
) -> None:
    target = seam.make_account("DBA_TABLESPACES")
    await seam.add_table(database, "MINE", 2, owner=target.username)
    await seam.add_table(database, "THEIRS", 30)

    found = await tables_of(seam, database, target)

    (fact,) = found.items
    assert (fact.table_name, fact.quality, fact.reason) == (
        "MINE",
        Quality.PARTIAL,
        SkipReason.PERMISSION,
    )
    assert not found.complete
    assert "SELECT ON DBA_SEGMENTS" in found.missing_grants
    assert found.source == "USER_SEGMENTS"


async def test_who_owns_nothing_and_sees_nothing_is_denied(seam: OracleSeam, database: str) -> None:
    await seam.add_table(database, "THEIRS", 30)
    target = seam.make_account("DBA_TABLESPACES")

    problem = await problem_of(seam, database, target)

    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED
    assert "DBA_SEGMENTS" in (problem.hint or "")


async def test_one_missing_view_makes_it_a_part(seam: OracleSeam, database: str) -> None:
    await seam.add_table(database, "THEIRS", 30)
    seam.accounts[COLLECTOR].grants.discard("DBA_LOBS")

    assert (await problem_of(seam, database)).problem_code is Code.TARGET_PERMISSION_DENIED


async def test_an_offline_tablespace_says_so(seam: OracleSeam, database: str) -> None:
    await seam.owner.execute(
        "UPDATE truth.tablespaces SET status = 'OFFLINE' WHERE tablespace_name = $1", database
    )

    problem = await problem_of(seam, database)

    assert isinstance(problem, ClosedDatabase)  # so the database itself is well
    assert "offline" in problem.message


@pytest.mark.parametrize("view", ["segments", "tables", "lobs"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("DPY-4011: the connection was closed", Code.DATABASE_CONNECTION_ERROR),
        ("ORA-03113: end-of-file on communication channel", Code.DATABASE_CONNECTION_ERROR),
        ("ORA-01555: snapshot too old", Code.DATABASE_QUERY_ERROR),
        ("ORA-01013: user requested cancel", Code.DATABASE_TIMEOUT),
    ],
)
async def test_an_answer_that_breaks_off_is_no_end(
    seam: OracleSeam, database: str, view: str, error: str, code: Code
) -> None:
    await seam.create_tables(database, [f"T{number}" for number in range(40)])
    await seam.insert("lobs", owner="SHOP", table_name="T1", segment_name="L", index_name="LI")
    seam.disturb(view, at_row=1, error=error)

    assert (await problem_of(seam, database)).problem_code is code


async def test_a_privilege_lost_meanwhile_is_no_empty_answer(
    seam: OracleSeam, database: str
) -> None:
    await seam.create_tables(database, ["ORDERS"])

    async def revoke() -> None:
        seam.accounts[COLLECTOR].grants.discard("DBA_SEGMENTS")

    seam.disturb("segments", before=revoke)

    assert (await problem_of(seam, database)).problem_code is Code.TARGET_PERMISSION_DENIED


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ("ORA-28000: the account is locked", Code.AUTH_FAILED),
        ("ORA-28001: the password has expired", Code.AUTH_FAILED),
        ("ORA-12520: no available handler", Code.TOO_MANY_CONNECTIONS),
        (
            "ORA-01033: ORACLE initialization or shutdown in progress",
            Code.DATABASE_CONNECTION_ERROR,
        ),
        (
            "DPY-3010: connections to this database server version are not supported",
            Code.UNSUPPORTED,
        ),
    ],
)
async def test_a_refusal_has_its_code(seam: OracleSeam, refusal: str, code: Code) -> None:
    target = seam.make_account()
    seam.accounts[target.username].refusal = refusal

    with pytest.raises(TargetProblem) as caught:
        async with seam.adapter.connect(target, QUICK):
            pass

    assert caught.value.problem_code is code
    assert "ORA-" not in caught.value.message


async def test_an_unknown_service_is_not_found(seam: OracleSeam) -> None:
    target = Target(**{**vars(seam.target()), "database": "NOBODY"})

    with pytest.raises(TargetProblem) as caught:
        async with seam.adapter.connect(target, QUICK):
            pass

    assert caught.value.problem_code is Code.DATABASE_NOT_FOUND
