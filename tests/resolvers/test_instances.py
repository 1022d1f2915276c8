"""Instances: how they are read, narrowed and written as CSV."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import (
    MYSQL,
    VERA,
    make_credential,
    make_instance,
    make_tag,
)
from whalefall.db import WriteSession
from whalefall.domain.states import ConnectionState, DeletedFilter, InstanceStatus
from whalefall.resolvers.instances import (
    InstanceFilter,
    count_instances,
    get_instance,
    instances_csv,
    list_instances,
)


async def names(session: Any, filter: InstanceFilter | None = None) -> list[str]:
    page = await list_instances(session, VERA, filter)
    assert await count_instances(session, VERA, filter) == len(page.rows)
    return [row.name for row in page.rows]


async def test_deleted_instances_are_left_out_unless_asked_for(session: WriteSession) -> None:
    await make_instance(session, name="here")
    await make_instance(session, name="paused", is_active=False)
    await make_instance(session, name="gone", deleted_at=datetime.now(UTC))

    assert await names(session) == ["here", "paused"]
    assert await names(session, InstanceFilter(deleted=DeletedFilter.ONLY)) == ["gone"]
    assert len(await names(session, InstanceFilter(deleted=DeletedFilter.INCLUDE))) == 3


async def test_status_tells_active_inactive_and_deleted_apart(session: WriteSession) -> None:
    await make_instance(session, name="here")
    await make_instance(session, name="paused", is_active=False)
    gone = await make_instance(session, name="gone", deleted_at=datetime.now(UTC))

    for status, name in [("ACTIVE", "here"), ("INACTIVE", "paused"), ("DELETED", "gone")]:
        filter = InstanceFilter(status=InstanceStatus(status), deleted=DeletedFilter.INCLUDE)
        assert await names(session, filter) == [name]
    assert (await get_instance(session, VERA, gone.id)).status is InstanceStatus.DELETED


async def test_filters_narrow_together(session: WriteSession) -> None:
    prod = await make_tag(session, "prod")
    credential = await make_credential(session)
    await make_instance(session, name="a_1", engine=MYSQL, tags=[prod])
    await make_instance(session, name="ab1", engine=MYSQL, credential_id=credential.id)
    await make_instance(session, name="c", host="A_1.example.com", description="sh%p")

    assert await names(session, InstanceFilter(search="a_1")) == ["a_1", "c"]
    assert await names(session, InstanceFilter(search="a_1", engines=[MYSQL])) == ["a_1"]
    assert await names(session, InstanceFilter(search="H%")) == ["c"]
    assert await names(session, InstanceFilter(tags=["prod"])) == ["a_1"]
    assert await names(session, InstanceFilter(tags=[])) == []
    assert await names(session, InstanceFilter(credential_id=credential.id)) == ["ab1"]


@pytest.mark.parametrize(
    ("success", "failure", "state"),
    [
        (None, None, ConnectionState.UNKNOWN),
        (None, 1, ConnectionState.FAILED),
        (25, None, ConnectionState.GOOD),
        (27, None, ConnectionState.STALE),
        (1, 2, ConnectionState.GOOD),
        (2, 1, ConnectionState.FAILED),
        (30, 40, ConnectionState.STALE),
    ],
)
async def test_connection_state_follows_the_last_attempt(
    session: WriteSession, success: int | None, failure: int | None, state: ConnectionState
) -> None:
    now = datetime.now(UTC)
    success_at, failure_at = (
        None if hours is None else now - timedelta(hours=hours) for hours in (success, failure)
    )
    instance = await make_instance(session, last_success_at=success_at, last_failure_at=failure_at)

    row = await get_instance(session, VERA, instance.id)

    assert row.connection_state is state


async def test_the_csv_names_the_credential_and_counts_databases(session: WriteSession) -> None:
    credential = await make_credential(session, name="=readers")
    await make_instance(
        session, name="a", credential_id=credential.id, database_count=3, total_size_bytes=9
    )
    await make_instance(session, name="b")

    sql, values = instances_csv(VERA)
    connection = await (await session.connection()).get_raw_connection()
    driver: Any = connection.driver_connection
    written = io.BytesIO()
    await driver.copy_from_query(sql, *values, output=written, format="csv", header=True)
    first, second = csv.DictReader(io.StringIO(written.getvalue().decode(), newline=""))

    assert list(first)[:4] == ["name", "engine", "host", "port"]
    assert (first["credential"], first["databases"], first["size_bytes"]) == ("'=readers", "3", "9")
    assert (second["credential"], second["databases"], second["status"]) == ("", "", "ACTIVE")
