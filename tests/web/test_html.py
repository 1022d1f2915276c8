"""How pages are built: dialogs, answers to deeds, blocks that follow a noun, selected rows."""

import json

import pytest
from jinja2 import ChoiceLoader, DictLoader
from lxml import html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tests.factories import VERA
from whalefall.settings import Settings
from whalefall.web.html import done, environment, render
from whalefall.web.languages import LANGUAGES
from whalefall.web.lists import list_state

ENGLISH = LANGUAGES["en"]
FORM = """
{% extends "base.html" %}
{% block title %}Add{% endblock %}
{% block main %}{{ self.form() }}{% endblock %}
{% block form %}<form class="panel form" {{ ui.posts("/tags/new", in_dialog) }}>
{{ ui.field("name", "Name", values, errors) }}{{ ui.back("/tags", in_dialog) }}</form>{% endblock %}
{% block modal_root %}{% call ui.dialog("Add") %}{{ self.form() }}{% endcall %}{% endblock %}
"""


def ask(settings: Settings, target: str = "", language: str = "en") -> Request:
    """A request for /tags?search=x, by htmx when it names a target."""
    headers = [(b"accept-language", language.encode())]
    if target:
        headers += [(b"hx-request", b"true"), (b"hx-target", target.encode())]
    app = type("App", (), {"state": type("State", (), {"settings": settings})})
    scope = {"type": "http", "path": "/tags", "headers": headers, "query_string": b"search=x"}
    request = Request({**scope, "method": "GET", "app": app, "scheme": "http"})
    request.state.actor = VERA
    return request


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a page with a form, as nouns write theirs."""
    made = environment(ENGLISH)
    both = ChoiceLoader([DictLoader({"form.html": FORM}), made.loader])  # type: ignore[list-item]
    monkeypatch.setattr(made, "loader", both)
    return "form.html"


def macro(source: str, **values: object) -> html.HtmlElement:
    """What a template of these macros prints."""
    printed = environment(ENGLISH).from_string(source).render(**values)
    return html.fragment_fromstring(printed, create_parent=True)


def page(response: Response) -> html.HtmlElement:
    return html.document_fromstring(bytes(response.body).decode())


def test_a_form_is_a_page_of_its_own_without_script(settings: Settings, form: str) -> None:
    found = page(render(ask(settings), form))

    assert len(found.cssselect("main form")) == 1
    assert found.cssselect("main form")[0].get("hx-post") is None
    assert found.cssselect("#modal_root")[0].text_content().strip() == ""


def test_a_form_asked_for_as_a_dialog_stays_in_it(settings: Settings, form: str) -> None:
    response = render(ask(settings, "modal_root"), form, errors={"name": "Taken."}, status=422)

    found = page(response)
    posted = found.cssselect("dialog form")[0]
    assert response.status_code == 422
    assert not found.cssselect("main")
    assert posted.get("hx-post") == posted.get("action") == "/tags/new"
    assert (posted.get("hx-target"), posted.get("hx-swap")) == ("#modal_root", "innerHTML")
    assert found.cssselect("[aria-invalid]")[0].get("name") == "name"
    assert found.cssselect("form > a")[0].get("data-do") == "leave"


def test_a_link_that_opens_a_dialog_is_a_plain_link_too() -> None:
    link = macro("<a {{ ui.opens('/tags/new?a=1&b=2') }}>x</a>").cssselect("a")[0]

    assert link.get("href") == link.get("hx-get") == "/tags/new?a=1&b=2"
    assert link.get("hx-target") == "#modal_root"


def test_a_deed_done_answers_a_form_with_see_other(settings: Settings) -> None:
    response = done(ask(settings), "/tags", changed="tags", title="Saved")

    assert response.status_code == 303
    assert response.headers["location"] == "/tags"


def test_a_deed_done_closes_the_dialog_and_says_so(settings: Settings) -> None:
    title = "%(name)s was saved"
    request = ask(settings, "modal_root")

    response = done(request, "/tags", changed="tags", title=title, name="<b>100 %s</b>")

    assert isinstance(response, HTMLResponse)
    assert response.headers["hx-reswap"] == "none"
    assert json.loads(response.headers["hx-trigger"]) == {
        "modal:close": True,
        "tags:changed": True,
    }
    wrapper = html.fragment_fromstring(bytes(response.body).decode())
    assert wrapper.get("hx-swap-oob") == "beforeend:#toasts"
    assert wrapper.cssselect(".toast strong")[0].text == "<b>100 %s</b> was saved"


def test_a_block_that_follows_a_noun_asks_for_itself_again(settings: Settings) -> None:
    state, _ = list_state(ask(settings), "tags_table", {"search": "Search"})
    block = macro("<div {{ ui.follows(list, 'tags') }}></div>", list=state).cssselect("div > div")

    assert block[0].get("hx-get") == "/tags?search=x"
    assert block[0].get("hx-trigger") == "tags:changed from:body"
    assert (block[0].get("hx-target"), block[0].get("hx-swap")) == ("this", "outerHTML")


def test_filters_do_not_share_ids_with_the_fields_of_a_dialog(settings: Settings) -> None:
    state, _ = list_state(ask(settings), "tags_table", {"search": "Search"})
    source = "{% call ui.filters(list) %}{{ ui.search('', 'Find', '') }}{% endcall %}"

    found = macro(source, list=state)

    field = found.cssselect("input")[0]
    assert field.get("name") == "search"
    assert field.get("id") == found.cssselect("label")[0].get("for") == "by_search"
    assert "from:#by_search" in found.cssselect("form")[0].get("hx-trigger")


def test_the_bulk_bar_carries_the_filters_for_all_that_match(settings: Settings) -> None:
    state, _ = list_state(ask(settings), "tags_table", {"search": "Search"})
    source = (
        "{% call ui.bulk(list, 'token', 214) %}{{ ui.bulk_deed('/x', 'Recycle', 'trash-2') }}"
        "{% endcall %}<table>{{ ui.pick(7, 'prod') }}</table>"
    )

    found = macro(source, list=state)

    values = {each.get("name"): each.get("value") for each in found.cssselect("#bulk input")}
    assert values == {"csrf_token": "token", "search": "x", "all": "1"}
    assert found.cssselect("[name=ids]")[0].get("form") == "bulk"
    assert found.cssselect("#bulk button")[0].get("formaction") == "/x"


def test_a_few_matches_need_no_all(settings: Settings) -> None:
    state, _ = list_state(ask(settings), "tags_table", {})
    found = macro("{% call ui.bulk(list, 't', 12) %}{% endcall %}", list=state)

    assert not found.cssselect("[name=all]")


def test_the_impact_of_a_deed_is_told_in_tones() -> None:
    found = macro("{{ ui.impact([('Accounts', 12, 'bad'), ('Snapshots', 'kept', '')]) }}")

    assert [each.get("class") for each in found.cssselect("dd")] == ["is-bad", None]
