"""What a full list costs: bytes for its reader, statements for our database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from tests.factories import (
    make_credential,
    make_database,
    make_instance,
    make_sync_session,
    make_tag,
    make_user,
)
from tests.web.conftest import Browser
from whalefall.db import Database
from whalefall.models.logs import AuditEntry

KIB = 1024
LISTS = ("databases/ledgers", "instances", "sync-sessions", "credentials", "tags", "users", "audit")
MOST = {f"/{path}": 120 * KIB for path in LISTS}
FULL = 50
HISTORY = """
    INSERT INTO {table} ({key}, {more} stat_date, {size}, quality)
    SELECT id, {value} current_date - n, 10000000000 - n * 1234567 % 7000000, 'EXACT'
      FROM {owners}, generate_series(0, 30) AS n ON CONFLICT DO NOTHING
"""


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The statements sent through sessions while the block runs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(db.engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine.sync_engine, "before_cursor_execute", note)


async def make_rows(db: Database, count: int) -> None:
    """So many more of everything that has a list, each as full as a real one."""
    now = datetime.now(UTC)
    async with db.write() as session:
        for _ in range(count):
            tag, credential = await make_tag(session), await make_credential(session)
            instance = await make_instance(
                session,
                host="reporting-database-07.example.com",
                tags=[tag],
                credential_id=credential.id,
                last_success_at=now,
            )
            grown = {"growth_bytes": 2**30, "growth_percent": 3.4, "growth_since": now.date()}
            await make_database(session, instance, size_bytes=2**33, **grown)
            user = await make_user(session, last_login_at=now)
            begun = {"started_at": now - timedelta(seconds=9), "finished_at": now, "total": 9}
            await make_sync_session(session, created_by_id=user.id, **begun)
            changed = {"before": {"description": "before"}, "after": {"description": "after"}}
            named = {"actor_name": user.username, "object_type": "Tag", "action": "tag.updated"}
            entry = {"actor_id": user.id, "object_id": tag.id, "request_id": "r", "made_at": now}
            await session.execute(insert(AuditEntry).values(**entry, **named, **changed))
        databases = {"table": "database_size_stats", "key": "database_id", "size": "size_bytes"}
        more = {"more": "instance_id,", "value": "instance_id,", "owners": "instance_databases"}
        await session.execute(text(HISTORY.format(**databases, **more)))
        instances = {"table": "instance_size_stats", "key": "instance_id", "size": "total_bytes"}
        rest = {"more": "database_count,", "value": "1,", "owners": "instances"}
        await session.execute(text(HISTORY.format(**instances, **rest)))


async def read(db: Database, browser: Browser, path: str) -> tuple[int, int, int]:
    """How many statements, rows and bytes a list is."""
    with counted(db) as sent:
        response = await browser.get(path)
    assert response.status_code == 200
    return len(sent), response.text.count("<th scope=row"), len(response.content)


async def test_a_full_list_is_light_and_asks_no_more_than_a_short_one(
    db: Database, ada_browser: Browser
) -> None:
    await make_rows(db, 2)
    short = {path: await read(db, ada_browser, path) for path in MOST}
    await make_rows(db, FULL)
    full = {path: await read(db, ada_browser, path) for path in MOST}

    assert [path for path in MOST if full[path][0] > short[path][0]] == []
    assert {path: each[1] for path, each in full.items()} == dict.fromkeys(MOST, FULL)
    assert {path: each[2] for path, each in full.items() if each[2] > MOST[path]} == {}


async def test_a_page_is_packed_for_who_can_unpack_it(ada_browser: Browser) -> None:
    packed = await ada_browser.get("/me")
    plain = await ada_browser.get("/me", headers={"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert "Accept-Encoding" in packed.headers["vary"]


async def test_no_two_pages_show_the_same_token_and_each_token_works(
    ada_browser: Browser,
) -> None:
    tokens = set()
    for _ in range(2):
        page = await ada_browser.get("/tags/new")
        token = page.text.partition('name=csrf_token value="')[2].partition('"')[0]
        tokens.add(token)
        made = await ada_browser.post(
            "/tags/new",
            {"csrf_token": token, "name": f"t{len(tokens)}", "display_name": "T", "category": "c"},
        )
        assert made.status_code == 303
        assert ada_browser.csrf_token not in page.text

    assert len(tokens) == 2


async def test_a_count_stops_where_a_page_stops_counting(
    db: Database, vera_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_rows(db, 4)
    for module in ("whalefall.web.databases", "whalefall.web.formats", "whalefall.web.instances"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 3)

    for path, noun in (("/databases/ledgers", "databases"), ("/instances", "instances")):
        page = (await vera_browser.get(path)).text
        assert f"<h2>3+ {noun}</h2>" in page
        assert "1–4 of 3+" in page
    chinese = await vera_browser.get("/instances", headers={"Accept-Language": "zh"})
    assert "3+ 个实例" in chinese.text
