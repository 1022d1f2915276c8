"""What every WebSocket passes before the door: the same as a request, in its own words.

A cookie counts only where the browser says that a page of ours opened the socket, because any page
may open one and the handshake has no room for a CSRF token.
"""

import time
import uuid

import orjson
import structlog
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from whalefall.edge.answering import CLIENT_GONE
from whalefall.edge.callers import Headers, Identify, Proofs, SocketCaller
from whalefall.edge.good_faith import GRAPHQL, is_from_us
from whalefall.errors import Code, Problem, Refused
from whalefall.web import probes, problems

SWITCHED = 101
CUT_OFF, BROKEN = 1006, 1011
EXPECTED = {1000, 1001, 1005, 1012}  # how sockets end when all is well
log = structlog.get_logger(__name__)


class Sockets:
    """The edge for WebSockets; `identify` is how it tells who sends a request."""

    def __init__(self, app: ASGIApp, identify: Identify, public_origin: str | None) -> None:
        self._app, self._public_origin = app, public_origin
        self._proofs = Proofs(identify)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket of which is known already where it comes from.

        Besides what a request has, leaves `caller` in its state.
        """
        if scope["path"] != GRAPHQL:
            await self._app(scope, receive, send)
            return
        wire = _Wire(HTTPConnection(scope), receive, send)
        try:
            await self._serve(wire)
        except OSError:
            pass  # the client is gone
        except Exception as error:
            await wire.break_off(error)
        finally:
            wire.tell()

    async def _serve(self, wire: "_Wire") -> None:
        try:
            await self._admit(wire.connection)
        except Problem as problem:
            await wire.refuse(problem)
            return
        await self._app(wire.connection.scope, wire.receive, wire.send)

    async def _admit(self, connection: HTTPConnection) -> None:
        """Raises TOKEN_INVALID, TOKEN_EXPIRED, and CSRF_INVALID for a page of another site."""
        state, scope = connection.state, connection.scope
        bearer = _headers(scope, b"authorization", b"bearer ")
        from_us = is_from_us(connection, self._public_origin)
        if from_us is False and not bearer:
            raise Refused("This socket is opened by another site.", code=Code.CSRF_INVALID)
        state.same_origin = from_us is True
        proof = self._proofs.of(bearer or (_headers(scope, b"cookie") if from_us else ()), scope)
        state.actor = await proof.confirmed(within=0)
        state.csrf_token = proof.csrf_token
        state.caller = SocketCaller(connection, proof, self._proofs)
        structlog.contextvars.bind_contextvars(actor=state.actor.name)


class _Wire:
    """Between server and application: sees how the socket begins and ends."""

    def __init__(self, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        self.connection, self._receive, self._send = connection, receive, send
        self._status = self._code = 0
        self._began = time.perf_counter()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._code = self._code or message.get("code", 0)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self._status = SWITCHED
        elif message["type"] == "websocket.http.response.start":
            self._status = message["status"]
        elif message["type"] == "websocket.close":
            self._code = message.get("code", 1000)
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Answer the handshake by HTTP."""
        error_id = uuid.uuid4().hex
        log.info(
            "socket.refused", error_id=error_id, code=problem.problem_code, cause=problem.cause
        )
        error = problems.graphql_error(problem, self.connection, error_id)
        content, status = orjson.dumps({"errors": [error]}), problem.meaning.status
        socket = WebSocket(self.connection.scope, self.receive, self.send)
        await socket.receive()
        await socket.send_denial_response(Response(content, status, media_type="application/json"))

    async def break_off(self, error: Exception) -> None:
        """End what failed in a way that nobody foresaw."""
        log.error("socket.failed", error_id=uuid.uuid4().hex, exc_info=error)
        if not self._code:
            await self.send({"type": "websocket.close", "code": BROKEN})

    def tell(self) -> None:
        """Count the handshake; log the end when it is worth a line."""
        status, code = self._status or CLIENT_GONE, self._code or CUT_OFF
        probes.REQUESTS[status] += 1
        write = log.debug if code in EXPECTED else log.info
        write(
            "socket.closed",
            status=status,
            close_code=code,
            elapsed_ms=round((time.perf_counter() - self._began) * 1000),
            address=self.connection.state.address,
        )


def _headers(scope: Scope, wanted: bytes, beginning: bytes = b"") -> Headers:
    return tuple(
        (name, value)
        for name, value in scope["headers"]
        if name == wanted and value.lower().startswith(beginning)
    )
