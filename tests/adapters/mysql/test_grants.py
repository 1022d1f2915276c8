"""What an account may not see is never reported as nothing."""

import pytest

from tests.adapters.contract import QUICK
from tests.adapters.mysql.server import COLLECTOR_GRANTS, MySQLServer
from whalefall.adapters.base import Target
from whalefall.adapters.mysql import MySQLAdapter
from whalefall.adapters.mysql.grants import TABLE_PRIVILEGES, Grants
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    Quality,
    SkipReason,
    TableFact,
)
from whalefall.errors import Code, TargetProblem


@pytest.fixture(autouse=True)
async def _two_tables(server: MySQLServer, database: str) -> None:
    await server.create_tables(database, ["open", "it's secret"])


async def inventory(target: Target) -> Collected[DatabaseFact]:
    async with MySQLAdapter().connect(target, QUICK) as session:
        return await session.inventory()


async def sizes(target: Target) -> Collected[DatabaseSizeFact]:
    async with MySQLAdapter().connect(target, QUICK) as session:
        return await session.database_sizes()


async def size_of(target: Target, database: str) -> DatabaseSizeFact:
    return next(fact for fact in (await sizes(target)).items if fact.name == database)


async def tables(target: Target, database: str) -> Collected[TableFact]:
    async with MySQLAdapter().connect(target, QUICK) as session:
        return await session.table_sizes(database)


async def problem_of_tables(target: Target, database: str) -> TargetProblem:
    with pytest.raises(TargetProblem) as caught:
        await tables(target, database)
    return caught.value


async def test_account_without_privileges_claims_nothing(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account()

    databases = await inventory(target)
    problem = await problem_of_tables(target, database)

    assert not databases.complete
    assert databases.missing_grants == ["SHOW DATABASES"]
    assert database not in {fact.name for fact in databases.items}
    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED
    assert problem.hint is not None
    assert "SHOW DATABASES" in problem.hint


async def test_account_that_sees_only_names_knows_no_sizes(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("SHOW DATABASES")

    databases = await inventory(target)
    size = await size_of(target, database)
    problem = await problem_of_tables(target, database)

    reasons = {fact.name: fact.reason for fact in databases.items}
    assert databases.complete
    assert reasons[database] is SkipReason.PERMISSION
    assert size.size_bytes is None
    assert (size.quality, size.reason) == (Quality.UNAVAILABLE, SkipReason.PERMISSION)
    assert problem.problem_code is Code.TARGET_PERMISSION_DENIED
    assert problem.hint is not None
    assert "REFERENCES" in problem.hint


async def test_empty_database_is_not_proven_empty_by_seeing_nothing(
    server: MySQLServer, database: str
) -> None:
    await server.execute(f"DROP TABLE {database}.open, {database}.`it's secret`")
    target = await server.make_account("SHOW DATABASES, PROCESS")

    size = await size_of(target, database)

    assert (size.size_bytes, size.quality) == (None, Quality.UNAVAILABLE)


async def test_account_without_process_adds_up_what_tables_hold(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("REFERENCES, SHOW DATABASES")

    found = await tables(target, database)
    total = await sizes(target)

    assert found.complete
    assert found.missing_grants == total.missing_grants == ["PROCESS"]
    for fact in found.items:
        assert fact.size_bytes == 16_384
        assert fact.allocated_bytes is None
        assert (fact.quality, fact.reason) == (Quality.PARTIAL, SkipReason.PERMISSION)
    size = next(fact for fact in total.items if fact.name == database)
    assert size.size_bytes == 2 * 16_384
    assert (size.quality, size.reason) == (Quality.PARTIAL, SkipReason.PERMISSION)


async def test_account_with_process_alone_sees_files_but_does_not_vouch_for_them(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("PROCESS, SHOW DATABASES")

    total = await sizes(target)

    size = next(fact for fact in total.items if fact.name == database)
    assert (size.size_bytes or 0) >= 2 * 65_536
    assert (size.quality, size.reason) == (Quality.PARTIAL, SkipReason.PERMISSION)
    assert total.missing_grants == ["REFERENCES"]


async def test_hidden_tables_are_named_when_their_files_show(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("PROCESS")
    await server.execute(f"GRANT SELECT ON {database}.open TO {target.username}")

    found = await tables(target, database)

    assert [fact.table_name for fact in found.items] == ["open"]
    assert not found.complete
    assert [(skipped.name, skipped.reason) for skipped in found.skipped] == [
        ("it's secret", SkipReason.PERMISSION)
    ]
    assert found.missing_grants == ["REFERENCES"]


async def test_list_of_granted_tables_is_not_the_whole_list(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("SELECT", on=f"{database}.open")

    found = await tables(target, database)
    size = await size_of(target, database)

    assert [fact.table_name for fact in found.items] == ["open"]
    assert not found.complete
    assert found.missing_grants == ["PROCESS", "REFERENCES"]
    assert (size.quality, size.reason) == (Quality.PARTIAL, SkipReason.PERMISSION)


async def test_privilege_on_the_database_proves_its_tables(
    server: MySQLServer, database: str
) -> None:
    target = await server.make_account("SHOW VIEW", on=f"`{database[:-2]}%`.*")

    found = await tables(target, database)

    assert len(found.items) == 2
    assert found.complete


async def test_privilege_through_a_role_counts(server: MySQLServer, database: str) -> None:
    target = await server.make_account()
    await server.execute(
        "CREATE ROLE reader",
        f"GRANT {COLLECTOR_GRANTS} ON *.* TO reader",
        f"GRANT reader TO {target.username}",
        f"SET DEFAULT ROLE reader FOR {target.username}",
    )

    found = await tables(target, database)
    databases = await inventory(target)
    await server.execute("DROP ROLE reader")

    assert found.complete
    assert found.missing_grants == []
    assert databases.complete


async def test_the_collectors_grants_show_everything_and_no_data(
    server: MySQLServer, database: str
) -> None:
    async with MySQLAdapter().connect(server.target(), QUICK) as session:
        found = await session.table_sizes(database)
        total = await session.database_sizes()
        with pytest.raises(TargetProblem) as caught:
            await session.rows(f"SELECT * FROM {database}.open")

    assert found.complete
    assert found.missing_grants == total.missing_grants == []
    assert caught.value.problem_code is Code.TARGET_PERMISSION_DENIED


@pytest.mark.parametrize("missing", ["REFERENCES", "PROCESS"])
async def test_each_of_the_collectors_grants_is_missed_by_name(
    server: MySQLServer, database: str, missing: str
) -> None:
    kept = [grant for grant in COLLECTOR_GRANTS.split(", ") if grant != missing]
    target = await server.make_account(", ".join(kept))

    found = {*(await sizes(target)).missing_grants, *(await inventory(target)).missing_grants}

    # A privilege on all tables shows all schemas as well; for them alone there is another.
    assert found - {"SHOW DATABASES"} == {missing}
    assert ("SHOW DATABASES" in found) == (missing == "REFERENCES")


@pytest.mark.parametrize(
    "privilege", sorted(TABLE_PRIVILEGES - {"ALL PRIVILEGES", "DELETE VERSIONING ROWS"})
)
async def test_each_table_privilege_shows_all_tables(
    server: MySQLServer, database: str, privilege: str
) -> None:
    target = await server.make_account(privilege)

    found = await tables(target, database)

    assert len(found.items) == 2
    assert found.complete


def test_partial_revoke_takes_the_proof_away() -> None:
    grants = Grants.parse(
        ["GRANT SELECT, PROCESS ON *.* TO `u`@`%`", "REVOKE SELECT ON `pay`.* FROM `u`@`%`"],
        wildcards=False,
    )

    assert not grants.prove_all_tables("pay")
    assert grants.prove_all_tables("shop")
    assert not grants.prove_all_databases()


def test_line_that_is_not_understood_takes_every_proof_away() -> None:
    grants = Grants.parse(
        ["GRANT SELECT ON *.* TO `u`@`%`", "DENY SELECT ON `pay`.* TO `u`@`%`"], wildcards=True
    )

    assert not grants.prove_all_tables("shop")
    assert not grants.prove_all_databases()


def test_name_cannot_pass_for_a_grant() -> None:
    grants = Grants.parse(
        ["GRANT SELECT (`x) ON *.* TO ``y`) ON `shop`.`t` TO `u`@`%`"], wildcards=True
    )

    assert not grants.prove_all_tables("shop")
    assert grants.reach("shop")
    assert not grants.reach("pay")


@pytest.mark.parametrize(
    ("pattern", "wildcards", "covered"),
    [
        ("shop", True, True),
        ("sh_p", True, True),
        (r"sh\_p", True, False),
        ("sh%", True, True),
        ("sh_p", False, False),
        (r"shop\_", True, False),
    ],
)
def test_grants_on_a_schema_are_patterns(pattern: str, wildcards: bool, covered: bool) -> None:
    grants = Grants.parse([f"GRANT SELECT ON `{pattern}`.* TO `u`@`%`"], wildcards=wildcards)

    assert grants.prove_all_tables("shop") is covered
