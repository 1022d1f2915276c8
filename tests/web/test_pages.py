"""What holds for every page: who may see it, how it is built, how it is sent."""

from collections import Counter
from dataclasses import dataclass

import lxml.html
import pytest
from starlette.routing import Route

from tests.factories import (
    make_credential,
    make_database,
    make_instance,
    make_sync_record,
    make_sync_session,
    make_table_sizes,
    make_tag,
)
from tests.web.conftest import Browser, dom, texts
from tests.web.test_rights import OWN
from whalefall.db import Database
from whalefall.domain.states import SyncStatus
from whalefall.web import routes

HOSTILE = "<script>alert(1)</script>\"'%s %(name)s"
VIEWED = [
    "/databases/ledgers",
    "/databases/ledgers?search=nothing-like-it",
    "/instances",
    "/instances/1",
    "/instances/1/privileges",
    "/databases/1",
    "/databases/1/tables",
    "/sync-sessions",
    "/sync-sessions/1",
    "/credentials",
    "/credentials/1",
    "/tags",
    "/databases/stats",
    "/instances/stats",
    "/palette?q=alert",
]
CONFIRMED = [f"/instances/actions/{deed}?ids=1" for deed in ("recycle", "purge")]
TAGGED = ["/tags/new", "/tags/1/edit", "/tags/1/delete", "/tags/assign?ids=1&tag_ids=1&mode=remove"]
KEPT = ["/credentials/keys", "/credentials/1/edit", "/credentials/1/delete"]
ADMINISTERED = [
    "/users",
    "/users/new",
    "/audit",
    "/instances/import",
    "/instances/new",
    "/instances/1/edit",
    "/credentials/new",
    *CONFIRMED,
    *TAGGED,
    *KEPT,
]
WRITES = [
    ("/instances/1/actions/test", "EXECUTE"),
    ("/instances/1/privileges", "EXECUTE"),
    ("/instances/1/actions/sync-capacity", "EXECUTE"),
    ("/instances/actions/sync-capacity", "EXECUTE"),
    ("/databases/1/tables/actions/refresh", "EXECUTE"),
    ("/sync-sessions/1/actions/cancel", "ADMIN"),
    ("/sync-sessions/1/actions/retry", "EXECUTE"),
    ("/sync-records/1/actions/accept", "EXECUTE"),
    ("/databases/1/limit", "UPDATE"),
    ("/capacity/rule", "ADMIN"),
    ("/capacity/events/actions/acknowledge", "UPDATE"),
    ("/capacity/databases/1/actions/mute", "UPDATE"),
    ("/partitions/new", "ADMIN"),
    ("/partitions/cleanup", "ADMIN"),
    ("/jobs/1/edit", "ADMIN"),
    ("/jobs/1/preview", "ADMIN"),
    ("/jobs/1/actions/pause", "ADMIN"),
    ("/jobs/1/actions/resume", "ADMIN"),
    ("/jobs/1/actions/run", "ADMIN"),
    ("/instances/new", "CREATE"),
    ("/instances/1/edit", "UPDATE"),
    ("/instances/1/connection", "EXECUTE"),
    ("/instances/validate", "UPDATE"),
    ("/instances/actions/pause", "UPDATE"),
    ("/instances/actions/resume", "UPDATE"),
    ("/instances/actions/restore", "UPDATE"),
    ("/instances/actions/recycle", "DELETE"),
    ("/instances/actions/purge", "ADMIN"),
    ("/credentials/new", "CREATE"),
    ("/credentials/1/edit", "UPDATE"),
    ("/credentials/1/delete", "DELETE"),
    ("/tags/new", "CREATE"),
    ("/tags/1/edit", "UPDATE"),
    ("/tags/1/delete", "DELETE"),
    ("/tags/assign", "UPDATE"),
    ("/tags/assign/commit", "UPDATE"),
    ("/instances/import", "CREATE"),
    ("/users/new", "ADMIN"),
    ("/users/1/edit", "ADMIN"),
    ("/users/1/reset-password", "ADMIN"),
    ("/users/1/disable", "ADMIN"),
    ("/users/1/enable", "ADMIN"),
    ("/users/1/delete", "ADMIN"),
]


@dataclass
class Estate:
    """One of everything, named as an attacker would."""

    instance_id: int
    database_id: int


@pytest.fixture
async def estate(db: Database) -> Estate:
    async with db.write() as session:
        tag = await make_tag(session, "prod", id=1, display_name=HOSTILE, category=HOSTILE)
        account = await make_credential(session, id=1, name=HOSTILE, username=HOSTILE)
        named = {"name": HOSTILE, "description": HOSTILE, "credential_id": account.id}
        instance = await make_instance(session, id=1, tags=[tag], **named)
        database = await make_database(session, instance, id=1, name=HOSTILE, size_bytes=5 * 2**30)
        await make_database(session, instance, id=2, name="never collected")
        await make_table_sizes(session, database, [2**30, 2**20, None, 0])
        sync = await make_sync_session(session, id=1, status=SyncStatus.RUNNING, total=1)
        await make_sync_record(
            session, sync, instance_id=instance.id, status=SyncStatus.RUNNING, stage="sizes"
        )
    return Estate(instance.id, database.id)


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("path", [*VIEWED, *ADMINISTERED, "/me", "/me/api-tokens/new"])
async def test_a_page_is_well_formed_and_harmless(ada_browser: Browser, path: str) -> None:
    page = dom(await ada_browser.get(path))

    assert _faults(page) == []
    assert len(page.cssselect("h1")) == 1
    assert page.cssselect("title")[0].text_content().strip().endswith("WhaleFall")
    assert page.get("lang") == "en"


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("path", VIEWED)
async def test_every_page_speaks_chinese(vera_browser: Browser, path: str) -> None:
    page = dom(await vera_browser.get(path, headers={"Accept-Language": "zh-CN"}))

    assert page.get("lang") == "zh-CN"
    links = texts(page, "nav .rail__link")
    assert {"数据库", "实例", "凭据", "标签", "同步会话"} <= set(links)
    assert not [link for link in links if link.isascii()]


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("path", VIEWED)
async def test_a_viewer_sees_no_control_that_would_be_refused(
    vera_browser: Browser, path: str
) -> None:
    page = dom(await vera_browser.get(path))

    posts = {form.get("action") for form in page.cssselect("form[method=post]")}
    assert posts == {"/logout", "/preferences"}
    assert not page.cssselect("main a[href$='/edit'], a[href$='/new'], a[href$='/delete']")


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("path", ADMINISTERED)
async def test_a_viewer_gets_no_form_that_would_be_refused(
    vera_browser: Browser, path: str
) -> None:
    assert (await vera_browser.get(path)).status_code == 403


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize("path", VIEWED + ADMINISTERED)
async def test_signed_out_one_is_led_to_the_sign_in_page(nobody: Browser, path: str) -> None:
    response = await nobody.get(path)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/login?next=%2F")


@pytest.mark.usefixtures("estate")
async def test_signed_out_htmx_leaves_the_page(nobody: Browser) -> None:
    headers = {"HX-Current-URL": "http://127.0.0.1:8600/instances"}

    response = await nobody.get("/instances", target="instances_table", headers=headers)

    assert response.headers["hx-redirect"] == "/login?next=%2Finstances"


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(("path", "right"), WRITES)
async def test_a_viewer_may_write_nothing(vera_browser: Browser, path: str, right: str) -> None:
    assert (await vera_browser.post(path)).status_code == 403


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(("path", "right"), [each for each in WRITES if each[1] != "EXECUTE"])
async def test_an_operator_changes_what_is_there_and_no_more(
    otto_browser: Browser, path: str, right: str
) -> None:
    refused = (await otto_browser.post(path)).status_code == 403

    assert refused == (right != "UPDATE")


@pytest.mark.usefixtures("estate")
@pytest.mark.parametrize(("path", "right"), WRITES)
async def test_a_write_needs_the_token_of_the_session(
    ada_browser: Browser, path: str, right: str
) -> None:
    ada_browser.csrf_token = "forged"

    assert (await ada_browser.post(path)).status_code == 403


def test_every_write_of_the_pages_is_in_the_list_above() -> None:
    writes = {
        route.path.replace("{id:row_id}", "1")
        for route in routes()
        if isinstance(route, Route) and "POST" in (route.methods or ())
    }

    own = {path.replace("{id:row_id}", "1") for path in OWN}
    assert writes == {path for path, _ in WRITES} | own | {"/login", "/preferences"}


@pytest.mark.usefixtures("estate")
async def test_pages_are_private_and_vary_by_htmx(vera_browser: Browser) -> None:
    headers = (await vera_browser.get("/instances")).headers

    assert headers["cache-control"] == "private, no-store"
    assert "HX-Request" in headers["vary"]
    assert "HX-Target" in headers["vary"]


@pytest.mark.usefixtures("estate")
async def test_a_restored_history_gets_the_whole_page(vera_browser: Browser) -> None:
    headers = {"HX-History-Restore-Request": "true"}

    response = await vera_browser.get("/instances", target="instances_table", headers=headers)

    assert len(dom(response).cssselect("h1")) == 1


@pytest.mark.parametrize("number", ["9" * 18, "9" * 19, "9" * 5000])
async def test_no_number_is_too_large_for_a_path(vera_browser: Browser, number: str) -> None:
    assert (await vera_browser.get(f"/instances/{number}")).status_code == 404


async def test_a_page_that_is_not_there_says_so(vera_browser: Browser) -> None:
    response = await vera_browser.get("/instances/99")

    assert response.status_code == 404
    assert "There is no such" in response.text


async def test_a_damaged_cursor_is_a_refusal_not_a_crash(vera_browser: Browser) -> None:
    response = await vera_browser.get("/databases/ledgers?after=nonsense")

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("query", "attribute", "value"),
    [
        ("theme=dark", "data-theme", "dark"),
        ("theme=pink", "data-theme", None),
        ("density=compact", "data-density", "compact"),
        ("lang=zh-CN", "lang", "zh-CN"),
    ],
)
async def test_preferences_are_kept_and_lead_back(
    vera_browser: Browser, query: str, attribute: str, value: str | None
) -> None:
    name, _, choice = query.partition("=")
    fields = {name: choice, "next": "/instances"}
    response = await vera_browser.post("/preferences", fields)

    assert (response.status_code, response.headers["location"]) == (303, "/instances")
    assert dom(await vera_browser.get("/instances")).get(attribute) == value


async def test_preferences_never_lead_to_another_site(nobody: Browser) -> None:
    response = await nobody.post("/preferences", {"theme": "dark", "next": "//evil.example"})

    assert response.headers["location"] == "/"


def _faults(page: lxml.html.HtmlElement) -> list[str]:
    """What no page of ours may hold."""
    ids = Counter(found.get("id") for found in page.cssselect("[id]"))
    faults = [f"id {name} occurs {count} times" for name, count in ids.items() if count > 1]
    for element in page.iter(lxml.html.etree.Element):
        for attribute in element.attrib:
            if attribute == "style" or attribute.startswith("on"):
                faults.append(f"{element.tag} has {attribute}")
    faults += [f"inline {s.tag}" for s in page.cssselect("script:not([src]), style")]
    for control in page.cssselect("input:not([type=hidden]), select, textarea"):
        named = control.get("aria-label") or control.xpath("ancestor::label")
        if not named and not page.cssselect(f"label[for='{control.get('id')}']"):
            faults.append(f"{control.get('name')} has no label")
    for table in page.cssselect("table"):
        if not table.cssselect("caption") or table.cssselect("thead th:not([scope])"):
            faults.append("a table without caption or scope")
    faults += ["a button without type" for _ in page.cssselect("button:not([type])")]
    for form in page.cssselect("form[method=post]"):
        if not form.cssselect("input[name=csrf_token]"):
            faults.append(f"form {form.get('action')} has no token")
    return faults
