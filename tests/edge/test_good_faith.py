"""A write by cookie comes from a page of ours, and proves it."""

from typing import Any

import httpx2
import pytest

from tests.edge.conftest import OURS, Site

JSON = {"Accept": "application/json"}
THEIRS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def code(answer: httpx2.Response) -> str:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == 403
    return str(body["message_code"])


async def test_a_write_with_the_token_goes_through(site: Site, http: httpx2.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = await http.request(
            method, "/show", content=b"body", headers={**site.cookie, **site.csrf, **OURS}
        )
        assert (answer.status_code, answer.json()["body"]) == (200, "body")


async def test_a_json_content_type_alone_is_not_enough(
    site: Site, http: httpx2.AsyncClient
) -> None:
    answer = await http.post("/show", json={}, headers={**site.cookie, **JSON})

    assert code(answer) == "CSRF_MISSING"


@pytest.mark.parametrize("token", ["x", "\xff", "a" * 5000])
async def test_another_token_is_refused(site: Site, http: httpx2.AsyncClient, token: str) -> None:
    headers = httpx2.Headers({**site.cookie, **JSON, "X-CSRFToken": token}, encoding="latin-1")

    assert code(await http.post("/show", headers=headers)) == "CSRF_INVALID"


async def test_even_with_the_token_another_site_is_refused(
    site: Site, http: httpx2.AsyncClient
) -> None:
    proof = {**site.cookie, **site.csrf, **JSON}

    assert code(await http.post("/show", headers={**proof, **THEIRS})) == "CSRF_INVALID"
    assert code(await http.post("/show", headers={**proof, "Origin": "null"})) == "CSRF_INVALID"


async def test_the_public_address_is_ours_too(site: Site) -> None:
    proof = {**site.cookie, **site.csrf, "Origin": "https://public.example"}
    async with site.client(public_url="https://public.example/") as client:
        assert (await client.post("/show", headers=proof)).status_code == 200


@pytest.mark.parametrize("kind", ["data", "files"])
async def test_a_form_brings_the_token_in_a_field(
    site: Site, http: httpx2.AsyncClient, kind: str
) -> None:
    fields = {"csrf_token": site.ada.csrf_token, "name": "ä & b"}
    body = (
        {"data": fields} if kind == "data" else {"files": {k: (None, v) for k, v in fields.items()}}
    )

    answer = await http.post("/form", headers={**site.cookie, **OURS}, **body)

    assert answer.json() == fields  # the application reads the same body again


async def test_a_form_without_or_with_another_token_is_refused(
    site: Site, http: httpx2.AsyncClient
) -> None:
    headers = {**site.cookie, **OURS, **JSON}

    assert code(await http.post("/form", data={"a": "b"}, headers=headers)) == "CSRF_MISSING"
    wrong = await http.post("/form", data={"csrf_token": "b"}, headers=headers)
    assert code(wrong) == "CSRF_INVALID"


async def test_a_form_that_cannot_be_read_is_bad_input(
    site: Site, http: httpx2.AsyncClient
) -> None:
    headers = {**site.cookie, **JSON, "Content-Type": "multipart/form-data"}

    answer = await http.post("/form", content=b"--x", headers=headers)

    assert (answer.status_code, answer.json()["message_code"]) == (400, "BAD_USER_INPUT")


async def test_bearers_need_no_token(site: Site, http: httpx2.AsyncClient) -> None:
    answer = await http.post("/show", headers={**site.bearer, **site.cookie})

    assert answer.status_code == 200


async def test_reading_needs_no_token(site: Site, http: httpx2.AsyncClient) -> None:
    assert (await http.get("/show", headers={**site.cookie, **THEIRS})).status_code == 200


async def test_signing_in_needs_the_browsers_word(site: Site, http: httpx2.AsyncClient) -> None:
    assert code(await http.post("/login", headers=JSON)) == "CSRF_MISSING"
    assert code(await http.post("/login", headers={**JSON, **THEIRS})) == "CSRF_INVALID"
    assert (await http.post("/login", headers=OURS)).status_code == 200
    origin = {"Origin": "http://whalefall.example"}
    assert (await http.post("/login", headers=origin)).status_code == 200
    again = {**OURS, **site.cookie}  # signed in in another tab meanwhile: no token yet
    assert (await http.post("/login", headers=again)).status_code == 200


async def test_graphql_is_told_what_a_mutation_must_raise(
    site: Site, http: httpx2.AsyncClient
) -> None:
    async def told(headers: dict[str, str]) -> str | None:
        shown: dict[str, str | None] = (
            await http.post("/graphql", json={}, headers=headers)
        ).json()
        return shown["csrf_problem"]

    assert await told({}) == "CSRF_MISSING"
    assert await told(OURS) is None
    assert await told(site.cookie) == "CSRF_MISSING"
    assert await told({**site.cookie, "X-CSRFToken": "x"}) == "CSRF_INVALID"
    assert await told({**site.cookie, **site.csrf, **OURS}) is None
    assert await told(site.bearer) is None


async def test_graphql_refuses_another_site_in_its_own_words(
    site: Site, http: httpx2.AsyncClient
) -> None:
    answer = await http.post("/graphql", json={}, headers={**site.cookie, **THEIRS})

    (error,) = answer.json()["errors"]
    assert answer.status_code == 403
    assert error["extensions"]["code"] == "CSRF_INVALID"
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
