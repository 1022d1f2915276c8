"""Ids, senders, sizes and headers: what every request passes."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from tests.edge.conftest import OURS, Site
from whalefall.auth import Role
from whalefall.edge import COOKIE
from whalefall.edge import bodies as bodies_module
from whalefall.edge.bodies import BODY_BYTES, BodyTooSlow, read_body
from whalefall.models.users import User, UserSession
from whalefall.resolvers.users import issue_tokens


async def test_a_sane_request_id_is_kept(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/show", headers={"X-Request-ID": "Trace-1.2:3_4"})

    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "Trace-1.2:3_4"


@pytest.mark.parametrize("given", ["", "a b", "-x", "<script>", "a" * 129, "x\ty"])
async def test_any_other_request_id_is_replaced(http: httpx2.AsyncClient, given: str) -> None:
    answer = await http.get("/show", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"].startswith("req_")
    assert len(answer.headers["x-request-id"]) == 36


async def test_failures_carry_the_request_id_too(http: httpx2.AsyncClient) -> None:
    for path in ("/nowhere", "/api/v1/broken", "/api/v1/bounced"):
        answer = await http.get(path, headers={"X-Request-ID": "r-1"})
        assert answer.headers["x-request-id"] == "r-1"


async def test_without_proof_one_is_nobody(http: httpx2.AsyncClient) -> None:
    shown = (await http.get("/show")).json()

    assert (shown["actor"], shown["rights"], shown["csrf_token"]) == ("nobody", [], "")


async def test_the_cookie_names_the_person(site: Site, http: httpx2.AsyncClient) -> None:
    shown = (await http.get("/show", headers=site.cookie)).json()

    assert (shown["actor"], len(shown["rights"])) == ("ada", 6)
    assert shown["csrf_token"] == site.ada.csrf_token


async def test_another_sites_odd_cookies_do_not_hide_ours(
    site: Site, http: httpx2.AsyncClient
) -> None:
    odd = {"Cookie": f'a=b c; [x]="; {site.cookie["Cookie"]}; z'}

    assert (await http.get("/show", headers=odd)).json()["actor"] == "ada"


async def test_a_role_change_counts_from_the_next_request(
    site: Site, http: httpx2.AsyncClient
) -> None:
    async with site.db.write() as session:
        await session.execute(update(User).values(role=Role.VIEWER))

    assert (await http.get("/show", headers=site.cookie)).json()["rights"] == ["VIEW"]


async def test_an_outdated_cookie_is_nobodys(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/show", headers={"Cookie": f"{COOKIE}=old"})).json()[
        "actor"
    ] == "nobody"


async def test_the_bearer_wins_over_the_cookie(site: Site, http: httpx2.AsyncClient) -> None:
    shown = (await http.get("/show", headers={**site.cookie, **site.bearer})).json()

    assert (shown["actor"], shown["rights"]) == ("ada", ["VIEW"])


async def test_an_access_token_is_a_bearer_until_its_session_ends(
    site: Site, http: httpx2.AsyncClient
) -> None:
    tokens = await issue_tokens(site.db, site.ada)
    bearer = {"Authorization": f"bearer  {tokens.access_token} ", "Accept": "application/json"}

    shown = (await http.post("/show", headers=bearer)).json()  # a write, without CSRF token
    async with site.db.write() as session:
        await session.execute(update(UserSession).values(revoked_at=datetime.now(UTC)))
    refused = await http.post("/show", headers=bearer)

    assert (shown["actor"], len(shown["rights"]), shown["csrf_token"]) == ("ada", 6, "")
    assert (refused.status_code, refused.json()["message_code"]) == (401, "TOKEN_INVALID")


async def test_a_refresh_token_is_neither_bearer_nor_cookie(
    site: Site, http: httpx2.AsyncClient
) -> None:
    refresh_token = (await issue_tokens(site.db, site.ada)).refresh_token

    as_bearer = await http.get("/show", headers={"Authorization": f"Bearer {refresh_token}"})
    as_cookie = await http.get("/show", headers={"Cookie": f"{COOKIE}={refresh_token}"})

    assert as_bearer.status_code == 401
    assert as_cookie.json()["actor"] == "nobody"


@pytest.mark.parametrize("path", ["/show", "/graphql", "/api/v1/private"])
async def test_a_wrong_bearer_is_never_nobody(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(
        path, headers={"Authorization": "Bearer wf_x", "Accept": "application/json"}
    )

    assert answer.status_code == 401
    assert "TOKEN_INVALID" in answer.text
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_other_schemes_are_somebody_elses_business(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/show", headers={"Authorization": "Basic eDp5"})

    assert answer.json()["actor"] == "nobody"


async def test_static_files_and_probes_ask_nobody(site: Site, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/static/show", headers=site.cookie)

    assert answer.json()["actor"] == "nobody"


async def test_the_peer_is_the_client_unless_it_is_our_proxy(site: Site) -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}

    async with site.client() as client:
        stranger = (await client.get("/show", headers=forwarded)).json()
    async with site.client(trusted_proxies=("203.0.113.0/24",)) as client:
        proxied = (await client.get("/show", headers=forwarded)).json()

    assert (stranger["address"], stranger["scheme"]) == ("203.0.113.9", "http")
    assert proxied["address"] == proxied["client"] == "198.51.100.1"
    assert proxied["scheme"] == "https"


async def test_every_answer_carries_the_security_headers(http: httpx2.AsyncClient) -> None:
    for path in ("/show", "/nowhere", "/api/v1/broken", "/livez"):
        headers = (await http.get(path)).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "private, no-store"
        assert "strict-transport-security" not in headers


async def test_browsers_are_held_to_tls_once_there_is_tls(site: Site) -> None:
    async with site.client(base_url="https://whalefall.example") as client:
        assert "strict-transport-security" in (await client.get("/show")).headers


async def test_a_body_of_a_megabyte_arrives(site: Site, http: httpx2.AsyncClient) -> None:
    answer = await http.post("/show", content=b"x" * BODY_BYTES, headers=site.bearer)

    assert answer.json()["body"] == "x" * 100


@pytest.mark.parametrize("path", ["/api/v1/private", "/graphql", "/show"])
async def test_a_larger_body_is_refused_announced_or_not(
    http: httpx2.AsyncClient, path: str
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES // 65536 + 1):
            yield b"x" * 65536

    for content in (b"x" * (BODY_BYTES + 1), chunks()):
        answer = await http.post(path, content=content, headers={"Accept": "application/json"})
        assert answer.status_code == 413
        assert "BAD_USER_INPUT" in answer.text
        assert answer.headers["connection"] == "close"


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies_module, "BODY_SECONDS", 0.05)

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(BodyTooSlow):
        await read_body(receive)


@pytest.mark.parametrize(
    ("base_url", "secure"),
    [
        ("http://127.0.0.1:8600", False),
        ("http://localhost:8600", False),
        ("https://localhost", True),
        ("http://whalefall.example", True),
    ],
)
async def test_a_door_sets_and_drops_the_cookie(site: Site, base_url: str, secure: bool) -> None:
    async with site.client(base_url=base_url) as client:
        answers = [
            await client.post(f"/enter?token={token}", headers=OURS) for token in ("new", "")
        ]

    attributes = [answer.headers["set-cookie"].split("; ") for answer in answers]
    assert attributes[0][:3] == [f"{COOKIE}=new", "Path=/", "Max-Age=604800"]
    assert attributes[1][:3] == [f"{COOKIE}=", "Path=/", "Max-Age=0"]
    for each in attributes:
        assert {"HttpOnly", "SameSite=Lax"} <= set(each)
        assert ("Secure" in each) is secure
