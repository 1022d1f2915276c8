"""The capacity page, its rule and events, and the page of partitions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories import make_database, make_instance, make_size_history
from tests.web.conftest import Browser, dom, texts
from tests.web.test_tags import fragment
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.models.capacity import GrowthEvent, GrowthRule
from whalefall.resolvers.aggregation.keeping import sum_up_what_is_new
from whalefall.resolvers.forecasts import forecast_all

GIB = 2**30
SCHEDULER = Actor.system("scheduler")


async def nothing(stage: str, progress: float) -> None:
    """Nobody listens."""


@pytest.fixture
async def filled(db: Database) -> dict[str, int]:
    """Two databases of one instance over forty days, summed up and forecast; one is new."""
    today = datetime.now(UTC).astimezone(db.settings.zone).date()
    ids = {}
    async with db.write() as session:
        await session.merge(GrowthRule(id=1, percent=30, bytes=20 * GIB))
        instance = await make_instance(session, name="crm")
        for name, days, step, ceiling in (
            ("shop", 40, GIB, 60 * GIB),
            ("logs", 40, -GIB // 10, None),
            ("fresh", 3, GIB, None),
        ):
            database = await make_database(
                session, instance, name=name, size_bytes=50 * GIB, ceiling_bytes=ceiling
            )
            sizes = {today - timedelta(days=day): 50 * GIB - day * step for day in range(days)}
            for day, size in sizes.items():
                await session.execute(
                    text(
                        "INSERT INTO database_size_stats (database_id, instance_id, stat_date,"
                        " size_bytes, quality) VALUES (:id, :instance, :day, :size, 'EXACT')"
                    ),
                    {"id": database.id, "instance": instance.id, "day": day, "size": size},
                )
            ids[name] = database.id
        ids["crm"] = instance.id
        await make_size_history(session, await make_database(session), {today: 5})
    await sum_up_what_is_new(db, SCHEDULER, nothing)
    await forecast_all(db, SCHEDULER, nothing)
    return ids


async def test_databases_are_ranked_by_growth_with_their_forecasts(
    filled: dict[str, int], vera_browser: Browser
) -> None:
    page = dom(await vera_browser.get("/capacity"))

    rows = page.cssselect("[aria-labelledby=ranked_title] tbody tr")
    told = [" ".join(" ".join(row.itertext()).split()) for row in rows]
    assert [line.split()[0] for line in told][:3] in (
        ["shop", "fresh", "logs"],
        ["fresh", "shop", "logs"],
    )
    by_name = {line.split()[0]: line for line in told}
    assert "10 days" in by_name["shop"] or "9 days" in by_name["shop"]
    assert "Nobody says how large it may become" in by_name["logs"]
    assert "Fewer than 14 readings" in by_name["fresh"]
    assert page.cssselect("svg.chart path.chart__line")
    assert page.cssselect(f"a[href='/databases/{filled['shop']}']")


@pytest.mark.parametrize(
    "query",
    [
        "level=instances",
        "level=instances&period=monthly&order=-size",
        "period=weekly&count=30&top=20",
        "measure=change&look=bar",
        "measure=percent&look=line",
        "period=quarterly&look=bar&measure=size",
        "search=sho&order=change_percent",
    ],
)
@pytest.mark.usefixtures("filled")
async def test_every_view_of_it_is_shown(vera_browser: Browser, query: str) -> None:
    page = dom(await vera_browser.get(f"/capacity?{query}"))

    assert page.cssselect("[aria-labelledby=ranked_title] tbody tr")


@pytest.mark.parametrize("query", ["count=15", "top=7", "period=HOURLY", "level=x", "order=x"])
async def test_what_is_not_offered_is_refused(vera_browser: Browser, query: str) -> None:
    assert (await vera_browser.get(f"/capacity?{query}")).status_code == 400


async def test_nothing_summed_up_is_said(vera_browser: Browser) -> None:
    page = await vera_browser.get("/capacity")

    assert page.status_code == 200
    assert "Nothing was summed up yet" in page.text


async def test_events_are_seen_and_muted(
    db: Database, filled: dict[str, int], otto_browser: Browser, vera_browser: Browser
) -> None:
    today = datetime.now(UTC).date()
    shared: dict[str, Any] = {"event_date": today, "since": today - timedelta(days=1)}
    async with db.write() as session:
        session.add(
            GrowthEvent(
                database_id=filled["shop"],
                before_bytes=GIB,
                after_bytes=2 * GIB,
                percent=100,
                **shared,
            )
        )

    page = dom(await otto_browser.get("/capacity"))
    seen = page.cssselect("[aria-labelledby=events_title] input[name=ids]")[0].get("value")
    muted = await otto_browser.post(f"/capacity/databases/{filled['shop']}/actions/mute")
    acknowledged = await otto_browser.post(
        "/capacity/events/actions/acknowledge", {"ids": seen or ""}
    )

    assert "shop" in " ".join(texts(page, "[aria-labelledby=events_title]"))
    assert (muted.status_code, acknowledged.status_code) == (303, 303)
    assert "events_title" not in (await vera_browser.get("/capacity")).text
    async with db.read() as session:
        until = await session.execute(
            text("SELECT growth_muted_until FROM instance_databases WHERE id = :id"),
            {"id": filled["shop"]},
        )
    assert until.scalar() is not None


@pytest.mark.usefixtures("filled")
async def test_the_rule_is_changed_in_a_dialog(ada_browser: Browser) -> None:
    opened = fragment(await ada_browser.get("/capacity/rule", target="modal_root"))
    wrong = await ada_browser.post(
        "/capacity/rule", {"percent": "many", "is_enabled": "1"}, target="modal_root"
    )
    saved = await ada_browser.post(
        "/capacity/rule", {"percent": "25", "bytes": "5 GiB"}, target="modal_root"
    )
    again = fragment(await ada_browser.get("/capacity/rule", target="modal_root"))

    assert opened.cssselect("#bytes")[0].get("value") == "20 GiB"
    assert wrong.status_code == 422
    assert 'id="percent_error"' in wrong.text
    assert saved.headers["hx-trigger"] == '{"modal:close": true, "capacity:changed": true}'
    assert again.cssselect("#bytes")[0].get("value") == "5 GiB"
    assert again.cssselect("#is_enabled")[0].get("checked") is None


@pytest.fixture
async def without_made_partitions(db: Database) -> AsyncIterator[None]:
    """Partitions are no rows, and nobody else takes them away."""
    yield
    async with db.write() as session:
        for table in ("database_size_stats", "instance_size_stats"):
            await session.execute(text(f"DROP TABLE IF EXISTS {table}_y2099m05"))
        for level in ("database", "instance"):
            await session.execute(text(f"DROP TABLE IF EXISTS {level}_size_aggregations_y2099m05"))


@pytest.mark.usefixtures("without_made_partitions")
async def test_partitions_are_shown_made_and_dropped_as_confirmed(
    ada_browser: Browser, vera_browser: Browser
) -> None:
    page = dom(await vera_browser.get("/partitions"))
    assert page.cssselect("[title^='database_size_stats_default']")
    assert not page.cssselect("a[href='/partitions/new']")

    form = fragment(await ada_browser.get("/partitions/new", target="modal_root"))
    offered = [each.get("value") for each in form.cssselect("option")]
    made = await ada_browser.post("/partitions/new", {"month": "2099-05"})
    over = await ada_browser.post("/partitions/new", {"month": "2001-05"})
    nonsense = await ada_browser.post("/partitions/new", {"month": "soon"})
    assert offered == sorted(offered)
    assert [one.status_code for one in (made, over, nonsense)] == [303, 422, 422]
    assert 'id="month_error"' in nonsense.text
    after = dom(await vera_browser.get("/partitions"))
    assert after.cssselect("[title^='database_size_stats_y2099m05']")
    assert texts(after, "tbody th")[0] == "2099-05"  # latest first
    swapped = await vera_browser.get("/partitions", target="partitions_table")
    assert fragment(swapped).cssselect("svg.months rect")

    asked = await ada_browser.get("/partitions/cleanup?kind=raw&months=1200", target="modal_root")
    refused = await ada_browser.post(
        "/partitions/cleanup", {"kind": "RAW", "months": "13", "confirmation": "yes"}
    )
    assert "Nothing is that old." in asked.text
    assert refused.status_code == 422


async def test_a_limit_is_set_and_the_page_says_when_it_is_reached(
    filled: dict[str, int], otto_browser: Browser
) -> None:
    path = f"/databases/{filled['logs']}"
    before = await otto_browser.get(path)

    wrong = await otto_browser.post(f"{path}/limit", {"limit": "many"}, target="modal_root")
    saved = await otto_browser.post(f"{path}/limit", {"limit": "200 GiB"}, target="modal_root")
    again = fragment(await otto_browser.get(f"{path}/limit", target="modal_root"))
    shop = await otto_browser.get(f"/databases/{filled['shop']}")

    assert "Nobody says how large it may become" in before.text
    assert wrong.status_code == 422
    assert 'id="limit_error"' in wrong.text
    assert saved.headers["hx-trigger"] == '{"modal:close": true, "tables:changed": true}'
    assert again.cssselect("#limit")[0].get("value") == "200 GiB"
    higher = f"/databases/{filled['shop']}/limit"  # than its files may become
    await otto_browser.post(higher, {"limit": "9000 GiB"}, target="modal_root")
    kept = fragment(await otto_browser.get(higher, target="modal_root"))
    assert kept.cssselect("#limit")[0].get("value") == "9000 GiB"
    assert "by its files" in shop.text
    assert "not in five years" in (await otto_browser.get(path)).text
