"""One's own API tokens on one's own page."""

import lxml.html
from sqlalchemy import select

from tests.web.conftest import Browser, dom, texts
from whalefall.auth import Permission
from whalefall.db import Database
from whalefall.models.users import ApiToken
from whalefall.resolvers.users import actor_of_token

NEW = "/me/api-tokens/new"
WANTED = {"name": "nightly", "scopes": "VIEW", "days": "30"}


async def revoke_path(browser: Browser) -> str:
    page = dom(await browser.get("/me"))
    (link,) = page.cssselect("#me_tokens tbody a")
    return str(link.get("href"))


async def test_a_token_is_shown_once_and_works(vera_browser: Browser, db: Database) -> None:
    shown = dom(await vera_browser.post(NEW, WANTED))
    (token,) = texts(shown, "#made_token")

    actor = await actor_of_token(db, token)
    assert (actor.name, actor.permissions) == ("vera", frozenset({Permission.VIEW}))
    page = await vera_browser.get("/me")
    assert token not in page.text
    assert texts(dom(page), "#me_tokens tbody :is(th, td:nth-child(2))") == ["nightly", "Read"]


async def test_a_dialog_shows_the_token_and_has_the_table_refreshed(vera_browser: Browser) -> None:
    answer = await vera_browser.post(NEW, WANTED, target="modal_root")

    assert answer.headers["hx-trigger"] == "tokens:changed"
    dialog = lxml.html.fragment_fromstring(answer.text)
    assert dialog.tag == "dialog"
    (button,) = dialog.cssselect("[data-do=copy]")
    assert button.get("data-text") == texts(dialog, "#made_token")[0]


async def test_every_right_is_asked_for_by_name(vera_browser: Browser, db: Database) -> None:
    await vera_browser.post(NEW, {"name": "all", "every_right": "1", "days": ""})

    async with db.read() as session:
        token = (await session.execute(select(ApiToken))).scalar_one()
    assert (token.scopes, token.expires_at) == (None, None)


async def test_a_refused_token_keeps_what_was_typed(vera_browser: Browser) -> None:
    answer = await vera_browser.post(NEW, {"name": "nightly", "days": "7"}, target="modal_root")

    assert answer.status_code == 422
    dialog = lxml.html.fragment_fromstring(answer.text)
    assert dialog.cssselect("#name")[0].get("value") == "nightly"
    assert dialog.cssselect("#days option[selected]")[0].get("value") == "7"
    assert dialog.cssselect("[name=scopes][aria-invalid]")
    assert texts(dialog, "#scopes_error") == ["Choose at least one of them."]


async def test_a_viewer_is_offered_no_right_but_their_own(vera_browser: Browser) -> None:
    form = dom(await vera_browser.get(NEW))

    assert [each.get("value") for each in form.cssselect("[name=scopes]")] == ["VIEW"]


async def test_a_revoked_token_is_gone(vera_browser: Browser) -> None:
    await vera_browser.post(NEW, WANTED)
    path = await revoke_path(vera_browser)
    assert texts(dom(await vera_browser.get(path)), "h1") == ["Revoke nightly?"]

    answer = await vera_browser.post(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert texts(dom(await vera_browser.get("/me")), "#me_tokens .empty strong") == [
        "No API tokens"
    ]


async def test_nobody_revokes_another_persons_token_here(
    vera_browser: Browser, ada_browser: Browser
) -> None:
    await vera_browser.post(NEW, WANTED)
    path = await revoke_path(vera_browser)

    for answer in (await ada_browser.get(path), await ada_browser.post(path)):
        assert answer.status_code == 404
    assert await revoke_path(vera_browser) == path
