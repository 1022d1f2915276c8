"""Pages of any noun: their limits, and cursors that are damaged, foreign or in the way."""

import base64
import json
from typing import Any

import pytest

from tests.factories import (
    VERA,
    make_database,
    make_instance,
    make_tag,
)
from whalefall.db import WriteSession
from whalefall.domain.paging import OrderBy, PageRequest
from whalefall.errors import BadInput
from whalefall.resolvers.databases import DATABASES, DatabaseFilter, DatabaseOrderField
from whalefall.resolvers.instances import INSTANCES, InstanceOrderField
from whalefall.resolvers.nouns import reading
from whalefall.resolvers.nouns.queries import Listing
from whalefall.resolvers.tags import TAGS


async def test_a_page_has_fifty_rows_unless_asked_otherwise(session: WriteSession) -> None:
    for _ in range(51):
        await make_tag(session)

    page = await reading.list_rows(session, VERA, TAGS, Listing())

    assert len(page.rows) == 50
    assert page.info.has_next_page


@pytest.mark.parametrize(
    "page",
    [
        PageRequest(first=201),
        PageRequest(last=201),
        PageRequest(first=-1),
        PageRequest(last=-1),
        PageRequest(first=1, last=1),
    ],
)
async def test_a_senseless_page_is_refused(session: WriteSession, page: PageRequest) -> None:
    with pytest.raises(BadInput):
        await reading.list_rows(session, VERA, TAGS, Listing(page=page))


async def test_table_sizes_come_in_pages_of_up_to_2000(session: WriteSession) -> None:
    database = await make_database(session)
    relation = DATABASES.relations["table_sizes"]

    for first, allowed in [(2000, True), (2001, False)]:
        listing = Listing(page=PageRequest(first=first))
        if allowed:
            await reading.related_pages(session, VERA, relation, [database.id], listing)
        else:
            with pytest.raises(BadInput):
                await reading.related_pages(session, VERA, relation, [database.id], listing)


async def test_an_empty_page_still_tells_whether_rows_follow(session: WriteSession) -> None:
    await make_tag(session)

    page = await reading.list_rows(session, VERA, TAGS, Listing(page=PageRequest(first=0)))

    assert page.rows == []
    assert page.info.has_next_page
    assert page.info.end_cursor is None


def _cursor(*values: Any) -> str:
    return base64.b64encode(json.dumps(values).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "not base64!",
        "AAAA",
        "A" * 10_000,
        base64.b64encode(b"[" * 5_000).decode(),
        _cursor(),
        _cursor(1),
        _cursor(2, "Instance:SIZE:ASC", None, 5, 1),
        _cursor(1, "Instance:SIZE:DESC", None, 5, 1),
        _cursor(1, "Database:SIZE:ASC", None, 5, 1),
        _cursor(1, "Instance:SIZE:ASC", None, 5),
        _cursor(1, "Instance:SIZE:ASC", None, 5, 1, 1),
        _cursor(1, "Instance:SIZE:ASC", None, "5", 1),
        _cursor(1, "Instance:SIZE:ASC", None, True, 1),
        _cursor(1, "Instance:SIZE:ASC", None, 5.0, 1),
        _cursor(1, "Instance:SIZE:ASC", None, 2**64, 1),
        _cursor(1, "Instance:SIZE:ASC", None, 5, None),
        _cursor(1, "Instance:SIZE:ASC", None, 5, 2**63),
    ],
)
async def test_a_damaged_or_foreign_cursor_asks_to_start_again(
    session: WriteSession, cursor: str
) -> None:
    order = OrderBy(InstanceOrderField.SIZE)

    listing = Listing(order=order, page=PageRequest(after=cursor))
    with pytest.raises(BadInput) as caught:
        await reading.list_rows(session, VERA, INSTANCES, listing)

    assert caught.value.hint == "Start again from the first page."


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("NAME", "a\x00b"),
        ("NAME", "\ud800"),
        ("CREATED_AT", "2026-01-01T00:00:00"),
        ("CREATED_AT", "9999-12-31T23:59:59-23:00"),
        ("CREATED_AT", "0001-01-01T00:00:00+23:00"),
    ],
)
async def test_a_cursor_with_a_key_no_column_could_hold_is_damaged(
    session: WriteSession, field: str, key: str
) -> None:
    order = OrderBy(InstanceOrderField(field))
    cursor = _cursor(1, f"Instance:{field}:ASC", None, key, 1)

    listing = Listing(order=order, page=PageRequest(after=cursor))
    with pytest.raises(BadInput):
        await reading.list_rows(session, VERA, INSTANCES, listing)


async def test_a_row_that_goes_does_not_disturb_a_walk(session: WriteSession) -> None:
    instance = await make_instance(session)
    rows = [await make_database(session, instance, name=name) for name in "abcd"]
    order = OrderBy(DatabaseOrderField.NAME)
    filter = DatabaseFilter(instance_id=instance.id)
    listing = Listing(filter=filter, order=order, page=PageRequest(first=2))
    first = await reading.list_rows(session, VERA, DATABASES, listing)

    await session.delete(rows[1])
    await session.flush()
    listing.page = PageRequest(first=2, after=first.info.end_cursor)
    second = await reading.list_rows(session, VERA, DATABASES, listing)

    assert [row.name for row in second.rows] == ["c", "d"]
