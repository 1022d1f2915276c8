"""Inventory and sizes of a PostgreSQL server's databases, and what an account may not see."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.postgresql.server import PostgreSQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.postgresql import PostgreSQLAdapter
from whalefall.domain.facts import DatabaseFact, DatabaseSizeFact, Quality, SkipReason

ADAPTER = PostgreSQLAdapter()


async def inventory_of(target: Target) -> dict[str, DatabaseFact]:
    async with ADAPTER.connect(target, QUICK) as session:
        collected = await session.inventory()
    assert collected.complete
    return {fact.name: fact for fact in collected.items}


async def sizes_of(target: Target) -> dict[str, DatabaseSizeFact]:
    async with ADAPTER.connect(target, QUICK) as session:
        collected = await session.database_sizes()
    assert collected.complete
    return {fact.name: fact for fact in collected.items}


@pytest.fixture
async def closed(server: PostgreSQLServer, database: str) -> str:
    """A database that nobody may enter unless granted."""
    await server.owner.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    return database


async def test_templates_and_the_maintenance_database_belong_to_the_system(
    server: PostgreSQLServer, database: str
) -> None:
    facts = await inventory_of(server.target())

    system = {name for name, fact in facts.items() if fact.is_system}
    assert system == {"postgres", "template0", "template1"}
    assert facts["template0"].reason is SkipReason.NOT_CONNECTABLE
    assert facts["template1"].reason is None
    assert facts[database].reason is None


async def test_a_providers_own_database_is_listed_but_not_entered(
    server: PostgreSQLServer,
) -> None:
    await server.create_database("rdsadmin")

    facts = await inventory_of(server.target())

    await server.drop_database("rdsadmin")
    assert facts["rdsadmin"].is_system
    assert facts["rdsadmin"].reason is SkipReason.NOT_CONNECTABLE


async def test_sizes_are_the_servers_own(server: PostgreSQLServer, database: str) -> None:
    facts = await sizes_of(server.target())

    assert facts[database].quality is Quality.EXACT
    assert facts[database].size_bytes == await server.owner.fetchval(
        "SELECT pg_database_size($1::name)", database
    )


async def test_statistics_role_sees_the_size_of_a_database_it_cannot_enter(
    server: PostgreSQLServer, closed: str
) -> None:
    inventory = await inventory_of(server.target())
    sizes = await sizes_of(server.target())

    assert inventory[closed].reason is SkipReason.PERMISSION
    assert (sizes[closed].size_bytes or 0) > 0


async def test_database_that_allows_no_connections_still_has_a_size(
    server: PostgreSQLServer, database: str
) -> None:
    await server.owner.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")

    inventory = await inventory_of(server.target())
    sizes = await sizes_of(server.target())

    assert inventory[database].reason is SkipReason.NOT_CONNECTABLE
    assert (sizes[database].size_bytes or 0) > 0


async def test_unreadable_size_is_unknown_and_does_not_cost_the_others(
    server: PostgreSQLServer, closed: str
) -> None:
    sizes = await sizes_of(await server.create_role())

    assert sizes[closed].size_bytes is None
    assert sizes[closed].quality is Quality.UNAVAILABLE
    assert sizes[closed].reason is SkipReason.PERMISSION
    assert (sizes["postgres"].size_bytes or 0) > 0


async def test_missing_grants_are_named(server: PostgreSQLServer, closed: str) -> None:
    async with ADAPTER.connect(await server.create_role(), QUICK) as session:
        inventory = await session.inventory()
        sizes = await session.database_sizes()

    assert inventory.missing_grants == [f'CONNECT ON DATABASE "{closed}"']
    assert sizes.missing_grants == ["pg_read_all_stats"]


async def test_named_grant_is_enough(server: PostgreSQLServer, closed: str) -> None:
    target = await server.create_role()
    await server.owner.execute(f"GRANT pg_read_all_stats TO {target.username}")

    sizes = await sizes_of(target)

    assert (sizes[closed].size_bytes or 0) > 0


async def test_name_in_a_foreign_encoding_does_not_cost_the_others(
    server: PostgreSQLServer,
) -> None:
    await server.owner.execute(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    )
    async with server.inside("latin") as latin:
        await latin.execute('CREATE DATABASE "café"')

    facts = await inventory_of(server.target())
    sizes = await sizes_of(server.target())

    async with server.inside("latin") as latin:
        await latin.execute('DROP DATABASE "café"')
    await server.drop_database("latin")
    assert facts["caf\\xe9"].reason is SkipReason.UNSUPPORTED
    assert (sizes["caf\\xe9"].size_bytes or 0) > 0
