"""The core graph, read through HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import (
    ORACLE,
    make_credential,
    make_database,
    make_instance,
    make_size_history,
    make_snapshot,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
    make_tag,
    make_user,
)
from tests.schema.conftest import Door
from whalefall.db import Database
from whalefall.domain.reconciliation import BucketKind, reconcile
from whalefall.domain.states import SyncStatus
from whalefall.errors import Code
from whalefall.schema.ids import global_id


async def test_an_instance_shows_what_is_known_of_it(db: Database, door: Door) -> None:
    now = datetime.now(UTC)
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        instance = await make_instance(
            session,
            name="pg-1",
            engine=ORACLE,
            port=1521,
            credential_id=credential.id,
            tags=[await make_tag(session, "prod")],
            last_success_at=now - timedelta(days=1),
            last_failure_at=now,
            last_error_code=Code.AUTH_FAILED,
            total_size_bytes=5_000_000_000,
            created_at=datetime(2024, 1, 1, 1, 0, 1, 120_000, UTC),
        )

    data = await door.data(
        """query ($id: ID!) { instance(id: $id) { id name engine port status totalSizeBytes
             sizeQuality createdAt credential { name } tags { name category }
             connection { state lastErrorCode latencyMs } } }""",
        {"id": global_id("Instance", instance.id)},
    )

    assert data["instance"] == {
        "id": global_id("Instance", instance.id),
        "name": "pg-1",
        "engine": "ORACLE",
        "port": 1521,
        "status": "ACTIVE",
        "totalSizeBytes": 5_000_000_000,
        "sizeQuality": "UNAVAILABLE",
        "createdAt": "2024-01-01T01:00:01.12+00:00",
        "credential": {"name": "reader"},
        "tags": [{"name": "prod", "category": "environment"}],
        "connection": {"state": "FAILED", "lastErrorCode": "AUTH_FAILED", "latencyMs": None},
    }


async def test_an_instance_without_a_credential_has_null(db: Database, door: Door) -> None:
    async with db.write() as session:
        await make_instance(session)

    data = await door.data("{ instances { nodes { credential { name } tags { name } } } }")

    assert data["instances"]["nodes"] == [{"credential": None, "tags": []}]


async def test_a_database_shows_size_snapshot_and_tables(db: Database, door: Door) -> None:
    async with db.write() as session:
        database = await make_database(session, name="shop", size_bytes=2**40)
        await make_table_sizes(session, database, [None, 2**33, 5])

    data = await door.data(
        """{ databases { nodes { name isActive sizeBytes freshness sizeQuality
             firstSeenOn instance { engine }
             tableSnapshot { status complete tableCount lastError { code } skipped { name } }
             tableSizes { totalCount nodes { sizeBytes sizeMb kind quality } } } } }"""
    )

    (node,) = data["databases"]["nodes"]
    assert node == {
        "name": "shop",
        "isActive": True,
        "sizeBytes": 2**40,
        "freshness": "FRESH",
        "sizeQuality": "EXACT",
        "firstSeenOn": "2026-01-01",
        "instance": {"engine": "POSTGRESQL"},
        "tableSnapshot": {
            "status": "READY",
            "complete": True,
            "tableCount": 3,
            "lastError": None,
            "skipped": [],
        },
        "tableSizes": {
            "totalCount": 3,
            "nodes": [
                {"sizeBytes": 2**33, "sizeMb": 8192, "kind": "TABLE", "quality": "EXACT"},
                {"sizeBytes": 5, "sizeMb": 5 / 2**20, "kind": "TABLE", "quality": "EXACT"},
                {"sizeBytes": None, "sizeMb": None, "kind": "TABLE", "quality": "UNAVAILABLE"},
            ],
        },
    }


async def test_a_database_that_was_never_refreshed_has_no_snapshot(
    db: Database, door: Door
) -> None:
    async with db.write() as session:
        await make_database(session)

    data = await door.data("{ databases { nodes { tableSnapshot { status } } } }")

    assert data["databases"]["nodes"] == [{"tableSnapshot": None}]


async def test_a_snapshot_says_what_failed_and_what_was_skipped(db: Database, door: Door) -> None:
    skipped = [{"schema_name": "s", "name": f"t{n}", "reason": "PERMISSION"} for n in range(3)]
    async with db.write() as session:
        database = await make_database(session)
        await make_snapshot(
            session,
            database,
            skipped=skipped,
            last_error_code=Code.DATABASE_TIMEOUT,
            last_error_message="Too slow.",
        )

    query = """query ($id: ID!, $first: Int) { database(id: $id) { tableSnapshot { status
         lastError { code message field } skipped(first: $first) { schemaName name reason } } } }"""
    variables = {"id": global_id("Database", database.id)}
    snapshot = (await door.data(query, variables | {"first": 1}))["database"]["tableSnapshot"]

    assert snapshot == {
        "status": "FAILED",
        "lastError": {"code": "DATABASE_TIMEOUT", "message": "Too slow.", "field": None},
        "skipped": [{"schemaName": "s", "name": "t0", "reason": "PERMISSION"}],
    }
    assert await door.code(query, variables | {"first": -1}) == "BAD_USER_INPUT"


@pytest.mark.parametrize("owner", ["database", "instance"])
async def test_sizes_of_past_days_are_listed(db: Database, door: Door, owner: str) -> None:
    async with db.write() as session:
        database = await make_database(session)
        await make_size_history(session, database, {datetime.now(UTC).date(): 7})

    row_id = database.id if owner == "database" else database.instance_id
    variables = {
        "id": global_id(owner.title(), row_id),
        "day": datetime.now(UTC).date().isoformat(),
    }
    data = await door.data(
        f"""query ($id: ID!, $day: Date) {{ {owner}(id: $id) {{
             sizeHistory(from: $day, to: $day) {{ date sizeBytes databaseCount }}
             before: sizeHistory(to: "2020-01-01") {{ date }} }} }}""",
        variables,
    )

    count = None if owner == "database" else 1
    point = {"date": variables["day"], "sizeBytes": 7, "databaseCount": count}
    assert data == {owner: {"sizeHistory": [point], "before": []}}


async def test_a_credential_shows_its_users_and_no_secret(db: Database, door: Door) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        for name in ("b", "a", "c"):
            deleted_at = datetime.now(UTC) if name == "c" else None
            await make_instance(
                session, name=name, credential_id=credential.id, deleted_at=deleted_at
            )

    data = await door.data(
        """{ credentials { nodes { credentialType engine usage { instanceCount
             instances { name } first: instances(first: 1) { name } } } } }"""
    )
    fields = await door.data('{ __type(name: "Credential") { fields { name } } }')

    assert data["credentials"]["nodes"] == [
        {
            "credentialType": "DATABASE",
            "engine": None,
            "usage": {
                "instanceCount": 3,
                "instances": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
                "first": [{"name": "a"}],
            },
        }
    ]
    assert not {"password", "passwordCiphertext", "keyId"} & {
        field["name"] for field in fields["__type"]["fields"]
    }


async def test_a_sync_session_shows_its_records(db: Database, door: Door) -> None:
    async with db.write() as session:
        user = await make_user(session, username="ada")
        run = await make_sync_session(session, created_by_id=user.id, total=2)
        database = await make_database(session, name="shop")
        await make_sync_record(
            session,
            run,
            database_id=database.id,
            instance_id=database.instance_id,
            status=SyncStatus.FAILED,
            error_code=Code.TLS_ERROR,
            error_message="No TLS.",
            progress=0.5,
        )
        await make_sync_record(session, run)

    data = await door.data(
        """{ syncSessions { nodes { category trigger status total createdBy { username csrfToken }
             records(filter: {statuses: [FAILED]}) { totalCount nodes { status progress
               error { code message } database { name } instance { engine }
               session { total } } } } } }"""
    )

    assert data["syncSessions"]["nodes"] == [
        {
            "category": "CAPACITY",
            "trigger": "MANUAL",
            "status": "COMPLETED",
            "total": 2,
            "createdBy": {"username": "ada", "csrfToken": None},
            "records": {
                "totalCount": 1,
                "nodes": [
                    {
                        "status": "FAILED",
                        "progress": 0.5,
                        "error": {"code": "TLS_ERROR", "message": "No TLS."},
                        "database": {"name": "shop"},
                        "instance": {"engine": "POSTGRESQL"},
                        "session": {"total": 2},
                    }
                ],
            },
        }
    ]


async def test_parts_are_shown_of_the_size_and_of_the_tables(db: Database, door: Door) -> None:
    parts = reconcile({BucketKind.LOG: 30, BucketKind.DATA: 50}, database_bytes=100)
    assert parts is not None
    async with db.write() as session:
        database = await make_database(
            session,
            size_bytes=100,
            used_bytes=80,
            ceiling_bytes=500,
            reconciliation=parts.to_json(),
        )
        await make_snapshot(session, database, reconciliation=parts.to_json())
        bare = await make_database(session, size_bytes=100)
        await make_snapshot(session, bare)
    query = """query ($id: ID!) { database(id: $id) { usedBytes ceilingBytes
        sizeReconciliation { objectsBytes databaseBytes allocatedBytes wholeBytes
                             unattributedBytes buckets { kind bytes } }
        tableSnapshot { reconciliation { wholeBytes } } } }"""

    data = await door.data(query, {"id": global_id("Database", database.id)})
    without = await door.data(query, {"id": global_id("Database", bare.id)})

    assert data["database"] == {
        "usedBytes": 80,
        "ceilingBytes": 500,
        "sizeReconciliation": {
            "objectsBytes": None,
            "databaseBytes": 100,
            "allocatedBytes": None,
            "wholeBytes": 100,
            "unattributedBytes": 20,
            "buckets": [
                {"kind": "DATA", "bytes": 50},
                {"kind": "LOG", "bytes": 30},
                {"kind": "UNATTRIBUTED", "bytes": 20},
            ],
        },
        "tableSnapshot": {"reconciliation": {"wholeBytes": 100}},
    }
    assert without["database"]["sizeReconciliation"] is None
    assert without["database"]["tableSnapshot"] == {"reconciliation": None}
