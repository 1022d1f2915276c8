"""Instances: the list, the page of one, the forms, the deeds."""

from datetime import UTC, datetime

import pytest
from lxml.html import HtmlElement

from tests.factories import (
    make_credential,
    make_instance,
    make_tag,
)
from tests.web.conftest import Browser, dom, texts
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.engines import Engine
from whalefall.queue import Job
from whalefall.resolvers.instances import InstanceFilter, InstanceRow, list_instances

ENTERED = {"name": "orders", "engine": "POSTGRESQL", "host": "db.example", "is_active": "1"}


def filled(page: HtmlElement) -> dict[str, str]:
    """What the form on the page would send; a name that repeats joined by commas."""
    (form,) = page.cssselect("form[action*=instances]")
    fields: dict[str, str] = {}
    for key, value in form.form_values():
        fields[key] = f"{fields[key]},{value}" if key in fields else value
    return {key: value for key, value in fields.items() if key != "csrf_token"}


async def only_instance(db: Database, actor: Actor) -> InstanceRow:
    async with db.read() as session:
        (row,) = (await list_instances(session, actor, InstanceFilter())).rows
    return row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["crm", "orders", "spare"]),
        ("?search=ord", ["orders"]),
        ("?engine=mysql", ["crm"]),
        ("?tags=prod", ["orders"]),
        ("?status=inactive", ["spare"]),
        ("?order=-name", ["spare", "orders", "crm"]),
    ],
)
async def test_the_list_is_searched_filtered_and_sorted(
    db: Database, vera_browser: Browser, query: str, expected: list[str]
) -> None:
    async with db.write() as session:
        await make_instance(session, name="orders", tags=[await make_tag(session, "prod")])
        await make_instance(session, name="crm", engine=Engine("MYSQL"))
        await make_instance(session, name="spare", is_active=False)
        await make_instance(session, name="gone", deleted_at=datetime.now(UTC))

    page = dom(await vera_browser.get(f"/instances{query}"))

    assert texts(page, "tbody th > a") == expected


async def test_adding_an_instance_leads_to_its_page(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        await make_tag(session, "prod")

    response = await ada_browser.post(
        "/instances/new",
        {**ENTERED, "credential_id": str(credential.id), "tag_names": "prod", "port": ""},
    )

    row = await only_instance(db, ada)
    assert response.headers["location"] == f"/instances/{row.id}"
    assert (row.name, row.port, row.tag_names) == ("orders", 5432, ["prod"])


async def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(
    ada_browser: Browser,
) -> None:
    fields = {**ENTERED, "name": "", "host": "no host!", "description": "kept"}

    response = await ada_browser.post("/instances/new", fields)

    assert response.status_code == 422
    for part in ('id="name_error"', 'id="host_error"', "kept", "aria-invalid=true"):
        assert part in response.text


async def test_a_taken_name_is_said_at_the_name(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        await make_instance(session, name="orders")

    response = await ada_browser.post("/instances/new", ENTERED)

    assert response.status_code == 422
    assert "There is already an instance orders." in response.text


async def test_a_connection_is_tried_before_saving(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
    tried = {"host": "169.254.1.1", "credential_id": str(credential.id), "test": "1"}
    fields = {**ENTERED, **tried}

    response = await ada_browser.post("/instances/new", fields)

    page = dom(response)
    assert "TARGET_NOT_ALLOWED" in texts(page, "main [role=alert]")[0]
    assert page.cssselect("#name")[0].get("value") == "orders"


async def test_saving_keeps_what_was_not_changed(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        tag = await make_tag(session, "prod")
        instance = await make_instance(session, name="orders", tags=[tag], tls_mode="REQUIRE")
    path = f"/instances/{instance.id}/edit"
    fields = filled(dom(await ada_browser.get(path)))

    response = await ada_browser.post(path, {**fields, "description": "now with words"})

    row = await only_instance(db, ada)
    assert response.headers["location"] == f"/instances/{instance.id}"
    assert (row.name, row.tag_names, row.description) == ("orders", ["prod"], "now with words")
    assert row.is_active


async def test_collecting_leads_to_the_session(
    db: Database, otto_browser: Browser, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)

    response = await otto_browser.post(f"/instances/{instance.id}/actions/sync-capacity")

    assert response.headers["location"].startswith("/sync-sessions/")
    assert [job.name for job in sent_jobs] == ["collect_capacity"]


async def test_collecting_all_begins_one_session_for_all(
    db: Database, otto_browser: Browser, sent_jobs: list[Job]
) -> None:
    async with db.write() as session:
        for _ in range(3):
            await make_instance(session)

    response = await otto_browser.post("/instances/actions/sync-capacity")

    assert response.headers["location"].startswith("/sync-sessions/")
    assert len(sent_jobs) == 3


async def test_a_row_shows_as_many_tags_as_fit_and_counts_the_others(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        tags = [await make_tag(session, name) for name in ("pci", "prod", "team-billing")]
        await make_instance(session, name="a", tags=tags)
        await make_instance(session, name="b", tags=tags[1:])

    page = dom(await vera_browser.get("/instances"))

    assert texts(page, ".tags") == ["pciprod+1", "prod+1"]
