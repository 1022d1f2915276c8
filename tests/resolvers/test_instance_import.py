"""Importing instances: each row stands or falls by itself, and says why."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select

from tests.factories import (
    ADA,
    MYSQL,
    OTTO,
    POSTGRESQL,
    make_credential,
    make_instance,
    make_tag,
)
from tests.waiting import until_waiting
from whalefall.db import Database, WriteSession
from whalefall.domain.states import CredentialType
from whalefall.errors import BadInput, Code, PermissionRequired
from whalefall.models.instances import Instance
from whalefall.models.logs import AuditEntry
from whalefall.resolvers.instances import (
    ImportRow,
    ImportStatus,
    InstanceFilter,
    check_import,
    import_instances,
    instances_csv,
    list_instances,
)

READY, CREATED, REFUSED = ImportStatus


def problems_of(row: ImportRow) -> list[tuple[str, str]]:
    """Column and message of everything that is wrong with a row."""
    return [
        (problem.field[0] if problem.field else "", problem.message) for problem in row.problems
    ]


async def checked(session: WriteSession, *lines: str) -> list[ImportRow]:
    return (await check_import(session, ADA, "\n".join(lines))).rows


async def stored(session: WriteSession) -> dict[str, Instance]:
    rows = (await session.execute(select(Instance))).scalars()
    return {row.name: row for row in rows}


async def test_columns_may_come_in_any_order(session: WriteSession) -> None:
    await make_credential(session, name="reader", engine=POSTGRESQL)
    await make_tag(session, "prod")
    await make_tag(session, "eu")
    csv = (
        "tags;host;is_active;name;db_type;credential;port;database_name;description\n"
        "prod,eu;db.example;否;orders;pg;reader;5433;shop;the shop's\n"
    )

    (row,) = (await import_instances(session, ADA, csv)).rows

    assert (row.status, row.problems) == (CREATED, [])
    (instance,) = (await list_instances(session, ADA)).rows
    assert (instance.name, instance.engine, instance.host) == ("orders", POSTGRESQL, "db.example")
    assert (instance.port, instance.database_name) == (5433, "shop")
    assert (instance.is_active, instance.tag_names) == (False, ["eu", "prod"])
    assert instance.credential_id is not None
    (entry,) = (await session.execute(select(AuditEntry))).scalars()
    assert (entry.action, entry.object_id) == ("instance.created", instance.id)
    assert entry.before is None
    assert (entry.after or {})["tag_names"] == ["eu", "prod"]


async def test_what_a_row_leaves_out_is_the_usual(session: WriteSession) -> None:
    await import_instances(session, ADA, "name,db_type,host\norders,mariadb,db\n")

    instance = (await stored(session))["orders"]
    assert (instance.engine, instance.port, instance.is_active) == (MYSQL, 3306, True)
    assert (instance.description, instance.credential_id) == (None, None)
    assert instance.tls_mode == "PREFER"


async def test_a_dry_run_writes_nothing(session: WriteSession) -> None:
    rows = await checked(session, "name,db_type,host", "orders,mysql,db")

    assert [row.status for row in rows] == [READY]
    assert await stored(session) == {}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"name": ""}, ("name", "Enter 1 to 100 characters.")),
        ({"name": "taken"}, ("name", "There is already an instance taken.")),
        (
            {"name": "binned"},
            ("name", "The name binned belongs to an instance in the recycle bin."),
        ),
        ({"db_type": "sybase"}, ("db_type", "Choose one of MYSQL, POSTGRESQL, SQLSERVER, ORACLE.")),
        ({"host": "no host"}, ("host", "Enter a host name, an IPv4 or an IPv6 address.")),
        ({"port": "70000"}, ("port", "Enter a port from 1 to 65535.")),
        ({"port": "-1"}, ("port", "Enter a port from 1 to 65535.")),
        ({"description": "x" * 501}, ("description", "Enter at most 500 characters.")),
        ({"credential": "nobody"}, ("credential", "There is no such credential.")),
        ({"credential": "off"}, ("credential", "This credential is inactive.")),
        ({"credential": "shell"}, ("credential", "This credential is not for databases.")),
        ({"credential": "pg"}, ("credential", "This credential is for another engine.")),
        ({"tags": "prod;nope"}, ("tags", "There are no tags nope.")),
        ({"is_active": "perhaps"}, ("is_active", "Enter true or false.")),
        ({"is_active": "yes,more"}, ("", "The row has more cells than the header.")),
    ],
)
async def test_a_row_says_which_column_is_wrong(
    session: WriteSession, cells: dict[str, str], expected: tuple[str, str]
) -> None:
    await make_instance(session, name="taken")
    await make_instance(session, name="binned", deleted_at=datetime.now(UTC))
    await make_credential(session, name="off", is_active=False)
    await make_credential(session, name="shell", credential_type=CredentialType.SSH)
    await make_credential(session, name="pg", engine=POSTGRESQL)
    await make_tag(session, "prod")
    usual = {"name": "new", "db_type": "mysql", "host": "db", "port": "", "description": ""}
    row = {**usual, "credential": "", "tags": "", "is_active": "", **cells}

    (found,) = await checked(session, ",".join(row), ",".join(row.values()))

    assert (found.status, problems_of(found)) == (REFUSED, [expected])


async def test_everything_that_is_wrong_with_a_row_is_said_at_once(session: WriteSession) -> None:
    (row,) = await checked(session, "name,db_type,host,port,tags", ",what,!,x,nope")

    columns = [column for column, _ in problems_of(row)]
    assert columns == ["name", "db_type", "host", "port", "tags"]


async def test_all_rows_of_one_name_are_refused_and_name_each_other(session: WriteSession) -> None:
    rows = await checked(
        session, "name,db_type,host", "a,mysql,db", "b,mysql,db", "a,mysql,other", "a,mysql,third"
    )

    assert [row.status for row in rows] == [REFUSED, READY, REFUSED, REFUSED]
    assert [problems_of(row) for row in rows if row.problems] == [
        [("name", "Line 4 has the same name.")],
        [("name", "Line 2 has the same name.")],
        [("name", "Line 2 has the same name.")],
    ]
    assert rows[0].problems[0].problem_code == Code.NAME_EXISTS


async def test_good_rows_are_added_and_the_others_are_handed_back(session: WriteSession) -> None:
    csv = "name,db_type,host\ngood,mysql,db\nbad,mysql,no host\n"

    result = await import_instances(session, ADA, csv)

    assert [row.status for row in result.rows] == [CREATED, REFUSED]
    assert result.rest == "name,db_type,host\nbad,mysql,no host\n"
    assert set(await stored(session)) == {"good"}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("name,db_type,host,colour", "There is no column colour."),
        ("name,host", "The header lacks db_type."),
        ("name,db_type,engine,host", "Two columns mean db_type."),
    ],
)
async def test_a_header_that_is_not_ours_is_refused(
    session: WriteSession, header: str, message: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await checked(session, header, "a,b,c,d")

    assert refused.value.message == message


async def test_only_who_may_create_imports(session: WriteSession) -> None:
    for operation in (check_import, import_instances):
        with pytest.raises(PermissionRequired):
            await operation(session, OTTO, "name,db_type,host\na,mysql,db\n")


async def test_a_name_taken_meanwhile_costs_only_its_row(db: Database) -> None:
    async def importing() -> list[ImportRow]:
        async with db.write() as session:
            csv = "name,db_type,host\na,mysql,x\nb,mysql,y\n"
            return (await import_instances(session, ADA, csv)).rows

    async with db.write() as other:
        await make_instance(other, name="a")
        running = asyncio.create_task(importing())
        await until_waiting(db)  # it saw the name free, and now meets it at the insert
    rows = await running

    assert [row.status for row in rows] == [REFUSED, CREATED]
    assert problems_of(rows[0]) == [("name", "There is already an instance a.")]


async def test_what_was_exported_can_be_imported_again(db: Database) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        tags = [await make_tag(session, "prod"), await make_tag(session, "eu")]
        await make_instance(
            session,
            name="=orders",
            host="10.0.0.1",
            port=5433,
            database_name="shop",
            description='two\nlines, "quoted"',
            credential_id=credential.id,
            tags=tags,
            total_size_bytes=7,
        )
        await make_instance(session, name="paused", is_active=False)
    columns: Any = ("name", "engine", "host", "port", "database_name", "description")
    columns = (*columns, "credential_id", "tag_names", "is_active")

    async def told() -> list[Any]:
        async with db.read() as session:
            rows = (await list_instances(session, ADA)).rows
        return [[getattr(row, name) for name in columns] for row in rows]

    before, chunks = await told(), bytearray()

    async def keep(chunk: bytes) -> None:
        chunks.extend(chunk)

    await db.copy(instances_csv(ADA, InstanceFilter()), keep, header=True)
    async with db.write() as session:
        for instance in (await session.execute(select(Instance))).scalars():
            instance.name = f"old {instance.id}"
            instance.deleted_at = datetime.now(UTC)
    async with db.write() as session:
        result = await import_instances(session, ADA, chunks.decode())

    assert [row.problems for row in result.rows] == [[], []]
    assert await told() == before


async def test_thousands_of_rows_take_a_handful_of_statements(db: Database) -> None:
    async with db.write() as session:
        await session.execute(
            insert(Instance),
            [{"name": f"db-{n}", "engine": "MYSQL", "host": "x", "port": 1} for n in range(100)],
        )
        await make_tag(session, "prod")
    csv = "name,db_type,host,tags\n" + "".join(f"db-{n},pg,db{n},prod\n" for n in range(1500))
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    try:
        async with db.write() as session:
            result = await import_instances(session, ADA, csv)
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", note)

    assert (len(result.of(CREATED)), len(result.of(REFUSED))) == (1400, 100)
    assert len(statements) < 15
    async with db.read() as later:
        count = (await later.execute(select(func.count(AuditEntry.id)))).scalar_one()
    assert count == 1400
