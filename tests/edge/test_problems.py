"""How failures leave: each sender gets the form it understands, and none learns too much."""

import httpx2
import pytest
from lxml import html
from starlette.requests import Request

from tests.edge.conftest import OURS, Site
from tests.log_lines import Lines
from whalefall.auth import NOBODY
from whalefall.errors import CATALOGUE, BadInput, Code
from whalefall.resolvers.users import TooManyAttempts
from whalefall.web.problems import answer, envelope

HTMX = {"HX-Request": "true", "HX-Target": "main"}
ENVELOPE = (
    "success error error_id category severity message_code message timestamp recoverable"
    " suggestions context"
)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nowhere", 404, "NOT_FOUND"),
        ("/api/v1/private", 401, "AUTHENTICATION_REQUIRED"),
        ("/api/v1/away", 503, "SERVICE_UNAVAILABLE"),
        ("/api/v1/broken", 500, "INTERNAL_ERROR"),
        ("/metrics", 401, "AUTHENTICATION_REQUIRED"),
    ],
)
async def test_plain_routes_answer_with_the_envelope(
    http: httpx2.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await http.get(path + "?password=c4nary")

    body = answer.json()
    assert answer.status_code == status
    assert list(body) == ENVELOPE.split()
    assert (body["success"], body["error"], body["message_code"]) == (False, True, code)
    assert len(body["error_id"]) == 32
    assert len(body["suggestions"]) == 2
    assert body["context"]["path"] == path
    assert "c4nary" not in answer.text


async def test_who_may_not_is_told_so(site: Site, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/v1/private", headers=site.bearer)

    assert (answer.status_code, answer.json()["message_code"]) == (403, "PERMISSION_REQUIRED")


async def test_a_wrong_method_says_which_are_right(http: httpx2.AsyncClient) -> None:
    answer = await http.delete("/api/v1/private", headers=OURS)

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert answer.json()["message_code"] == "BAD_USER_INPUT"


async def test_the_unexpected_is_logged_under_its_id_and_not_shown(
    http: httpx2.AsyncClient, lines: Lines
) -> None:
    answer = await http.get("/api/v1/broken")

    (failed, answered) = lines()
    assert failed["error_id"] == answered["error_id"] == answer.json()["error_id"]
    assert "RuntimeError: postgresql://a:***@db/x" in failed["exception"]
    assert (answered["status"], answered["path"]) == (500, "/api/v1/broken")
    assert answered["request_id"] == answer.headers["x-request-id"]
    assert "c4nary" not in f"{failed}{answered}{answer.text}"
    assert "RuntimeError" not in answer.text


async def test_the_page_of_the_unexpected_names_the_id_of_the_log(
    http: httpx2.AsyncClient, lines: Lines
) -> None:
    answer = await http.get("/broken")

    assert answer.status_code == 500
    assert f"<code>{lines()[0]['error_id']} " in answer.text


async def test_an_answer_that_breaks_in_the_middle_stays_broken(
    http: httpx2.AsyncClient, lines: Lines
) -> None:
    with pytest.raises(AssertionError):  # the client misses the end, and says so this way
        await http.get("/api/v1/half")

    assert [line["event"] for line in lines()] == ["http.failed"]


async def test_signed_out_readers_are_led_to_the_form_and_back(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/bounced?search=a%26b&tags=x")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fbounced%3Fsearch%3Da%2526b%26tags%3Dx"


async def test_signed_out_writers_are_led_to_the_form_only(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/bounced", headers=OURS)

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    ("current", "target"),
    [
        ("http://whalefall.example/instances/7?tab=a", "/login?next=%2Finstances%2F7%3Ftab%3Da"),
        ("http://whalefall.example//evil.example", "/login"),
        ("", "/login"),
    ],
)
async def test_htmx_is_led_to_the_form_from_the_page_it_is_on(
    http: httpx2.AsyncClient, current: str, target: str
) -> None:
    answer = await http.get("/bounced", headers={**HTMX, "HX-Current-URL": current})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, target)


async def test_scripts_that_want_json_are_not_led_anywhere(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/bounced", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()["message_code"]) == (401, "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nowhere", 404, "Not found"),
        ("/away", 503, "WhaleFall is not available right now"),
        ("/broken", 500, "Something went wrong"),
    ],
)
async def test_readers_get_a_page(
    site: Site, http: httpx2.AsyncClient, path: str, status: int, title: str
) -> None:
    answer = await http.get(path, headers={**site.cookie, "Accept": "text/html"})

    page = html.fromstring(answer.text)
    assert answer.status_code == status
    assert [heading.text_content() for heading in page.cssselect("h1")] == [title]
    assert answer.headers["x-request-id"] in answer.text
    assert "c4nary" not in answer.text


async def test_htmx_gets_a_toast(site: Site, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/away", headers={**site.cookie, **HTMX})

    toast = html.fromstring(answer.text)
    assert answer.status_code == 503
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#toasts", "beforeend")
    assert toast.get("role") == "alert"
    assert toast.cssselect("strong")[0].text_content() == "WhaleFall is not available right now"


async def test_a_broken_error_page_still_answers(
    http: httpx2.AsyncClient, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("template")

    monkeypatch.setattr("whalefall.web.problems.render", broken)

    answer = await http.get("/broken")

    assert (answer.status_code, answer.headers["content-type"][:10]) == (500, "text/plain")
    assert [line["event"] for line in lines()][:2] == ["http.error_page_failed", "http.failed"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("application/graphql-response+json, */*", "application/graphql-response+json"),
    ],
)
async def test_graphql_clients_get_a_graphql_error(
    http: httpx2.AsyncClient, accept: str, media_type: str
) -> None:
    headers = {"Authorization": "Bearer wf_x", "Accept": accept}

    answer = await http.post("/graphql", headers=headers)

    (error,) = answer.json()["errors"]
    assert answer.headers["content-type"] == media_type
    assert set(error["extensions"]) == {"code", "retryable", "errorId", "requestId"}


def test_waiting_is_told_in_seconds_too() -> None:
    response = answer(_request("/api/v1/x"), TooManyAttempts(90))

    assert (response.status_code, response.headers["retry-after"]) == (429, "90")


def test_field_and_hint_are_in_the_context() -> None:
    problem = BadInput("Too short.", field=("input", "name"), hint="Make it longer.")

    context = envelope(problem, _request("/api/v1/x"))["context"]

    assert (context["field"], context["hint"]) == ("name", "Make it longer.")


@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_an_envelope(code: Code) -> None:
    body = envelope(BadInput("No.", code=code), _request("/api/v1/x"))

    assert body["message_code"] == code
    assert body["recoverable"] is (CATALOGUE[code].severity != "high")


def _request(path: str) -> Request:
    state = {"actor": NOBODY, "request_id": "r-1"}
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    return Request({**scope, "server": ("whalefall.example", 80), "state": state})
