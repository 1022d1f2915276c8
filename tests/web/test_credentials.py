"""Credentials on pages: seen by name, added and removed by who may."""

from tests.factories import MYSQL, ORACLE, VERA, make_credential, make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database
from whalefall.models.instances import Credential
from whalefall.resolvers.instances import get_instance

ENTERED = {"name": "monitor", "username": "whale", "password": " s3cret ", "is_active": "1"}


async def test_a_credential_is_added_and_its_password_never_shown(
    ada_browser: Browser,
) -> None:
    response = await ada_browser.post("/credentials/new", ENTERED)

    shown = await ada_browser.get("/credentials")
    assert response.headers["location"] == "/credentials"
    assert texts(dom(shown), "tbody th") == ["monitor"]
    assert "s3cret" not in shown.text


async def test_a_refused_form_does_not_send_the_password_back(ada_browser: Browser) -> None:
    response = await ada_browser.post("/credentials/new", {**ENTERED, "name": ""})

    assert response.status_code == 422
    assert 'id="name_error"' in response.text
    assert 'value="whale"' in response.text
    assert "s3cret" not in response.text


async def test_a_credential_in_use_is_deleted_only_together_with_its_replacement(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="old")
        await make_credential(session, name="elsewhere", engine=ORACLE)
        await make_credential(session, name="off", is_active=False)
        instance = await make_instance(session, credential_id=credential.id)
    path = f"/credentials/{credential.id}/delete"

    alone = dom(await ada_browser.get(path))
    async with db.write() as session:
        new = await make_credential(session, name="new")
    question = dom(await ada_browser.get(path))
    forced = await ada_browser.post(path)
    replaced = await ada_browser.post(path, {"replace_with_id": str(new.id)}, target="modal_root")

    assert not alone.cssselect("main button[type=submit]")
    assert texts(question, "#replace_with_id option")[1:] == ["new (whalefall)"]
    assert forced.status_code == 422
    assert f"1 instance uses it: {instance.name}" in forced.text
    assert "Deleted old" in replaced.text
    async with db.read() as session:
        assert (await get_instance(session, VERA, instance.id)).credential_id == new.id


async def test_an_edit_keeps_the_password_that_is_left_empty_and_masks_it(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, db.keys, "canary-7", name="reader")
    path = f"/credentials/{credential.id}/edit"

    form = dom(await otto_browser.get(path))
    changed = {field.get("name"): field.get("value") for field in form.cssselect("main [name]")}
    kept = {**ENTERED, "expected_updated_at": changed["expected_updated_at"], "password": ""}
    saved = await otto_browser.post(path, kept)

    (password,) = form.cssselect("#password")
    assert (password.get("value"), password.get("placeholder")) == ("", "••••••••")
    assert saved.headers["location"] == "/credentials"
    async with db.read() as session:
        stored = await session.get_one(Credential, credential.id)
        opened = db.keys.decrypt(stored.key_id, stored.password_ciphertext, stored.id)
    assert (stored.name, opened) == ("monitor", "canary-7")


async def test_an_edit_of_what_changed_meanwhile_is_refused_with_a_way_to_load_it(
    db: Database, otto_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
    path = f"/credentials/{credential.id}/edit"
    stale = {**ENTERED, "expected_updated_at": "2020-01-01T00:00:00+00:00"}

    refused = await otto_browser.post(path, stale, target="modal_root")
    damaged = await otto_browser.post(path, {**stale, "expected_updated_at": "yesterday"})

    assert refused.status_code == damaged.status_code == 422
    assert "Somebody changed this credential" in refused.text
    assert f'hx-get="{path}"' in refused.text
    assert "s3cret" not in refused.text


async def test_the_list_narrows_and_links_to_the_instances(
    db: Database, vera_browser: Browser
) -> None:
    async with db.write() as session:
        used = await make_credential(session, name="used", engine=MYSQL)
        await make_credential(session, name="ssh", credential_type="SSH", is_active=False)
        await make_instance(session, name="shop", engine=MYSQL, credential_id=used.id)

    page = dom(await vera_browser.get("/credentials"))
    drawer = await vera_browser.get(f"/credentials/{used.id}", target="modal_root")

    assert texts(page, "tbody th") == ["ssh", "used"]
    (link,) = page.cssselect("tbody .is-number a")
    assert link.get("href") == f"/instances?credential_id={used.id}&deleted=include"
    assert not page.cssselect("td.is-deeds, .page__actions a")
    assert "shop" in drawer.text
    for query in ("type=ssh", "status=inactive", "search=SS"):
        narrowed = dom(await vera_browser.get(f"/credentials?{query}"))
        assert texts(narrowed, "tbody th") == ["ssh"], query


async def test_administrators_see_which_keys_are_needed(
    db: Database, ada_browser: Browser, otto_browser: Browser
) -> None:
    async with db.write() as session:
        await make_credential(session, db.keys)
        await make_credential(session)  # of a key that is not in the ring

    page = dom(await ada_browser.get("/credentials/keys"))

    assert texts(page, "tbody th") == [db.keys.current_id, "none"]
    assert texts(page, "tbody .is-number") == ["1", "1"]
    assert texts(page, ".banner.is-bad strong") == ["A key is missing"]
    assert (await otto_browser.get("/credentials/keys")).status_code == 403


async def test_an_unused_credential_is_deleted_after_a_question(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session, name="old")
    path = f"/credentials/{credential.id}/delete"

    assert texts(dom(await ada_browser.get(path)), "h1") == ["Delete old?"]
    response = await ada_browser.post(path)

    assert response.headers["location"] == "/credentials"
    assert texts(dom(await ada_browser.get("/credentials")), ".empty strong") == [
        "No credentials yet"
    ]
