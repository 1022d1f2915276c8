"""The tables of a database, their refresh and its progress."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests.factories import make_database, make_snapshot, make_table_sizes
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.errors import Code
from whalefall.models.databases import InstanceDatabase, TableSnapshot
from whalefall.models.sync import SyncRecord, SyncSession
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
    assert detail.cssselect("#tables_list th a")[0].get("href").startswith(tables)
    assert detail.cssselect("form.filters")[0].get("hx-target") == "#tables_list"


@pytest.mark.usefixtures("read_tables")
async def test_a_cell_of_the_map_swaps_the_panel_and_its_fields_follow(
    vera_browser: Browser, database_id: int
) -> None:
    tables = f"/databases/{database_id}/tables"
    cell = dom(await vera_browser.get(tables)).cssselect("svg.treemap a")[0]

    here = await vera_browser.get(cell.get("hx-get"), target=PANEL)
    panel = dom(here)
    ledger = {"HX-Current-URL": "http://test/databases/ledgers"}
    elsewhere = await vera_browser.get(cell.get("hx-get"), target=PANEL, headers=ledger)

    assert (cell.get("hx-target"), cell.get("href")) == (f"#{PANEL}", cell.get("hx-get"))
    assert len(panel.cssselect(f"#{PANEL} tbody tr")) == 1
    fields = panel.cssselect("input[type=hidden][form=tables_filters]")
    assert [field.get("name") for field in fields] == ["schema", "table"]
    assert {chip.get("hx-target") for chip in panel.cssselect(".tag--remove")} == {f"#{PANEL}"}
    assert here.headers["hx-push-url"] == cell.get("hx-get")
    assert elsewhere.headers["hx-push-url"] == "false"  # under a dialog the page keeps its address


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_a_refresh_keeps_the_filters(otto_browser: Browser, database_id: int) -> None:
    path = f"/databases/{database_id}/tables"
    page = dom(await otto_browser.get(f"{path}?search=table"))
    action = page.cssselect("main form[method=post]")[0].get("action")

    panel = dom(await otto_browser.post(action, target=PANEL))

    assert action == f"{path}/actions/refresh?search=table"
    assert panel.cssselect("#tables_search")[0].get("value") == "table"
    assert panel.cssselect("#tables_progress")[0].get("hx-get") == f"{path}/progress?search=table"


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_a_refresh_keeps_what_was_typed_since(
    otto_browser: Browser, database_id: int
) -> None:
    action = f"/databases/{database_id}/tables/actions/refresh?search=old"

    panel = dom(
        await otto_browser.post(
            action, {"search": "new", "min_size": "", "order": "name"}, target=PANEL
        )
    )

    (progress,) = panel.cssselect("#tables_progress")
    assert progress.get("hx-get").endswith("/tables/progress?search=new&order=name")
    assert panel.cssselect("#tables_search")[0].get("value") == "new"


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


@pytest.mark.usefixtures("read_tables")
async def test_the_dialog_names_the_database_and_its_last_refresh(
    otto_browser: Browser, database_id: int
) -> None:
    path = f"/databases/{database_id}/tables"

    dialog = dom(await otto_browser.get(path, target="modal_root"))

    (title,) = texts(dialog, "dialog > .dialog__head h2")
    assert title.startswith("shop ")
    assert title.endswith(" · refreshed just now")
    assert texts(dialog, "dialog > .dialog__head .page__note")[0].startswith("instance")
    assert len(dialog.cssselect("dialog #tables_panel svg.treemap a")) == 2
    assert dialog.cssselect("dialog form button[data-key=r]")
    assert dialog.cssselect("dialog [data-do=leave]")
    assert not dialog.cssselect("h1, main")
    (age,) = dialog.cssselect("#tables_age")
    assert age.get("hx-trigger") == "tables:changed from:body"


async def test_the_dialog_of_tables_never_read_says_so(
    vera_browser: Browser, database_id: int
) -> None:
    dialog = dom(await vera_browser.get(f"/databases/{database_id}/tables", target="modal_root"))

    assert texts(dialog, "dialog h2 #tables_age") == ["never refreshed"]
    assert texts(dialog, ".empty strong") == ["The tables were never read"]
    assert not dialog.cssselect("form[method=post]")


@pytest.mark.usefixtures("read_tables")
@pytest.mark.parametrize(("page", "pushes"), [("/databases/ledgers", False), ("", True)])
async def test_the_address_follows_the_list_but_not_under_a_dialog(
    vera_browser: Browser, database_id: int, page: str, pushes: bool
) -> None:
    path = f"/databases/{database_id}/tables"
    current = {"HX-Current-URL": f"http://127.0.0.1:8600{page or path}?order=name"}

    block = await vera_browser.get(f"{path}?order=name", target="tables_list", headers=current)

    assert block.headers["hx-push-url"] == (f"{path}?order=name" if pushes else "false")


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_the_end_of_a_refresh_is_told_and_what_shows_tables_asks_again(
    db: Database, otto_browser: Browser, database_id: int
) -> None:
    await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")
    async with db.write() as session:
        ended = {"items_seen": 4, "items_removed": 1, "elapsed_ms": 840, "status": "COMPLETED"}
        await session.execute(update(SyncRecord).values(**ended))
        await session.execute(update(SyncSession).values(status="COMPLETED"))

    response = await otto_browser.get(
        f"/databases/{database_id}/tables/progress", target="tables_progress"
    )

    page = dom(response)
    assert response.headers["hx-trigger"] == "tables:changed"
    assert texts(page, "[hx-swap-oob] .toast.is-ok p") == ["4 saved, 1 gone, in 840 ms"]
    facts = dom(await otto_browser.get(f"/databases/{database_id}", target="database_facts"))
    assert not facts.cssselect("h1")
    assert "4" in texts(facts, ".strip dd")
    assert facts.cssselect("#database_facts")[0].get("hx-trigger") == "tables:changed from:body"


@pytest.mark.usefixtures("read_tables", "sent_jobs")
async def test_a_refresh_that_fails_is_told_beside_the_tables_that_stay(
    db: Database, otto_browser: Browser, database_id: int
) -> None:
    await otto_browser.post(f"/databases/{database_id}/tables/actions/refresh")
    why = {"error_code": Code.DATABASE_TIMEOUT, "error_message": "It took too long."}
    async with db.write() as session:
        await session.execute(update(SyncSession).values(status="FAILED"))
        last = {"last_error_code": why["error_code"], "last_error_message": why["error_message"]}
        await session.execute(update(TableSnapshot).values(**last))
    await finish(db, **why)

    page = dom(
        await otto_browser.get(
            f"/databases/{database_id}/tables/progress", target="tables_progress"
        )
    )

    (toast,) = texts(page, "[hx-swap-oob] .toast.is-bad")
    assert "The refresh failed: The server took too long" in toast
    assert len(page.cssselect(f"#{PANEL} .banner[role=alert]")) == 1
    assert len(page.cssselect("tbody tr")) == 4


async def test_one_table_that_dominates_leaves_the_map_readable(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    async with db.write() as session:
        database = await session.get_one(InstanceDatabase, database_id)
        await make_table_sizes(session, database, [1000 * GIB, 8 * GIB, *[GIB // 2] * 40])

    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert len(page.cssselect("svg.treemap a")) == 2
    assert texts(page, "svg.treemap > svg title") == ["40 other tables · 20.0 GiB"]
    assert "40 smaller tables, 20.0 GiB" in texts(page, ".tables__map p")[0]


async def test_of_a_crowd_of_like_tables_the_map_shows_the_largest_alone(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    async with db.write() as session:
        database = await session.get_one(InstanceDatabase, database_id)
        await make_table_sizes(session, database, [GIB] * 400)

    page = dom(await vera_browser.get(f"/databases/{database_id}/tables"))

    assert len(page.cssselect("svg.treemap a")) == 30
    assert not page.cssselect("svg.treemap > svg")
    assert "370 smaller tables, 370 GiB (not drawn)" in texts(page, ".tables__map p")[0]


@pytest.mark.usefixtures("read_tables")
async def test_tables_are_narrowed_by_size_and_to_exactly_one(
    vera_browser: Browser, database_id: int
) -> None:
    path = f"/databases/{database_id}/tables"
    page = dom(await vera_browser.get(f"{path}?min_size=3GiB"))
    one = dom(await vera_browser.get(page.cssselect("svg.treemap a")[1].get("href")))

    assert texts(page, "tbody td.is-number:nth-of-type(2)") == ["4.00GiB"]
    assert texts(page, ".tag--remove") == ["At least 3GiB"]
    assert texts(one, "tbody td.is-number:nth-of-type(2)") == ["2.00GiB"]
    assert (await vera_browser.get(f"{path}?min_size=huge")).status_code == 400


async def test_a_page_holds_two_hundred_tables_and_counts_them_all(
    db: Database, vera_browser: Browser, database_id: int
) -> None:
    async with db.write() as session:
        database = await session.get_one(InstanceDatabase, database_id)
        await make_table_sizes(session, database, range(230))

    first = dom(await vera_browser.get(f"/databases/{database_id}/tables"))
    second = dom(await vera_browser.get(first.cssselect(".pager nav a")[0].get("href")))

    assert texts(first, ".pager > span:first-child") == ["1–200 of 230"]
    assert texts(second, ".pager > span:first-child") == ["201–230 of 230"]
