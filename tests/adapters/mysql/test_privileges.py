"""What the doctor says of accounts: each documented grant is needed, and no more than them."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.mysql.server import COLLECTOR_GRANTS, MySQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.mysql.privileges import NEEDED, check_privileges
from whalefall.domain.privileges import Feature, PrivilegeCheck, PrivilegeState
from whalefall.errors import Code, TargetProblem

ADAPTER = MySQLAdapter()
SET = sorted({grant for needed in NEEDED.values() for grant in needed})


async def checks_of(target: Target) -> dict[Feature, PrivilegeCheck]:
    async with ADAPTER.connect(target, QUICK) as session:
        checks = await session.privileges()
    assert [check.feature for check in checks] == list(Feature)
    return {check.feature: check for check in checks}


def test_what_is_needed_is_what_is_documented() -> None:
    assert sorted(f"{grant} ON *.*" for grant in COLLECTOR_GRANTS.split(", ")) == SET


async def test_the_script_makes_an_account_that_has_all_and_no_more(
    server: MySQLServer, database: str
) -> None:
    await server.create_tables(database, ["orders"])
    script = ADAPTER.account_script(None, "it's a \\ collector", [database])
    await server.execute(
        *(line for line in _statements(script.create.replace("<password>", "pw for the test")))
    )
    target = server.target("it's a \\ collector")
    mine = Target(**{**vars(target), "password": "pw for the test"})

    checks = await checks_of(mine)
    async with ADAPTER.connect(mine, QUICK) as session:
        assert (await session.inventory()).missing_grants == []
        assert (await session.database_sizes()).missing_grants == []
        tables = await session.table_sizes(database)
    await server.execute(*_statements(script.drop))

    assert {check.state for check in checks.values()} == {PrivilegeState.OK}
    assert tables.complete
    assert tables.missing_grants == []
    ((left,),) = await server.execute("SELECT COUNT(*) FROM mysql.user WHERE user LIKE 'it_s%'")
    assert left == 0


@pytest.mark.parametrize("taken", SET)
async def test_every_grant_is_needed(server: MySQLServer, taken: str) -> None:
    left = ", ".join(grant.removesuffix(" ON *.*") for grant in SET if grant != taken)

    checks = await checks_of(await server.make_account(left))

    lacking = [check for check in checks.values() if check.state is PrivilegeState.MISSING]
    assert {check.feature for check in lacking} == {
        f for f, needed in NEEDED.items() if taken in needed
    }
    assert all(check.missing == [taken] for check in lacking)


async def test_the_account_reads_no_row(server: MySQLServer, database: str) -> None:
    await server.create_tables(database, ["orders"])
    target = await server.make_account(COLLECTOR_GRANTS)
    async with ADAPTER.connect(target, QUICK) as session:
        with pytest.raises(TargetProblem) as caught:
            await session.rows(f"SELECT * FROM {database}.orders")

    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED


@pytest.mark.parametrize("privilege", ["SELECT", "FILE", "SUPER", "ALL PRIVILEGES"])
async def test_a_privilege_that_opens_user_data_is_too_much(
    server: MySQLServer, privilege: str
) -> None:
    check = (await checks_of(await server.make_account(privilege)))[Feature.DATA_CLOSED]

    assert check.state is PrivilegeState.OVER_PRIVILEGED
    assert check.excess == [f"{privilege} ON *.*"]


async def test_a_table_that_can_be_read_is_too_much(server: MySQLServer, database: str) -> None:
    await server.create_tables(database, ["orders"])
    target = await server.make_account(COLLECTOR_GRANTS)
    await server.execute(f"GRANT SELECT (one) ON {database}.orders TO {target.username}")

    check = (await checks_of(target))[Feature.DATA_CLOSED]

    assert check.excess == [f"SELECT ON `{database}`.`orders`"]


async def test_a_catalog_that_can_be_read_is_not(server: MySQLServer) -> None:
    target = await server.make_account("SELECT", on="mysql.*")

    assert (await checks_of(target))[Feature.DATA_CLOSED].state is PrivilegeState.OK


def test_what_cannot_be_understood_is_unknown() -> None:
    checks = check_privileges(["GRANT something new TO `me`@`%`"], wildcards=True)

    assert {check.state for check in checks} == {PrivilegeState.UNKNOWN}
    assert all(check.missing == [] for check in checks)


def _statements(script: str) -> list[str]:
    return [line for line in script.splitlines() if not line.startswith("--")]
