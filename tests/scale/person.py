"""One of the people: a browser with a session, and a program with a token, side by side."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any, Self

import httpx2
import orjson

from tests.scale.notes import Notes
from tests.scale.site import Account, Site

KEPT_SECONDS = 4  # an idle connection; the server closes it after 5, perhaps as we send
PATIENCE_SECONDS = 30
NO_TLS = ssl.create_default_context()  # made once: every client wants one, and it is slow to make


@dataclass
class Memory:
    """What a person has seen and goes on from."""

    after: str | None = None
    walked: set[str] = field(default_factory=set)
    databases: list[str] = field(default_factory=list)
    instances: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    next_page: str | None = None
    refresh_token: str = field(default="", repr=False)


class Person:
    """Asks, visits and downloads; every answer is timed under `doing` and must be one."""

    def __init__(self, account: Account, site: Site, notes: Notes, seed: int) -> None:
        self.account, self.site, self.notes = account, site, notes
        self.random, self.memory = Random(seed), Memory()
        self.uses_api_token, self.bearer = seed % 2 == 0, account.token
        self.doing = ""
        self.browser, self._program = _client(site), _client(site)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        await self.browser.aclose()
        await self._program.aclose()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"}

    async def ask(self, query: str, **variables: object) -> Any:
        """The data of a GraphQL answer without errors, by bearer."""
        return await self._ask(self._program, self.authorization, query, variables)

    async def ask_by_nobody(self, query: str, **variables: object) -> Any:
        """The same without a bearer, as a program does whose token has expired."""
        return await self._ask(self._program, {}, query, variables)

    async def ask_in_browser(self, query: str, **variables: object) -> Any:
        """The same as a page of ours asks; what it is given as cookie stays in the browser."""
        return await self._ask(self.browser, {"Origin": self.site.address}, query, variables)

    async def visit(self, path: str, *, target: str = "") -> str:
        """A page, or the part of it that htmx would swap for `target`."""
        headers = {"HX-Request": "true", "HX-Target": target} if target else {}
        return (await self._get(path, headers, "text/html")).text

    async def download(self, path: str) -> bytes:
        return (await self._get(path, {}, "text/csv")).content

    async def _ask(
        self,
        client: httpx2.AsyncClient,
        headers: Mapping[str, str],
        query: str,
        variables: Mapping[str, object],
    ) -> Any:
        body = orjson.dumps({"query": query, "variables": variables})
        sent = {"Content-Type": "application/json", **headers}
        with self.notes.timing(self.doing):
            response = await client.post("/graphql", content=body, headers=sent)
        _check(response, "application/json")
        answer = orjson.loads(response.content)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _get(self, path: str, headers: Mapping[str, str], kind: str) -> httpx2.Response:
        with self.notes.timing(self.doing):
            response = await self.browser.get(path, headers=dict(headers))
        _check(response, kind)
        return response


def _client(site: Site) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=site.address,
        timeout=PATIENCE_SECONDS,
        limits=httpx2.Limits(keepalive_expiry=KEPT_SECONDS),
        verify=NO_TLS,
        trust_env=False,
    )


def _check(response: httpx2.Response, kind: str) -> None:
    assert response.status_code == 200, f"{response.status_code} {response.text[:300]}"
    assert response.headers["content-type"].startswith(kind), response.headers["content-type"]
