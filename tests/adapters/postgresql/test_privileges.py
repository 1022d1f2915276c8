"""What the doctor says of accounts: each documented grant is needed, and no more than them."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.adapters.contract import QUICK
from tests.adapters.postgresql.server import PASSWORD, PostgreSQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.domain.privileges import Feature, PrivilegeCheck, PrivilegeState

ADAPTER = PostgreSQLAdapter()


async def checks_of(target: Target, database: str | None = None) -> dict[Feature, PrivilegeCheck]:
    async with ADAPTER.connect(target, QUICK, database=database) as session:
        checks = await session.privileges()
    assert [check.feature for check in checks] == list(Feature)
    return {check.feature: check for check in checks}


@pytest.fixture
async def shop(server: PostgreSQLServer, database: str) -> str:
    """A database that only those enter who were granted it, with a row in it."""
    await server.create_tables(database, ["orders"])
    await server.owner.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    return database


@pytest.fixture
async def account(server: PostgreSQLServer, shop: str) -> AsyncIterator[Target]:
    """An account made by the script, as it is printed."""
    script = ADAPTER.account_script(None, 'a "collector"', [shop])
    await server.owner.execute(script.create.replace("<password>", PASSWORD))
    yield server.target('a "collector"')
    await server.owner.execute(script.drop)


async def test_the_script_makes_an_account_that_has_all_and_no_more(
    account: Target, shop: str
) -> None:
    checks = await checks_of(account, shop)

    assert {check.state for check in checks.values()} == {PrivilegeState.OK}
    async with ADAPTER.connect(account, QUICK, database=shop) as session:
        assert (await session.inventory()).missing_grants == []
        assert (await session.database_sizes()).missing_grants == []
        assert [fact.table_name for fact in (await session.table_sizes(shop)).items] == ["orders"]


async def test_the_account_reads_no_row(account: Target, shop: str) -> None:
    connection = await asyncpg.connect(
        host=account.address,
        port=account.port,
        user=account.username,
        password=account.password,
        database=shop,
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT * FROM orders")
    await connection.close()


async def test_without_statistics_the_sizes_of_what_is_shut_are_missing(
    server: PostgreSQLServer, account: Target, shop: str
) -> None:
    await server.owner.execute(f'REVOKE CONNECT ON DATABASE {shop} FROM "a ""collector"""')
    await server.owner.execute('REVOKE pg_read_all_stats FROM "a ""collector"""')

    check = (await checks_of(account))[Feature.DATABASE_SIZES]

    assert check.state is PrivilegeState.MISSING
    assert check.missing == ["pg_read_all_stats"]
    assert check.needed == ["pg_read_all_stats"]


async def test_a_database_that_cannot_be_entered_is_named(
    server: PostgreSQLServer, account: Target, shop: str
) -> None:
    await server.owner.execute(f'REVOKE CONNECT ON DATABASE {shop} FROM "a ""collector"""')

    checks = await checks_of(account)

    assert checks[Feature.TABLE_SIZES].state is PrivilegeState.MISSING
    assert f'CONNECT ON DATABASE "{shop}"' in checks[Feature.TABLE_SIZES].missing
    assert checks[Feature.DATABASE_SIZES].state is PrivilegeState.OK


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("SUPERUSER", "SUPERUSER"),
        ("IN ROLE pg_read_all_data", "pg_read_all_data"),
        ("IN ROLE pg_read_server_files", "pg_read_server_files"),
        ("IN ROLE pg_execute_server_program", "pg_execute_server_program"),
    ],
)
async def test_a_role_that_opens_user_data_is_too_much(
    server: PostgreSQLServer, options: str, named: str
) -> None:
    target = await server.create_role(f"LOGIN {options}")

    check = (await checks_of(target))[Feature.DATA_CLOSED]

    assert check.state is PrivilegeState.OVER_PRIVILEGED
    assert check.excess == [named]


@pytest.mark.parametrize("grant", ["SELECT", "SELECT (one)"])
async def test_a_table_that_can_be_read_is_too_much(
    server: PostgreSQLServer, account: Target, shop: str, grant: str
) -> None:
    async with server.inside(shop) as owner:
        await owner.execute(f'GRANT {grant} ON orders TO "a ""collector"""')
        check = (await checks_of(account, shop))[Feature.DATA_CLOSED]
        await owner.execute(f'REVOKE {grant} ON orders FROM "a ""collector"""')

    assert check.state is PrivilegeState.OVER_PRIVILEGED
    assert check.excess == ['SELECT ON "public"."orders"']


async def test_many_open_tables_are_named_in_part(server: PostgreSQLServer, database: str) -> None:
    target = await server.create_role()
    async with server.inside(database) as owner:
        for number in range(60):
            await owner.execute(
                f"CREATE TABLE open_{number} (); GRANT SELECT ON open_{number} TO PUBLIC"
            )

    check = (await checks_of(target, database))[Feature.DATA_CLOSED]

    assert len(check.excess) == 51
    assert check.excess[-1] == "…"
