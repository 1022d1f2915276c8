"""Administering people on pages: who is listed, what a dialog says, what it does."""

import lxml.html
import pytest
from sqlalchemy import select

from tests.factories import make_api_token, make_user
from tests.web.conftest import Browser, dom, texts
from whalefall.auth import Role
from whalefall.crypto import check_password
from whalefall.db import Database
from whalefall.models.users import User

PASSWORD = "staple battery"


async def add(db: Database, name: str, role: Role = Role.VIEWER, **columns: object) -> User:
    async with db.write() as session:
        return await make_user(session, username=name, role=role, **columns)


async def stored(db: Database, name: str) -> User | None:
    async with db.read() as session:
        return await session.scalar(select(User).where(User.username == name))


async def kept(db: Database, name: str) -> User:
    found = await stored(db, name)
    assert found is not None
    return found


async def test_the_list_says_who_may_what_and_was_here_when(
    db: Database, ada_browser: Browser
) -> None:
    await add(db, "otto", Role.OPERATOR, must_change_password=True)
    await add(db, "vera", is_active=False)

    page = dom(await ada_browser.get("/users"))

    rows = [texts(row, "th, td")[:5] for row in page.cssselect("tbody tr")]
    assert rows == [
        ["ada (you)", "Administrator", "Active", "Set", "just now"],
        ["otto", "Operator", "Active", "To be changed", "never"],
        ["vera", "Viewer", "Disabled", "Set", "never"],
    ]
    assert texts(page, ".rail__link[aria-current=page]") == ["Users"]


async def test_filters_narrow_the_list_and_can_be_taken_away(
    db: Database, ada_browser: Browser
) -> None:
    await add(db, "otto", Role.OPERATOR)
    await add(db, "vera", is_active=False)

    block = await ada_browser.get("/users?role=operator&status=active", target="users_table")
    nobody = dom(await ada_browser.get("/users?search=zoe"))

    table = lxml.html.fragment_fromstring(block.text)
    assert texts(table, "tbody th") == ["otto"]
    assert texts(table, ".tag--remove") == ["Role Operator", "Status Active"]
    assert texts(nobody, ".empty strong") == ["No user fits these filters"]


async def test_one_is_not_offered_what_would_be_refused(ada_browser: Browser, db: Database) -> None:
    await add(db, "vera")

    page = dom(await ada_browser.get("/users"))

    own, other = (
        [link.get("href").split("/")[-1] for link in row.cssselect("td.is-deeds a")]
        for row in page.cssselect("tbody tr")
    )
    assert own[:-1] == ["me", "disable"]
    assert other[:2] + other[3:] == ["reset-password", "disable", "delete"]


@pytest.mark.parametrize("path", ["/users", "/users/new", "/users/1/delete", "/audit", "/audit/1"])
async def test_nobody_else_sees_these_pages(
    otto_browser: Browser, vera_browser: Browser, path: str
) -> None:
    for browser in (otto_browser, vera_browser):
        answer = await browser.get(path)
        start = lxml.html.document_fromstring((await browser.get("/instances")).text)

        assert answer.status_code == 403
        assert "You may not do this" in answer.text
        assert not start.cssselect(f".rail__link[href='{path}']")


async def test_even_ones_own_form_is_for_administrators(
    db: Database, vera_browser: Browser
) -> None:
    vera = await kept(db, "vera")

    answer = await vera_browser.get(f"/users/{vera.id}/edit")

    assert answer.status_code == 403


async def test_a_user_is_added_with_a_password_that_is_shown_once(
    db: Database, ada_browser: Browser
) -> None:
    fields = {"username": "vera", "role": "VIEWER", "must_change_password": "1", "password": ""}

    made = await ada_browser.post("/users/new", fields, target="modal_root")

    (password,) = texts(lxml.html.fragment_fromstring(made.text), ".secret code")
    vera = await kept(db, "vera")
    assert vera.must_change_password
    assert await check_password(vera.password_hash, password)
    assert made.headers["hx-trigger"] == "users:changed"
    assert password not in (await ada_browser.get("/users")).text


async def test_a_chosen_password_is_not_shown(db: Database, ada_browser: Browser) -> None:
    fields = {"username": "vera", "role": "OPERATOR", "password": PASSWORD}

    plain = await ada_browser.post("/users/new", fields)

    vera = await kept(db, "vera")
    assert (plain.status_code, plain.headers["location"]) == (303, "/users")
    assert (vera.role, vera.must_change_password) == ("OPERATOR", False)


async def test_all_that_is_wrong_is_marked_and_what_was_typed_stays(
    db: Database, ada_browser: Browser
) -> None:
    fields = {"username": "a b", "role": "OPERATOR", "password": "short"}

    response = await ada_browser.post("/users/new", fields)

    page = lxml.html.document_fromstring(response.text)
    assert response.status_code == 422
    assert [field.get("id") for field in page.cssselect("[aria-invalid]")] == [
        "username",
        "password",
    ]
    assert page.cssselect("#username[value='a b']")
    assert page.cssselect("option[value=OPERATOR][selected]")
    assert not page.cssselect("#password[value='short']")


async def test_a_role_is_changed_in_a_dialog_that_closes(
    db: Database, ada_browser: Browser
) -> None:
    vera = await add(db, "vera")
    path = f"/users/{vera.id}/edit"
    dialog = lxml.html.fragment_fromstring((await ada_browser.get(path, target="modal_root")).text)
    fields = {
        "username": "vera",
        "role": "OPERATOR",
        "expected_updated_at": dialog.cssselect("[name=expected_updated_at]")[0].get("value"),
    }

    saved = await ada_browser.post(path, fields, target="modal_root")
    stale = await ada_browser.post(path, {**fields, "role": "ADMIN"}, target="modal_root")

    changed = await kept(db, "vera")
    assert '"users:changed": true' in saved.headers["hx-trigger"]
    assert changed.role == "OPERATOR"
    assert stale.status_code == 422
    assert "Somebody changed this user in the meantime." in stale.text


async def test_the_last_administrator_is_told_in_the_dialog(
    db: Database, ada_browser: Browser
) -> None:
    ada = await kept(db, "ada")

    demoted = await ada_browser.post(f"/users/{ada.id}/edit", {"username": "ada", "role": "VIEWER"})
    disabled = await ada_browser.post(f"/users/{ada.id}/disable")

    for answer in (demoted, disabled):
        assert answer.status_code == 422
        assert "This is the last active administrator." in answer.text


async def test_a_question_says_what_will_end(db: Database, ada_browser: Browser) -> None:
    async with db.write() as session:
        vera = await make_user(session, username="vera")
        await make_api_token(session, vera)

    page = dom(await ada_browser.get(f"/users/{vera.id}/disable"))

    impact = texts(page, ".impact dd")
    assert texts(page, "h1") == ["Disable vera?"]
    assert impact[:2] == ["none", "1 is revoked for good"]


async def test_a_user_is_disabled_and_enabled_again(db: Database, ada_browser: Browser) -> None:
    vera = await add(db, "vera")

    await ada_browser.post(f"/users/{vera.id}/disable")
    disabled = await kept(db, "vera")
    await ada_browser.post(f"/users/{vera.id}/enable")
    enabled = await kept(db, "vera")

    assert (disabled.is_active, enabled.is_active) == (False, True)


async def test_a_reset_shows_the_password_that_it_made(db: Database, ada_browser: Browser) -> None:
    vera = await add(db, "vera")
    path = f"/users/{vera.id}/reset-password"

    weak = await ada_browser.post(path, {"password": "short"})
    made = dom(await ada_browser.post(path, {"password": ""}))

    (password,) = texts(made, ".secret code")
    changed = await kept(db, "vera")
    assert weak.status_code == 422
    assert await check_password(changed.password_hash, password)


async def test_a_deletion_wants_the_name_typed(db: Database, ada_browser: Browser) -> None:
    vera = await add(db, "vera")
    path = f"/users/{vera.id}/delete"

    refused = await ada_browser.post(path, {"typed_name": "Vera"})
    await kept(db, "vera")
    done = await ada_browser.post(path, {"typed_name": "vera"})

    assert refused.status_code == 422
    assert 'id="typed_name_error"' in refused.text
    assert done.headers["location"] == "/users"
    assert await stored(db, "vera") is None


async def test_nobody_deletes_or_resets_themselves(db: Database, ada_browser: Browser) -> None:
    ada = await kept(db, "ada")

    deleted = await ada_browser.post(f"/users/{ada.id}/delete", {"typed_name": "ada"})
    reset = await ada_browser.post(f"/users/{ada.id}/reset-password", {"password": PASSWORD})

    assert "Nobody deletes themselves" in deleted.text
    assert "Change your own password with the old one." in reset.text
