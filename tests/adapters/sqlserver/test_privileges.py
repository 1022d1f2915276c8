"""What the doctor says of logins, on each version; the permissions are those of the stand-in."""

import pytest

from tests.adapters.contract import QUICK
from tests.tds.instance import VERSIONS, TdsInstance
from whalefall.adapters.base import Target
from whalefall.adapters.sqlserver import SQLServerAdapter
from whalefall.adapters.sqlserver.privileges import needed
from whalefall.domain.facts import ServerFact
from whalefall.domain.privileges import Feature, PrivilegeCheck, PrivilegeState

ADAPTER = SQLServerAdapter()
MAJORS = {year: int(version.split(".")[0]) for year, version in VERSIONS.items()}


def all_of(year: str) -> list[str]:
    return sorted({name for feature in Feature for name in needed(feature, MAJORS[year])})


async def checks_of(target: Target) -> dict[Feature, PrivilegeCheck]:
    async with ADAPTER.connect(target, QUICK) as session:
        checks = await session.privileges()
    assert [check.feature for check in checks] == list(Feature)
    return {check.feature: check for check in checks}


@pytest.mark.parametrize("year", VERSIONS)
async def test_the_documented_set_is_enough(tds: TdsInstance, year: str, database: str) -> None:
    tds.server.version = VERSIONS[year]
    await tds.create_tables(database, ["orders"])
    target = await tds.make_login(*all_of(year))

    assert {check.state for check in (await checks_of(target)).values()} == {PrivilegeState.OK}
    async with ADAPTER.connect(target, QUICK, database=database) as session:
        assert (await session.inventory()).missing_grants == []
        assert (await session.database_sizes()).missing_grants == []
        assert (await session.table_sizes(database)).complete


@pytest.mark.parametrize(
    ("year", "taken"), [(year, name) for year in VERSIONS for name in all_of(year)]
)
async def test_every_permission_is_needed(tds: TdsInstance, year: str, taken: str) -> None:
    tds.server.version = VERSIONS[year]
    target = await tds.make_login(*(name for name in all_of(year) if name != taken))

    checks = await checks_of(target)

    lacking = [check for check in checks.values() if check.state is PrivilegeState.MISSING]
    assert [check.feature for check in lacking] == [
        feature for feature in Feature if taken in needed(feature, MAJORS[year])
    ]
    assert all(check.missing == [taken] for check in lacking)


@pytest.mark.parametrize("name", ["CONTROL SERVER", "SELECT ALL USER SECURABLES"])
async def test_a_permission_that_opens_user_data_is_too_much(tds: TdsInstance, name: str) -> None:
    check = (await checks_of(await tds.make_login(name)))[Feature.DATA_CLOSED]

    assert check.state is PrivilegeState.OVER_PRIVILEGED
    assert name in check.excess


async def test_the_script_names_the_permissions_of_the_version() -> None:
    def script(year: str) -> str:
        server = ServerFact(
            product="SQL Server", version="", main_version=year, banner="", latency_ms=1
        )
        return ADAPTER.account_script(server, "a]b", []).create

    assert "GRANT VIEW SERVER STATE TO [a]]b];" in script("2019")
    assert "GRANT VIEW SERVER PERFORMANCE STATE TO [a]]b];" in script("2022")
    assert ADAPTER.account_script(None, "a]b", []).drop == "DROP LOGIN [a]]b];"
