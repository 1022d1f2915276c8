"""The dialog that adds and changes an instance: fields looked at alone, conflicts, what is kept."""

import json
from datetime import UTC, datetime

import lxml.html
import pytest
from sqlalchemy import select

from tests.factories import (
    make_credential,
    make_database,
    make_instance,
    make_tag,
)
from tests.web.conftest import Browser, dom, texts
from tests.web.test_instances import ENTERED, filled, only_instance
from whalefall.auth import Actor
from whalefall.db import Database
from whalefall.domain.engines import Engine
from whalefall.models.instances import Instance

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


async def ca_of(db: Database) -> str | None:
    async with db.read() as session:
        return (await session.execute(select(Instance.tls_ca_pem))).scalar_one()


async def test_saved_in_a_dialog_it_closes_and_the_list_follows(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    opened = dom(await ada_browser.get("/instances/new", target="modal_root"))
    refused = await ada_browser.post(
        "/instances/new", {**ENTERED, "name": "", "port": "x"}, target="modal_root"
    )
    saved = await ada_browser.post("/instances/new", ENTERED, target="modal_root")

    assert opened.cssselect("dialog form")[0].get("hx-target") == "#modal_root"
    assert refused.status_code == 422
    assert "<dialog" in refused.text
    assert 'id="name_error"' in refused.text
    assert 'id="port_error"' in refused.text
    assert "instances:changed" in json.loads(saved.headers["hx-trigger"])
    assert (await only_instance(db, ada)).name == "orders"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "taken", "There is already an instance taken."),
        ("name", "", "Enter 1 to 100 characters."),
        ("host", "no host!", "Enter a host name, an IPv4 or an IPv6 address."),
        ("port", "70000", "Enter a port from 1 to 65535."),
        ("port", "many", "Enter a port from 1 to 65535."),
        ("tls_ca_pem", "x", "The CA certificate must be in PEM form."),
    ],
)
async def test_a_field_is_looked_at_when_it_is_left(
    db: Database, ada_browser: Browser, field: str, value: str, message: str
) -> None:
    async with db.write() as session:
        await make_instance(session, name="taken")

    page = dom(
        await ada_browser.post(
            f"/instances/validate?field={field}", {**ENTERED, field: value}, target="x"
        )
    )

    assert texts(page, ".field__error") == [message]
    assert [each.get("name") for each in page.cssselect("input, textarea")] == [field]


@pytest.mark.parametrize("port", ["", "5433"])
async def test_a_good_field_comes_back_with_its_value(ada_browser: Browser, port: str) -> None:
    page = dom(await ada_browser.post("/instances/validate?field=port", {"port": port}))

    assert page.cssselect("input")[0].get("value") == port
    assert not page.cssselect(".field__error")


async def test_an_instance_may_keep_its_own_name(db: Database, otto_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="orders")

    url = f"/instances/validate?field=name&id={instance.id}"
    page = dom(await otto_browser.post(url, {"name": "orders"}))

    assert not page.cssselect(".field__error")


async def test_another_engine_has_other_credentials(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        for name, engine in (("any", None), ("pg", "POSTGRESQL"), ("my", "MYSQL")):
            kind = Engine(engine) if engine else None
            await make_credential(session, name=name, engine=kind, username="u")
        await make_credential(session, name="off", is_active=False)

    url = "/instances/validate?field=credential_id"
    page = dom(await ada_browser.post(url, {**ENTERED, "engine": "MYSQL"}, target="x"))

    assert texts(page, "option") == ["None", "any (u)", "my (u)"]


@pytest.mark.parametrize("credential_id", ["999", "9" * 30, "x"])
async def test_a_credential_that_is_none_is_marked_like_any_field(
    ada_browser: Browser, credential_id: str
) -> None:
    entered = {**ENTERED, "credential_id": credential_id}

    refused = await ada_browser.post("/instances/new", entered)

    assert refused.status_code == 422
    assert 'id="credential_id_error"' in refused.text


async def test_a_change_from_an_old_view_shows_theirs_and_yours(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, name="orders", host="old.example")
    path = f"/instances/{instance.id}/edit"
    mine = {**filled(dom(await ada_browser.get(path))), "host": "mine.example"}
    await ada_browser.post(path, {**mine, "host": "theirs.example"})

    stale = await ada_browser.post(path, mine)
    assert stale.status_code == 409
    page = lxml.html.document_fromstring(stale.text)
    assert texts(page, "form tbody :is(th, td)") == ["Host", "theirs.example", "mine.example"]
    assert (await only_instance(db, ada)).host == "theirs.example"
    saved = await ada_browser.post(path, filled(page))

    assert saved.status_code == 303
    assert (await only_instance(db, ada)).host == "mine.example"


async def test_a_certificate_authority_is_kept_replaced_and_taken_away(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session, tls_ca_pem=PEM, tls_mode="VERIFY_CA")
    path = f"/instances/{instance.id}/edit"

    form = await ada_browser.get(path)
    assert "BEGIN CERTIFICATE" not in form.text
    await ada_browser.post(path, {**filled(dom(form)), "description": "x"})
    assert await ca_of(db) == PEM
    other = PEM.replace("MIIB", "MIIC")
    await ada_browser.post(path, {**filled(dom(await ada_browser.get(path))), "tls_ca_pem": other})
    assert await ca_of(db) == other
    fields = filled(dom(await ada_browser.get(path)))
    await ada_browser.post(path, {**fields, "tls_ca_removed": "1"})
    assert await ca_of(db) is None


async def test_the_wrong_part_of_tls_is_named(ada_browser: Browser) -> None:
    response = await ada_browser.post("/instances/new", {**ENTERED, "tls_server_name": "a_b"})

    assert response.status_code == 422
    assert 'id="tls_server_name_error"' in response.text


async def test_what_is_no_longer_offered_is_not_lost_by_saving(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        tags = [await make_tag(session, "old", is_active=False), await make_tag(session, "prod")]
        credential = await make_credential(session, is_active=False)
        instance = await make_instance(session, tags=tags, credential_id=credential.id)
    path = f"/instances/{instance.id}/edit"

    fields = filled(dom(await ada_browser.get(path)))
    response = await ada_browser.post(path, {**fields, "description": "x"})

    assert fields["tag_names"] == "old,prod"
    assert response.status_code == 303
    row = await only_instance(db, ada)
    assert (row.credential_id, row.description) == (credential.id, "x")


async def test_the_engine_of_known_databases_is_locked_with_the_reason(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        database = await make_database(session)
    path = f"/instances/{database.instance_id}/edit"

    page = dom(await ada_browser.get(path))
    saved = await ada_browser.post(path, {**filled(page), "port": ""})

    assert page.cssselect("select#engine")[0].get("disabled") is not None
    assert texts(page, "#engine_hint") == ["Fixed: databases of it are known."]
    assert saved.status_code == 303
    assert (await only_instance(db, ada)).port == 5432


async def test_a_changed_instance_is_tried_as_entered(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
        instance = await make_instance(session, host="db.example", credential_id=credential.id)
    path = f"/instances/{instance.id}/edit"
    fields = filled(dom(await ada_browser.get(path)))

    tried = await ada_browser.post(path, {**fields, "host": "169.254.1.1", "test": "1"})

    assert "TARGET_NOT_ALLOWED" in texts(dom(tried), "form [role=alert]")[0]
    assert (await only_instance(db, ada)).host == "db.example"


async def test_a_try_needs_a_credential_and_says_what_else_is_wrong(ada_browser: Browser) -> None:
    entered = {**ENTERED, "host": "no host", "test": "1"}

    response = await ada_browser.post("/instances/new", entered)

    assert response.status_code == 422
    page = lxml.html.document_fromstring(response.text)
    assert texts(page, "form [role=alert]") == ["Not tested yet: see the marked fields."]
    marked = [each.get("name") for each in page.cssselect("[aria-invalid]")]
    assert marked == ["host", "credential_id"]


async def test_who_may_not_dial_any_host_is_offered_no_test(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        instance = await make_instance(session)
    path = f"/instances/{instance.id}/edit"

    page = dom(await otto_browser.get(path))
    refused = await otto_browser.post(path, {**filled(page), "test": "1"})

    assert not page.cssselect("button[name=test]")
    assert refused.status_code == 403


async def test_a_row_is_tried_where_it_stands(db: Database, otto_browser: Browser) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys)
        instance = await make_instance(session, host="169.254.1.1", credential_id=credential.id)
    cell = f"connection_{instance.id}"

    page = dom(await otto_browser.post(f"/instances/{instance.id}/connection", target=cell))
    without_script = await otto_browser.post(f"/instances/{instance.id}/connection")

    assert texts(page, f"#{cell} .chip") == ["Failed"]
    assert without_script.headers["location"] == "/instances"


async def test_what_lies_in_the_bin_has_no_form(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        instance = await make_instance(session, deleted_at=datetime.now(UTC))

    response = await ada_browser.get(f"/instances/{instance.id}/edit")

    assert response.status_code == 404
    assert "There is no such instance." in response.text


async def test_rules_for_databases_are_entered_line_by_line(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    asked = {**ENTERED, "include_databases": "shop%\r\ncrm\r\n", "exclude_databases": "%test"}

    refused = await ada_browser.post("/instances/new", {**asked, "exclude_databases": "x\\"})
    saved = await ada_browser.post("/instances/new", asked)

    assert (refused.status_code, saved.status_code) == (422, 303)
    assert 'id="exclude_databases_error"' in refused.text
    row = await only_instance(db, ada)
    assert (row.include_databases, row.exclude_databases) == (["shop%", "crm"], ["%test"])
    again = filled(dom(await ada_browser.get(f"/instances/{row.id}/edit")))
    assert again["include_databases"].splitlines() == ["shop%", "crm"]
    assert "shop%, crm" in (await ada_browser.get(f"/instances/{row.id}")).text
    await ada_browser.post(f"/instances/{row.id}/edit", {**again, "include_databases": ""})
    assert (await only_instance(db, ada)).include_databases == []


async def test_what_only_one_engine_has_is_chosen_kept_and_refused(
    db: Database, ada: Actor, ada_browser: Browser
) -> None:
    entered = {**ENTERED, "engine": "ORACLE", "port": "1521", "option_name_kind": "SID"}
    asked = {**entered, "connect_seconds": "7", "statement_seconds": "90"}

    refused = await ada_browser.post("/instances/new", {**entered, "option_name_kind": "TNS"})
    late = await ada_browser.post("/instances/new", {**entered, "connect_seconds": "61"})
    saved = await ada_browser.post("/instances/new", asked)

    assert (refused.status_code, late.status_code, saved.status_code) == (422, 422, 303)
    assert 'id="options_error"' in refused.text
    assert 'id="connect_seconds_error"' in late.text
    row = await only_instance(db, ada)
    assert (row.options, row.connect_seconds, row.statement_seconds) == (
        {"name_kind": "SID"},
        7,
        90,
    )
    again = filled(dom(await ada_browser.get(f"/instances/{row.id}/edit")))
    assert (again["option_name_kind"], again["connect_seconds"]) == ("SID", "7")
    await ada_browser.post(f"/instances/{row.id}/edit", {**again, "connect_seconds": ""})
    row = await only_instance(db, ada)
    assert (row.options, row.connect_seconds) == ({"name_kind": "SID"}, None)
