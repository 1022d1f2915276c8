"""What every request passes before either door: its id, its sender, its size, its good faith.

Leaves in `request.state`: request_id, address, the body of a write, actor, how they like the pages
(preferences), csrf_token and csrf_problem (what a GraphQL mutation must raise); of a socket also
same_origin. A door that puts a token, or "" to sign out, into `request.state.session_token` has the
cookie set.
"""

import random
import re

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from whalefall.auth import NOBODY
from whalefall.db import Database
from whalefall.domain.origins import TrustedProxies, origin_of, plain_address
from whalefall.domain.preferences import NO_PREFERENCES
from whalefall.edge.answering import COOKIE, Answering
from whalefall.edge.bodies import BodyTooLarge, BodyTooSlow, check_length, read_body, replay
from whalefall.edge.good_faith import check_write, is_from_us
from whalefall.edge.sockets import Sockets
from whalefall.errors import Problem
from whalefall.resolvers.users import actor_of_token, csrf_token_of, reader_of_session
from whalefall.settings import Settings
from whalefall.web import problems

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
UNASKED = ("/static/", "/i/", "/livez", "/readyz", "/metrics")  # nobody asks there who it is
STATUS: dict[type[Problem], int] = {BodyTooLarge: 413, BodyTooSlow: 408}


class Edge:
    """Pure ASGI middleware of the Starlette application whose `state.db` is open."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app = app
        self.proxies = TrustedProxies.parse(settings.trusted_proxies)
        self.public_origin = origin_of(settings.public_url)
        self.sockets = Sockets(app, _identify, self.public_origin)
        self._random = random.Random()  # noqa: S311 (ids are no secrets; a system call each is felt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = self._arrive(scope)
        bound = structlog.contextvars.bind_contextvars(request_id=request_id, actor=NOBODY.name)
        try:
            if scope["type"] == "websocket":
                await self.sockets(scope, receive, send)
                return
            request = Request(scope, receive)
            answering = Answering(request, send)
            await self._answer(request, receive, answering)
            answering.tell()
        finally:
            structlog.contextvars.reset_contextvars(**bound)

    async def _answer(self, request: Request, receive: Receive, answering: Answering) -> None:
        """The one place that catches everything; what is half sent can only be broken off."""
        try:
            receive = await self._admit(request, receive)
            await self.app(request.scope, receive, answering)
            return
        except ClientDisconnect:
            return
        except (BodyTooLarge, BodyTooSlow) as problem:
            headers = {"Connection": "close"}  # the rest of the body is not read
            response = problems.answer(
                request, problem, status=STATUS[type(problem)], headers=headers
            )
        except Problem as problem:
            response = problems.answer(request, problem)
        except Exception as error:
            response = problems.unexpected(request, error)
        if not answering.status:
            await response(request.scope, receive, answering)

    def _arrive(self, scope: Scope) -> str:
        """Fill in what is known before anything can fail; the request's id."""
        headers = Headers(scope=scope)
        peer, port = scope.get("client") or ("", 0)
        address = plain_address(peer)
        if self.proxies.trust(address):
            address = self.proxies.client(address, ",".join(headers.getlist("x-forwarded-for")))
            scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()
            if scheme in {"http", "https"}:
                scope["scheme"] = scheme
        scope["client"] = (address, port)
        asked = headers.get("x-request-id", "")
        request_id = asked if REQUEST_ID.fullmatch(asked) else self._new_id()
        scope.setdefault("state", {}).update(  # what is asked for and missing costs a raise
            address=address,
            request_id=request_id,
            actor=NOBODY,
            csrf_token="",
            csrf_problem=None,
            preferences=NO_PREFERENCES,
            session_token=None,
            error={},
        )
        return request_id

    def _new_id(self) -> str:
        return f"req_{self._random.getrandbits(128):032x}"

    async def _admit(self, request: Request, receive: Receive) -> Receive:
        """Size, sender, good faith, in this order; what the application shall read from."""
        is_write, state = request.method not in SAFE, request.scope["state"]
        check_length(request.headers)
        body = state["body"] = await read_body(receive) if is_write else b""
        if not request.scope["path"].startswith(UNASKED):
            by_bearer = await _identify(request)
            structlog.contextvars.bind_contextvars(actor=state["actor"].name)
            if is_write and not by_bearer:
                from_us = is_from_us(request, self.public_origin)
                await check_write(request, body, receive, from_us=from_us)
        return replay(body, receive) if is_write else receive


async def _identify(request: HTTPConnection) -> bool:
    """Who sends this, by bearer (then true) or else by cookie. Raises TOKEN_*."""
    state = request.scope["state"]
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        state["actor"] = await actor_of_token(_database(request), bearer.strip())
        return True
    if token := request.cookies.get(COOKIE):
        db = _database(request)
        actor, state["preferences"] = await reader_of_session(db, token)
        state["actor"] = actor
        state["csrf_token"] = csrf_token_of(db.keys, token) if actor.is_signed_in else ""
    return False


def _database(request: HTTPConnection) -> Database:
    db: Database = request.app.state.db
    return db
