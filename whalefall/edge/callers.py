"""Who is at the other end of a socket, told again and again: a socket outlives rights."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Scope

from whalefall.auth import NOBODY, Actor
from whalefall.edge.good_faith import compared, unsaid
from whalefall.errors import AuthenticationRequired, Code, Refused

Identify = Callable[[HTTPConnection], Awaitable[bool]]
Headers = tuple[tuple[bytes, bytes], ...]


class Proof:
    """The headers that show who somebody is, and whom they showed last.

    All sockets with the same headers share one, so a look-up for one of them serves all.
    """

    def __init__(self, headers: Headers, scope: Scope, identify: Identify) -> None:
        self._scope = {"type": "http", "app": scope["app"], "headers": list(headers)}
        self._identify = identify
        self._asking, self._asked_at = asyncio.Lock(), float("-inf")
        self.actor, self.csrf_token = NOBODY, ""

    async def confirmed(self, *, within: float) -> Actor:
        """Whom it shows, by a look-up that began at most so many seconds ago.

        Raises TOKEN_INVALID, TOKEN_EXPIRED, and AUTHENTICATION_REQUIRED when it shows nobody now.
        """
        latest = time.monotonic() - within
        async with self._asking:
            if self._asked_at < latest:
                await self._ask()
        return self.actor

    async def _ask(self) -> None:
        began = time.monotonic()
        asked = HTTPConnection({**self._scope, "state": {"actor": NOBODY, "csrf_token": ""}})
        await self._identify(asked)
        shown: Actor = asked.state.actor
        if self.actor.is_signed_in and not shown.is_signed_in:
            raise AuthenticationRequired("The session has ended.")
        self.actor, self.csrf_token, self._asked_at = shown, asked.state.csrf_token, began


class Proofs:
    """The proofs of all sockets that are open."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._open: WeakValueDictionary[Headers, Proof] = WeakValueDictionary()

    def of(self, headers: Headers, scope: Scope) -> Proof:
        proof = self._open.get(headers)
        if proof is None:
            proof = self._open[headers] = Proof(headers, scope, self._identify)
        return proof


class SocketCaller:
    """The caller of one socket."""

    def __init__(self, connection: HTTPConnection, proof: Proof, proofs: Proofs) -> None:
        self._connection, self._proof, self._proofs = connection, proof, proofs

    @property
    def actor(self) -> Actor:
        return self._proof.actor

    async def admit(self, payload: dict[str, Any]) -> None:
        """Take what `connection_init` brings, under the names of the headers that browsers cannot
        send: a bearer, which wins over the cookie; the CSRF token, without which the cookie is
        good for reading only. Raises TOKEN_INVALID, TOKEN_EXPIRED."""
        bearer = _text(payload, "authorization")
        if bearer:
            headers = ((b"authorization", bearer.encode()),)
            self._proof = self._proofs.of(headers, self._connection.scope)
            if not (await self._proof.confirmed(within=0)).is_signed_in:
                raise Refused("This is no bearer token.", code=Code.TOKEN_INVALID)
        state = self._connection.state
        state.actor, state.csrf_token = self.actor, self._proof.csrf_token
        state.csrf_problem = self._csrf_problem(_text(payload, "x-csrftoken"))
        structlog.contextvars.bind_contextvars(actor=self.actor.name)

    async def confirmed(self, *, within: float) -> Actor:
        return await self._proof.confirmed(within=within)

    def _csrf_problem(self, given: str) -> Refused | None:
        if self._proof.csrf_token:
            return compared(given, self._proof.csrf_token)
        if self.actor.is_signed_in or self._connection.state.same_origin:
            return None
        return unsaid()


def _text(payload: Mapping[str, Any], wanted: str) -> str:
    """What the payload has under a name in any case; "" without it."""
    return next((str(value) for name, value in payload.items() if name.lower() == wanted), "")
