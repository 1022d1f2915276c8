"""GraphQL over HTTP: runs what a request asks and writes the answer. Nothing becomes a 500."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from whalefall.auth import NOBODY, Actor
from whalefall.errors import AuthenticationRequired, BadInput, Problem
from whalefall.schema.context import Context, found_by_edge
from whalefall.schema.documents import Invalid, Operation
from whalefall.schema.execution import Answer, Execution
from whalefall.schema.hangup import Hangup
from whalefall.schema.requests import Asked, Refusal, read_request
from whalefall.schema.websocket import GraphQLSocket

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def graphql_routes(schema: Schema, *, compiled: bool = True) -> list[BaseRoute]:
    """The endpoint, and the schema as text for who is signed in.

    Without `compiled` every query is answered by resolvers: to compare, and to look for a fault.
    """
    execution = Execution(schema, compiled=compiled)
    return [
        Route("/graphql", GraphQLEndpoint(execution)),
        WebSocketRoute("/graphql", GraphQLSocket(execution)),
        Route("/graphql/schema.graphql", SchemaText(schema.as_str())),
    ]


class GraphQLEndpoint:
    """Answers as application/graphql-response+json when that is accepted: 400 without `data` for
    what never began to run. As application/json that is 200, which older clients expect."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            asked = await read_request(request)
            response = await self._answer(request, asked)
        except Refusal as refusal:
            response = refused(request, refusal, refusal.status, refusal.headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request, asked: Asked) -> Response:
        context = Context(request, _actor(request))
        try:
            operation = self._execution.operation(asked, context)
            _check_method(request, operation)
            with Hangup(request.receive, context.leave):
                answer = await self._execution.answer(operation, asked, context)
        except Invalid as invalid:
            answer = Answer.refused(invalid)
        if context.is_left:
            raise ClientDisconnect
        kind = media_type(request)
        status = 200 if answer.began or kind != GRAPHQL_JSON else 400
        return _json(kind, answer.body(context), status, {})


def _check_method(request: Request, operation: Operation) -> None:
    if request.method == "GET" and operation.kind is not OperationType.QUERY:
        message = f"A {operation.kind.value} is not served by GET."
        raise Refusal(message, status=405, headers={"Allow": "POST"})


class SchemaText:
    """The schema in GraphQL's own language."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD"):
            wrong = BadInput("Use GET.")
            response = refused(request, wrong, 405, {"Allow": "GET, HEAD"})
        elif not _actor(request).is_signed_in:
            response = refused(request, AuthenticationRequired("Sign in to see the schema."), 401)
        else:
            response = PlainTextResponse(self._text)
        await response(scope, receive, send)


def refused(
    request: Request, problem: Problem, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer to what never became an operation."""
    answer = Answer.refused(Invalid.of(problem))
    context = Context(request, _actor(request))
    return _json(media_type(request), answer.body(context), status, headers or {})


def media_type(request: Request) -> str:
    """What to answer in: the newer type if it is named and not the lesser choice."""
    return _media_type(request.headers.get("accept", "*/*"))


@lru_cache(maxsize=64)  # there are few, and they come again and again
def _media_type(accept: str) -> str:
    weights: dict[str, float] = {}
    for part in accept.split(","):
        name, _, parameters = part.strip().partition(";")
        weights[name.strip().lower()] = _weight(parameters)
    newer = weights.get(GRAPHQL_JSON, 0)
    return GRAPHQL_JSON if newer > 0 and newer >= weights.get(JSON, 0) else JSON


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0
    return 1


def _json(kind: str, answer: dict[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    content_type = {"content-type": f"{kind}; charset=utf-8"}
    return Response(orjson.dumps(answer), status, {**headers, **content_type})


def _actor(request: Request) -> Actor:
    actor: Actor = found_by_edge(request).get("actor", NOBODY)
    return actor
