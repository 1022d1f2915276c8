"""The tables of a database, their refresh and its progress."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.factories import make_database, make_snapshot, make_table_sizes
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.errors import Code
from whalefall.models.databases import InstanceDatabase, TableSnapshot
from whalefall.models.sync import SyncRecord
from whalefall.queue import Job

PANEL = "tables_panel"
GIB = 2**30


@pytest.fixture
async def database_id(db: Database) -> int:
    async with db.write() as session:
        return (await make_database(session, name="shop", size_bytes=9 * GIB)).id


@pytest.fixture
async def read_tables(db: Database, database_id: int) -> None:
    """Four tables, one of them unreadable."""
    async with db.write() as session:
        database = await session.get_one(InstanceDatabase, database_id)
        await make_table_sizes(session, database, [4 * GIB, 2 * GIB, None, 0])


async def finish(db: Database, **failure: object) -> None:
    """As a worker does: the record ends, and with it the refresh."""
    async with db.write() as session:
        status = "FAILED" if failure else "COMPLETED"
        await session.execute(update(SyncRecord).values(status=status, **failure))


@pytest.mark.usefixtures("read_tables")
async def test_tables_are_listed_largest_first(vera_browser: Browser, database_id: int) -> None:
    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert texts(page, "tbody td.is-number:nth-of-type(2)") == [
        "4.00GiB",
        "2.00GiB",
        "0B",
        "— Not collected",
    ]
    assert len(page.cssselect("svg.treemap a")) == 2


@pytest.mark.usefixtures("read_tables")
async def test_the_list_is_swapped_alone_so_the_search_keeps_its_focus(
    vera_browser: Browser, database_id: int
) -> None:
    tables = f"/databases/{database_id}/tables"

    block = await vera_browser.get(f"{tables}?order=name", target="tables_list")

    assert not dom(block).cssselect("h1, form, svg.treemap")
    assert block.headers["hx-push-url"] == f"{tables}?order=name"
    detail = dom(await vera_browser.get(f"/databases/{database_id}"))
    assert detail.cssselect("#tables_list th a")[0].get("hx-get").startswith(tables)
    assert detail.cssselect("form.filters")[0].get("hx-target") == "#tables_list"


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_a_refresh_keeps_the_filters(otto_browser: Browser, database_id: int) -> None:
    path = f"/databases/{database_id}/tables"
    page = dom(await otto_browser.get(f"{path}?search=table"))
    action = page.cssselect("main form[method=post]")[0].get("action")

    panel = dom(await otto_browser.post(action, target=PANEL))

    assert action == f"{path}/actions/refresh?search=table"
    assert panel.cssselect("#search")[0].get("value") == "table"
    assert panel.cssselect("#tables_progress")[0].get("hx-get") == f"{path}/progress?search=table"


async def test_never_read_is_said_in_words(vera_browser: Browser, database_id: int) -> None:
    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert texts(page, ".empty strong") == ["The tables were never read"]


async def test_read_and_empty_is_something_else(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    async with db.write() as session:
        await make_snapshot(session, await session.get_one(InstanceDatabase, database_id))

    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert texts(page, ".empty strong") == ["This database has no tables"]


async def test_a_refresh_begins_and_the_browser_is_led_to_the_tables(
    otto_browser: Browser, database_id: int, sent_jobs: list[Job]
) -> None:
    response = await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")

    assert response.status_code == 303
    assert response.headers["location"] == f"/databases/{database_id}/tables"
    assert [job.name for job in sent_jobs] == ["collect_table_sizes"]


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_while_it_runs_the_panel_asks_each_second_and_keeps_the_old_tables(
    otto_browser: Browser, database_id: int
) -> None:
    action = f"/databases/{database_id}/tables/actions/refresh"

    page = dom(await otto_browser.post(action, target=PANEL))

    (progress,) = page.cssselect("#tables_progress")
    assert progress.get("hx-trigger") == "every 1s"
    assert progress.get("hx-get") == f"/databases/{database_id}/tables/progress"
    assert texts(page, "#tables_progress span") == ["Waiting for a worker"]
    assert len(page.cssselect("tbody tr")) == 4
    assert not page.cssselect("button[data-key=r]")


@pytest.mark.usefixtures("sent_jobs")
async def test_progress_says_what_the_worker_is_at(
    db: Database, otto_browser: Browser, database_id: int
) -> None:
    await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")
    async with db.write() as session:
        values = {"status": "RUNNING", "stage": "tables", "progress": 0.3}
        await session.execute(update(SyncRecord).values(**values))

    response = await otto_browser.get(
        f"/databases/{database_id}/tables/progress", target="tables_progress"
    )

    page = dom(response)
    assert texts(page, "#tables_progress span") == ["Reading the tables"]
    assert page.cssselect("progress")[0].get("value") == "0.3"
    assert "hx-retarget" not in response.headers


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_when_it_is_done_the_whole_panel_comes_and_polling_ends(
    db: Database, otto_browser: Browser, database_id: int
) -> None:
    await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")
    await finish(db)

    response = await otto_browser.get(
        f"/databases/{database_id}/tables/progress", target="tables_progress"
    )

    page = dom(response)
    assert response.headers["hx-retarget"] == f"#{PANEL}"
    assert not page.cssselect("[hx-trigger^=every]")
    assert len(page.cssselect("tbody tr")) == 4


@pytest.mark.usefixtures("read_tables")
async def test_a_failed_refresh_keeps_the_old_tables_and_says_why(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    async with db.write() as session:
        await session.execute(
            update(TableSnapshot).values(
                collected_at=datetime.now(UTC) - timedelta(days=3),
                last_error_code=Code.AUTH_FAILED,
                last_error_message="The server refused user <b>whale</b>.",
            )
        )

    page = dom(await vera_browser.get(f"/databases/{database_id}"))

    (banner,) = texts(page, "main [role=alert]")
    assert "The server refused the credential AUTH_FAILED" in banner
    assert "refused user <b>whale</b>." in banner
    assert "3 d ago" in texts(page, f"#{PANEL} .panel__note")[0]
    assert len(page.cssselect("tbody tr")) == 4


async def test_what_was_not_read_is_named(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    skipped = [{"schema_name": "hr", "name": "salaries", "reason": "PERMISSION"}]
    async with db.write() as session:
        database = await session.get_one(InstanceDatabase, database_id)
        await make_snapshot(session, database, complete=False, skipped=skipped)

    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert texts(page, ".fold summary") == ["1 object was not read"]
    assert texts(page, ".fold li") == ["hr.salaries · No permission"]


@pytest.mark.usefixtures("sent_jobs")
async def test_a_second_refresh_joins_the_first(
    db: Database, otto_browser: Browser, database_id: int
) -> None:
    for _ in range(2):
        await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")

    async with db.read() as session:
        records = (await session.execute(select(SyncRecord))).scalars().all()
    assert len(records) == 1
