"""The instances in numbers: every number is that of the list which the same filter gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import MYSQL, NOBODY, POSTGRESQL, VERA, make_credential, make_instance
from whalefall.db import WriteSession
from whalefall.domain.states import ConnectionState, DeletedFilter, InstanceStatus
from whalefall.errors import AuthenticationRequired
from whalefall.resolvers.instances import InstanceFilter, count_instances, instance_statistics


@pytest.fixture
async def estate(session: WriteSession) -> WriteSession:
    """Three MySQL, one PostgreSQL, and one of each in the recycle bin."""
    now = datetime.now(UTC)
    credential = await make_credential(session)
    mysql: dict[str, Any] = {"engine": MYSQL, "port": 3306}
    used: dict[str, Any] = {
        "credential_id": credential.id,
        "main_version": "8.4",
        "last_success_at": now,
    }
    await make_instance(session, **mysql, **used)
    await make_instance(session, **{**mysql, **used, "last_success_at": now - timedelta(days=3)})
    await make_instance(session, **mysql, is_active=False)
    await make_instance(session, main_version="18", last_failure_at=now)
    for engine in (MYSQL, POSTGRESQL):
        await make_instance(session, engine=engine, main_version="0", deleted_at=now)
    return session


async def test_all_are_counted_but_those_in_the_recycle_bin(estate: WriteSession) -> None:
    found = await instance_statistics(estate, VERA)

    assert (found.total, found.active, found.inactive, found.recycled) == (4, 3, 1, 2)
    assert (found.with_credential, found.without_credential) == (2, 2)
    assert [(row.engine, row.instances) for row in found.engines] == [(MYSQL, 3), (POSTGRESQL, 1)]
    assert [(row.port, row.instances) for row in found.ports] == [(3306, 3), (5432, 1)]
    assert [(row.engine, row.main_version, row.instances) for row in found.versions] == [
        (MYSQL, "8.4", 2),
        (MYSQL, None, 1),
        (POSTGRESQL, "18", 1),
    ]
    assert {row.state: row.instances for row in found.connections} == dict.fromkeys(
        ConnectionState, 1
    )


async def test_every_number_is_that_of_its_list(estate: WriteSession) -> None:
    found = await instance_statistics(estate, VERA)
    pairs = [
        (found.total, InstanceFilter()),
        (found.inactive, InstanceFilter(status=InstanceStatus.INACTIVE)),
        (found.recycled, InstanceFilter(deleted=DeletedFilter.ONLY)),
        (found.with_credential, InstanceFilter(has_credential=True)),
        *((row.instances, InstanceFilter(port=row.port)) for row in found.ports),
        *((row.instances, InstanceFilter(connection=row.state)) for row in found.connections),
        *(
            (
                row.instances,
                InstanceFilter(engines=[row.engine], main_version=row.main_version or ""),
            )
            for row in found.versions
        ),
    ]

    for number, filter in pairs:
        assert number == await count_instances(estate, VERA, filter), filter


async def test_no_instances_are_no_numbers(session: WriteSession) -> None:
    found = await instance_statistics(session, VERA)

    assert (found.total, found.recycled, found.engines, found.ports) == (0, 0, [], [])


async def test_strangers_learn_nothing(session: WriteSession) -> None:
    with pytest.raises(AuthenticationRequired):
        await instance_statistics(session, NOBODY)
