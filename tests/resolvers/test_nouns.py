"""The ordinary operations on any noun: order, nullability, relations, statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Column, event
from sqlalchemy.sql.elements import Label
from sqlalchemy.sql.selectable import Join

from tests.factories import (
    ADA,
    MYSQL,
    NOBODY,
    ORACLE,
    VERA,
    make_api_token,
    make_credential,
    make_database,
    make_instance,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
    make_tag,
    make_user,
)
from whalefall.db import Database, WriteSession
from whalefall.domain.paging import Direction, OrderBy, Page, PageRequest
from whalefall.errors import AuthenticationRequired, NotFound
from whalefall.resolvers.credentials import CREDENTIALS
from whalefall.resolvers.databases import DATABASES
from whalefall.resolvers.instances import INSTANCES
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.noun import Noun, Relation
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.sync import SYNC_RECORDS, SYNC_SESSIONS
from whalefall.resolvers.table_sizes import TABLE_SIZES, TABLE_SNAPSHOTS
from whalefall.resolvers.tags import TAGS
from whalefall.resolvers.users import API_TOKENS

NOUNS: list[Noun[Any]] = [
    INSTANCES,
    DATABASES,
    TAGS,
    CREDENTIALS,
    SYNC_SESSIONS,
    SYNC_RECORDS,
    TABLE_SIZES,
    TABLE_SNAPSHOTS,
    API_TOKENS,
]
PARENTS: dict[str, Relation] = {
    "TableSize": DATABASES.relations["table_sizes"],
    "SyncRecord": SYNC_SESSIONS.relations["records"],
}
WALKS = [
    pytest.param(noun, field, direction, id=f"{noun.name}-{field}-{direction}")
    for noun in NOUNS
    for field in noun.orders
    for direction in Direction
]
# An INNER JOIN's row is there only once a snapshot was taken.
PROMISED = {("TableSize", "collected_at")}


@pytest.fixture
async def parents(session: WriteSession) -> dict[str, int]:
    """Rows of every noun, with ties and nulls in what they are ordered by; some parents' ids."""
    tag = await make_tag(session)
    await make_tag(session, category=tag.category)
    credential = await make_credential(session, description="for all")
    await make_credential(session, engine=MYSQL)
    instances = [
        await make_instance(session, total_size_bytes=size, host=host, tags=[tag])
        for size, host in [(1, "a"), (1, "b"), (None, "b"), (None, "c"), (7, "a")]
    ]
    await make_instance(session, engine=ORACLE, credential_id=credential.id)
    databases = [
        await make_database(session, instance, name=name, size_bytes=size)
        for instance in instances
        for name, size in [("shop", 5), ("billing", None), ("crm", 5)]
    ]
    await make_table_sizes(session, databases[0], [4, None, 4, 0, None, 9])
    await make_table_sizes(session, databases[0 + 1], [], row_count=3)
    sync = await make_sync_session(session)
    await make_sync_session(session)
    await make_sync_record(session, sync)
    for instance in instances:
        await make_sync_record(session, sync, instance_id=instance.id, progress=0.5)
    user = await make_user(session)
    for name in ("a", "b", "a"):
        scopes = ["VIEW"] if name == "a" else None
        await make_api_token(session, user, name=name, scopes=scopes)
    return {"TableSize": databases[0].id, "SyncRecord": sync.id}


async def read(
    session: WriteSession, noun: Noun[Any], parents: dict[str, int], listing: Listing
) -> Page[Any]:
    if noun.name not in PARENTS:
        reader = ADA if noun is API_TOKENS else VERA  # who sees others' tokens administers
        return await reading.list_rows(session, reader, noun, listing)
    key = parents[noun.name]
    pages = await reading.related_pages(session, VERA, PARENTS[noun.name], [key], listing)
    return pages[key]


@pytest.mark.parametrize(("noun", "field", "direction"), WALKS)
async def test_both_walks_of_every_order_see_each_row_exactly_once(
    session: WriteSession,
    parents: dict[str, int],
    noun: Noun[Any],
    field: StrEnum,
    direction: Direction,
) -> None:
    order = OrderBy(field, direction)
    everything = await read(
        session, noun, parents, Listing(order=order, page=PageRequest(first=noun.max_page_size))
    )
    forward: list[Any] = []
    cursor = None
    more = True
    while more:
        page = PageRequest(first=2, after=cursor)
        got = await read(session, noun, parents, Listing(order=order, page=page))
        assert got.info.has_previous_page == (cursor is not None)
        forward += got.rows
        cursor, more = got.info.end_cursor, got.info.has_next_page
    backward: list[Any] = []
    cursor = None
    more = True
    while more:
        page = PageRequest(last=2, before=cursor)
        got = await read(session, noun, parents, Listing(order=order, page=page))
        assert got.info.has_next_page == (cursor is not None)
        backward = got.rows + backward
        cursor, more = got.info.start_cursor, got.info.has_previous_page

    assert len(everything.rows) >= 2
    assert forward == everything.rows
    assert backward == everything.rows
    _assert_sorted(everything.rows, noun.orders[field], direction)


def _assert_sorted(rows: list[Any], columns: tuple[str, ...], direction: Direction) -> None:
    """Nulls come last whatever the direction, and equal keys by id in the same direction."""
    first = [getattr(row, columns[0]) for row in rows]
    known = [value for value in first if value is not None]
    assert first[: len(known)] == known
    keys = [
        (*(getattr(row, column) for column in columns), row.id)
        for row in rows
        if getattr(row, columns[0]) is not None
    ]
    assert keys == sorted(keys, reverse=direction == Direction.DESC)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_a_row_is_nullable_where_its_column_is(noun: Noun[Any]) -> None:
    outer = set(_outer_tables(noun.view.get_final_froms()))

    for name, kind in noun.kinds.items():
        column = noun.view.selected_columns[name]
        if isinstance(column, Label):
            column = column.element
        if isinstance(column, Column) and (noun.name, name) not in PROMISED:
            assert kind.nullable == (bool(column.nullable) or column.table in outer), name


def _outer_tables(froms: Any) -> Iterator[Any]:
    for source in froms:
        if isinstance(source, Join):
            if source.isouter:
                yield source.right
            yield from _outer_tables([source.left, source.right])


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
async def test_rows_hold_what_their_annotations_say(
    session: WriteSession, parents: dict[str, int], noun: Noun[Any]
) -> None:
    page = await read(session, noun, parents, Listing())

    assert page.rows
    for row in page.rows:
        for name, (kind, nullable) in noun.kinds.items():
            value = getattr(row, name)
            plain = getattr(kind, "__origin__", kind)
            assert nullable if value is None else isinstance(value, plain), name


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_every_field_of_rows_and_filters_is_described(noun: Noun[Any]) -> None:
    for cls in (noun.row, noun.filter):
        for field in cls.__dataclass_fields__.values():  # type: ignore[attr-defined]
            assert field.metadata["description"].endswith("."), field.name


async def test_nobody_reads_nothing(session: WriteSession) -> None:
    for noun in NOUNS:
        with pytest.raises(AuthenticationRequired):
            await reading.list_rows(session, NOBODY, noun, Listing())


async def test_an_unknown_row_is_not_found(session: WriteSession) -> None:
    with pytest.raises(NotFound):
        await reading.get_row(session, VERA, TAGS, 2**62)


async def test_relations_lead_from_row_to_row(
    session: WriteSession, parents: dict[str, int]
) -> None:
    page = await reading.list_rows(session, VERA, INSTANCES, Listing())
    keys = [row.id for row in page.rows]
    tags = await reading.related_rows(session, VERA, INSTANCES.relations["tags"], keys)
    counts = await reading.related_counts(
        session, VERA, INSTANCES.relations["databases"], keys, None
    )
    ours = [row.credential_id for row in page.rows]
    found = await reading.related_rows(session, VERA, INSTANCES.relations["credential"], ours)

    assert {len(tags[row.id]) for row in page.rows} == {0, 1}
    assert [tag.name for tag in tags[keys[0]]] == page.rows[0].tag_names
    assert sorted(counts.values()) == [0, 3, 3, 3, 3, 3]
    assert found[None] == []
    assert sum(len(rows) for rows in found.values()) == 1


async def test_a_nested_page_is_cut_for_each_parent(
    session: WriteSession, parents: dict[str, int]
) -> None:
    page = await reading.list_rows(session, VERA, INSTANCES, Listing())
    keys = [row.id for row in page.rows]
    listing = Listing(page=PageRequest(first=2))

    pages = await reading.related_pages(
        session, VERA, INSTANCES.relations["databases"], keys, listing
    )

    assert sorted(len(page.rows) for page in pages.values()) == [0, 2, 2, 2, 2, 2]
    assert [row.name for row in pages[keys[0]].rows] == ["billing", "crm"]


async def test_a_list_is_one_statement_however_long(
    opened_database: Database, session: WriteSession, parents: dict[str, int]
) -> None:
    for noun in NOUNS:
        with _statements(opened_database) as statements:
            page = await read(session, noun, parents, Listing())
        assert len(page.rows) > 1
        assert len(statements) == 1, noun.name


async def test_a_stream_yields_every_row_once(
    session: WriteSession, parents: dict[str, int]
) -> None:
    page = await reading.list_rows(session, ADA, DATABASES, Listing())

    streamed = [row async for row in reading.stream_rows(session, ADA, DATABASES, Listing())]

    assert streamed == page.rows


@contextmanager
def _statements(db: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    yield seen
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)
