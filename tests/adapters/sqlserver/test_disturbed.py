"""A SQL Server that fails in the middle: what it said so far never counts as all."""

import pytest

from tests.adapters.contract import QUICK, until
from tests.tds.instance import TdsInstance
from whalefall.adapters.base import Limits, Target
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.adapters.sqlserver.session import SQLServerSession
from whalefall.domain.facts import SkipReason
from whalefall.errors import Code, TargetProblem

ADAPTER = SQLServerAdapter()
OBJECTS, PAGES = "sys.objects", "sys.dm_db_partition_stats"


async def problem_of_tables(target: Target, database: str, limits: Limits = QUICK) -> TargetProblem:
    with pytest.raises(TargetProblem) as caught:
        async with ADAPTER.connect(target, limits, database=database) as session:
            await session.table_sizes(database)
    return caught.value


@pytest.fixture
async def shop(tds: TdsInstance, database: str) -> str:
    await tds.create_tables(database, [f"orders_{number}" for number in range(60)])
    return database


@pytest.mark.parametrize("view", [OBJECTS, PAGES])
@pytest.mark.parametrize("row", [0, 1, 40])
async def test_a_connection_dropped_at_a_row_is_no_end(
    tds: TdsInstance, shop: str, view: str, row: int
) -> None:
    tds.disturb(view, at_row=row)

    problem = await problem_of_tables(tds.target(), shop)

    assert problem.problem_code is Code.DATABASE_CONNECTION_ERROR


@pytest.mark.parametrize("view", [OBJECTS, PAGES])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1222, Code.DATABASE_TIMEOUT),
        (229, Code.TARGET_PERMISSION_DENIED),
        (1205, Code.DATABASE_QUERY_ERROR),
    ],
)
async def test_an_error_at_a_row_is_no_end(
    tds: TdsInstance, shop: str, view: str, number: int, code: Code
) -> None:
    tds.disturb(view, at_row=30, number=number)

    assert (await problem_of_tables(tds.target(), shop)).problem_code is code


async def test_a_statement_that_hangs_ends_with_its_limit(tds: TdsInstance, shop: str) -> None:
    tds.disturb(OBJECTS, hangs=True)

    problem = await problem_of_tables(
        tds.target(), shop, Limits(connect_seconds=2, statement_seconds=1)
    )

    assert problem.problem_code is Code.DATABASE_TIMEOUT

    async def nobody() -> bool:
        return await tds.sessions() == 0

    await until(nobody)


async def test_nothing_said_of_objects_with_pages_is_no_empty_database(
    tds: TdsInstance, shop: str
) -> None:
    target = await tds.make_login("VIEW ANY DATABASE", "CONNECT ANY DATABASE", "VIEW SERVER STATE")

    problem = await problem_of_tables(target, shop)

    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED


async def test_a_permission_lost_between_two_statements_raises(tds: TdsInstance, shop: str) -> None:
    async def revoke() -> None:
        await tds.revoke(tds.target().username, "VIEW SERVER STATE")

    tds.disturb("sys.databases", before=revoke)
    async with ADAPTER.connect(tds.target(), QUICK, database=shop) as session:
        await session.inventory()
        with pytest.raises(TargetProblem) as caught:
            await session.table_sizes(shop)

    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (18470, Code.AUTH_FAILED),
        (18486, Code.AUTH_FAILED),
        (18487, Code.AUTH_FAILED),
        (18488, Code.AUTH_FAILED),
    ],
)
async def test_a_login_that_is_shut_is_refused_as_such(
    tds: TdsInstance, number: int, code: Code
) -> None:
    target = await tds.make_login()
    await tds.refuse(target.username, number)

    with pytest.raises(TargetProblem) as caught:
        async with ADAPTER.connect(target, QUICK):
            pass

    assert caught.value.problem_code is code


async def test_a_server_that_is_full_says_so(tds: TdsInstance) -> None:
    tds.server.most_sessions = 0

    with pytest.raises(TargetProblem) as caught:
        async with ADAPTER.connect(tds.target(), QUICK):
            pass

    assert caught.value.problem_code is Code.TOO_MANY_CONNECTIONS


@pytest.mark.parametrize(
    "statement", ["DELETE FROM orders", " insert into t values (1)", "WAITFOR DELAY '1'", "EXEC x"]
)
async def test_nothing_but_reading_is_sent(tds: TdsInstance, statement: str) -> None:
    async with ADAPTER.connect(tds.target(), QUICK) as session:
        assert isinstance(session, SQLServerSession)
        with pytest.raises(TargetProblem) as caught:
            await session.rows(statement)

    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED


async def test_a_database_dropped_before_its_files_are_read_is_said_to_be(
    tds: TdsInstance, database: str
) -> None:
    async def drop() -> None:
        await tds.drop_database(database)

    tds.disturb("sys.master_files", before=drop)
    async with ADAPTER.connect(tds.target(), QUICK) as session:
        found = await session.database_sizes()

    assert database not in {fact.name for fact in found.items}
    assert [(item.name, item.reason) for item in found.skipped] == [(database, SkipReason.DROPPED)]
    assert found.complete
