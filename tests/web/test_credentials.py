"""Credentials on pages: seen by name, added and removed by who may."""

from tests.factories import make_credential, make_instance
from tests.web.conftest import Browser, dom, texts
from whalefall.db import Database

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


async def test_a_credential_in_use_is_not_offered_for_deletion(
    db: Database, ada_browser: Browser
) -> None:
    async with db.write() as session:
        credential = await make_credential(session)
        await make_instance(session, credential_id=credential.id)
    path = f"/credentials/{credential.id}/delete"

    page = dom(await ada_browser.get(path))
    forced = await ada_browser.post(path)

    assert not page.cssselect("main button[type=submit]")
    assert forced.status_code == 409


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
