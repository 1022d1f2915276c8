"""Recycling, restoring, purging, pausing from the list: what is asked first, what is answered."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import make_credential, make_database, make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.states import DeletedFilter, InstanceStatus
from whalefall.resolvers.instances import InstanceFilter, list_instances

NOW = datetime.now(UTC)
RECYCLE, PURGE = "/instances/actions/recycle", "/instances/actions/purge"


async def states(db: Database, actor: Actor) -> dict[str, InstanceStatus]:
    everything = InstanceFilter(deleted=DeletedFilter.INCLUDE)
    async with db.read() as session:
        rows = (await list_instances(session, actor, everything)).rows
    return {row.name: row.status for row in rows}


async def make_many(db: Database, *names: str, recycled: bool = False) -> str:
    """Their ids, as a form sends them."""
    at = NOW if recycled else None
    async with db.write() as session:
        rows = [await make_instance(session, name=name, deleted_at=at) for name in names]
    return ",".join(str(row.id) for row in rows)


async def test_recycling_asks_first_by_name_and_effect(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    ids = await make_many(db, "orders", "crm")

    page = dom(await ada_browser.post(RECYCLE, {"ids": ids}))

    assert texts(page, "h1") == ["Recycle 2 instances?"]
    assert texts(page, "#chosen strong") == ["orders", "crm"]
    assert "stay taken" in texts(page, ".impact dd")
    assert page.cssselect("[name=ids]")[0].get("value") == ids
    assert set((await states(db, ada)).values()) == {InstanceStatus.ACTIVE}


async def test_one_row_is_asked_about_in_a_dialog(db: Database, ada_browser: Browser) -> None:
    ids = await make_many(db, "orders")

    page = dom(await ada_browser.get(f"{RECYCLE}?ids={ids}", target="modal_root"))

    assert texts(page, "dialog h2") == ["Recycle orders?"]
    assert page.cssselect("dialog form")[0].get("hx-post") == RECYCLE
    assert page.cssselect("[autofocus]")[0].text_content() == "Cancel"


@pytest.mark.parametrize(("deed", "recycled"), [(RECYCLE, False), (PURGE, True)])
async def test_a_link_only_asks_whatever_it_carries(
    db: Database, ada: Actor, ada_browser: Browser, deed: str, recycled: bool
) -> None:
    ids = await make_many(db, "orders", recycled=recycled)
    before = await states(db, ada)

    page = dom(await ada_browser.get(f"{deed}?ids={ids}&confirmed=1&typed=orders"))

    assert page.cssselect("[name=confirmed]")
    assert await states(db, ada) == before


async def test_recycled_instances_can_be_taken_back_from_the_toast(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    ids = await make_many(db, "orders", "crm")
    confirmed = {"ids": ids, "confirmed": "1"}

    response = await ada_browser.post(RECYCLE, confirmed, target="modal_root")
    assert set((await states(db, ada)).values()) == {InstanceStatus.DELETED}
    undo = dom(response).cssselect("form[action$=restore]")[0]
    undone = await ada_browser.post(undo.get("action"), dict(undo.form_values()), target="x")

    assert json.loads(response.headers["hx-trigger"]) == {
        "modal:close": True,
        "instances:changed": True,
    }
    assert (undo.get("hx-target"), undone.headers["hx-reswap"]) == ("closest .toast", "delete")
    assert texts(dom(undone), ".toast strong") == ["2 instances are back"]
    assert set((await states(db, ada)).values()) == {InstanceStatus.ACTIVE}


async def test_without_script_recycling_leads_back_to_the_list(
    db: Database, ada_browser: Browser
) -> None:
    ids = await make_many(db, "orders")

    response = await ada_browser.post(RECYCLE, {"ids": ids, "confirmed": "1"})

    assert (response.status_code, response.headers["location"]) == (303, "/instances")


async def test_all_that_match_are_those_of_the_filters(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    await make_many(db, "shop-1", "shop-2", "crm")

    asked = dom(await ada_browser.post(RECYCLE, {"all": "1", "search": "shop"}))
    await ada_browser.post("/instances/actions/pause", {"all": "1", "search": "shop"})

    assert texts(asked, "#chosen strong") == ["shop-1", "shop-2"]
    assert await states(db, ada) == {
        "shop-1": InstanceStatus.INACTIVE,
        "shop-2": InstanceStatus.INACTIVE,
        "crm": InstanceStatus.ACTIVE,
    }


async def test_purging_wants_the_name_typed(db: Database, ada: Actor, ada_browser: Browser) -> None:
    ids = await make_many(db, "orders", recycled=True)
    confirmed = {"ids": ids, "confirmed": "1"}

    wrong = await ada_browser.post(PURGE, {**confirmed, "typed": "order"}, target="modal_root")
    assert wrong.status_code == 422
    assert "This is not orders." in wrong.text
    assert await states(db, ada) == {"orders": InstanceStatus.DELETED}
    right = await ada_browser.post(PURGE, {**confirmed, "typed": "orders"}, target="modal_root")

    assert texts(dom(right), ".toast strong") == ["orders is deleted for good"]
    assert await states(db, ada) == {}


async def test_what_is_not_in_the_bin_is_not_purged(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    ids = await make_many(db, "orders")

    response = await ada_browser.post(PURGE, {"ids": ids, "confirmed": "1", "typed": "orders"})

    assert response.status_code == 409
    assert await states(db, ada) == {"orders": InstanceStatus.ACTIVE}


@pytest.mark.parametrize("fields", [{}, {"ids": ""}, {"ids": "x"}, {"ids": "9" * 30}])
async def test_nothing_chosen_is_said_so(ada_browser: Browser, fields: dict[str, str]) -> None:
    response = await ada_browser.post("/instances/actions/restore", fields)

    assert response.status_code == 400


async def test_an_operator_pauses_and_resumes_but_does_not_recycle(
    db: Database, ada: Actor, otto_browser: Browser
) -> None:
    ids = await make_many(db, "orders")

    for action, status in (("pause", InstanceStatus.INACTIVE), ("resume", InstanceStatus.ACTIVE)):
        await otto_browser.post(f"/instances/actions/{action}", {"ids": ids})
        assert await states(db, ada) == {"orders": status}
    refused = await otto_browser.post(RECYCLE, {"ids": ids, "confirmed": "1"})

    assert refused.status_code == 403


async def test_each_sees_only_what_would_not_be_refused(
    db: Database, ada_browser: Browser, otto_browser: Browser, vera_browser: Browser
) -> None:
    await make_many(db, "orders")
    await make_many(db, "gone", recycled=True)

    seen = {}
    for name, browser in (("ada", ada_browser), ("otto", otto_browser), ("vera", vera_browser)):
        here = await browser.get("/instances")
        recycled = await browser.get("/instances?deleted=only")
        buttons = [texts(dom(page), "#bulk button") for page in (here, recycled)]
        deeds = dom(here).cssselect("td.is-deeds :is(a, button):not([popovertarget])")
        seen[name] = [*buttons, len(deeds)]

    kept = ["Assign tags", "Pause", "Resume"]
    assert seen["ada"] == [[*kept, "Recycle"], ["Restore", "Delete for good"], 4]
    assert seen["otto"] == [kept, ["Restore"], 3]
    assert seen["vera"] == [[], [], 0]


async def test_the_bin_is_a_view_of_its_own(db: Database, vera_browser: Browser) -> None:
    await make_many(db, "orders")
    empty = dom(await vera_browser.get("/instances?deleted=only"))
    await make_many(db, "gone", recycled=True)

    here = dom(await vera_browser.get("/instances"))
    recycled = dom(await vera_browser.get("/instances?deleted=only"))

    assert texts(empty, ".empty strong") == ["The recycle bin is empty"]
    assert "Recycle bin 1" in texts(here, ".panel__actions a")
    assert texts(recycled, "tbody th > a") == ["gone"]
    assert recycled.cssselect("input[form=filters][name=deleted]")[0].get("value") == "only"


async def test_good_and_bad_connections_are_told_apart_with_their_age(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="reader")
        hour = timedelta(hours=1)
        good = await make_instance(session, name="good", last_success_at=NOW - hour)
        await make_database(session, good)
        await make_instance(
            session,
            name="bad",
            credential_id=credential.id,
            last_failure_at=NOW - 2 * hour,
            last_success_at=NOW - 5 * hour,
            last_error_code="AUTH_FAILED",
        )

    everything = dom(await vera_browser.get("/instances"))
    narrowed = dom(await vera_browser.get("/instances?connection=failed"))
    by_credential = dom(await vera_browser.get(f"/instances?credential_id={credential.id}"))

    assert texts(everything, ".connection") == [
        "Failed 2 h ago · reached 5 h ago",
        "Reachable 1 h ago",
    ]
    assert texts(narrowed, "tbody th > a") == ["bad"]
    assert texts(by_credential, "tbody th > a") == ["bad"]
    assert "Credential reader" in texts(by_credential, ".filters__active a")


async def test_the_export_takes_the_same_filters(db: Database, vera_browser: Browser) -> None:
    await make_many(db, "orders")
    await make_many(db, "gone", recycled=True)
    page = dom(await vera_browser.get("/instances?deleted=only"))

    (link,) = [a.get("href") for a in page.cssselect(".panel__actions a[download]")]
    rows = (await vera_browser.get(link)).text.splitlines()

    assert [row.split(",")[0] for row in rows[1:]] == ["gone"]
