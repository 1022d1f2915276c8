"""The privilege doctor: what it says of an account, and that a server's trouble is an answer."""

from collections.abc import Iterator

import pytest

from tests.factories import ADA, VERA, make_credential, make_database, make_instance
from tests.fake_engine import FAKE, FakeServer, registered
from whalefall.db import Database
from whalefall.domain.privileges import Feature, PrivilegeState
from whalefall.errors import Code, NotFound, PermissionRequired, TargetProblem
from whalefall.resolvers.collection import privilege_report


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with registered(FakeServer()) as server:
        yield server


@pytest.fixture
async def instance_id(db: Database) -> int:
    async with db.write() as session:
        credential = await make_credential(session, keys=db.keys, username="looker")
        instance = await make_instance(
            session, engine=FAKE, host="127.0.0.1", port=1, credential_id=credential.id
        )
        await make_database(session, instance, name="shop")
        await make_database(session, instance, name="catalog", is_system=True)
        await make_database(session, instance, name="gone", is_active=False)
        return instance.id


async def test_an_account_that_fits_is_ok(
    db: Database, server: FakeServer, instance_id: int
) -> None:
    report = await privilege_report(db, ADA, instance_id)

    assert report.state is PrivilegeState.OK
    assert [check.feature for check in report.checks] == list(Feature)
    assert (report.account, report.version, report.problem) == ("looker", "Fake 1.2", None)
    assert report.script.create == "MAKE looker; SHOW shop"


@pytest.mark.parametrize(
    ("missing", "excess", "state"),
    [
        ([], ["READ"], PrivilegeState.OVER_PRIVILEGED),
        (["LOOK"], [], PrivilegeState.MISSING),
        (["LOOK"], ["READ"], PrivilegeState.MISSING),
    ],
    ids=["too much", "too little", "both"],
)
async def test_the_worst_check_is_the_state(
    db: Database,
    server: FakeServer,
    instance_id: int,
    missing: list[str],
    excess: list[str],
    state: PrivilegeState,
) -> None:
    server.missing_grants, server.excess = missing, excess

    assert (await privilege_report(db, ADA, instance_id)).state is state


async def test_a_server_that_does_not_answer_is_a_report_too(
    db: Database, server: FakeServer, instance_id: int
) -> None:
    server.problem = TargetProblem("It is down.", code=Code.DATABASE_CONNECTION_ERROR)

    report = await privilege_report(db, ADA, instance_id)

    assert report.state is PrivilegeState.UNKNOWN
    assert report.checks == []
    assert report.problem is server.problem
    assert report.script.drop == "UNMAKE looker"


async def test_a_viewer_may_not_have_a_server_dialled(
    db: Database, server: FakeServer, instance_id: int
) -> None:
    with pytest.raises(PermissionRequired):
        await privilege_report(db, VERA, instance_id)

    assert server.connected == 0


async def test_an_unknown_instance_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound):
        await privilege_report(db, ADA, 1)
