"""GraphQL over HTTP: runs what a request asks and writes the answer. Nothing becomes a 500."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from strawberry import Schema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from whalefall.auth import NOBODY, Actor
from whalefall.errors import AuthenticationRequired, BadInput, Code, Problem, ServiceUnavailable
from whalefall.schema.context import Context
from whalefall.schema.problems import public_errors
from whalefall.schema.requests import Asked, Refusal, read_request

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
DEADLINE_SECONDS = 30
ALLOWED = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}


def graphql_routes(schema: Schema) -> list[BaseRoute]:
    """The endpoint, and the schema as text for who is signed in."""
    return [
        Route("/graphql", GraphQLEndpoint(schema)),
        Route("/graphql/schema.graphql", SchemaText(schema.as_str())),
    ]


class GraphQLEndpoint:
    """Answers as application/graphql-response+json when that is accepted: 400 without `data` for
    what never began to run. As application/json that is 200, which older clients expect."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            asked = await read_request(request)
            response = await self._answer(request, asked)
        except Refusal as refusal:
            response = refused(request, refusal, refusal.status, refusal.headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request, asked: Asked) -> Response:
        context = Context(request, _actor(request), operation_name=asked.operation_name)
        result = await self._execute(asked, context)
        answer = _body(result, context)
        before = "data" not in answer
        status = 400 if before and media_type(request) == GRAPHQL_JSON else 200
        return _json(request, answer, status, {})

    async def _execute(self, asked: Asked, context: Context) -> ExecutionResult:
        method = context.request.method
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as context.deadline:
                return await self._schema.execute(
                    asked.query,
                    variable_values=asked.variables,
                    context_value=context,
                    operation_name=asked.operation_name,
                    allowed_operation_types=ALLOWED[method],
                )
        except TimeoutError:
            late = ServiceUnavailable("This took too long and was given up.")
            return ExecutionResult(data=None, errors=[_error(late)])
        except CannotGetOperationTypeError:
            return _never(BadInput("The document has no such operation."))
        except InvalidOperationTypeError as error:
            kind = error.operation_type.value
            if method == "GET":
                message = f"A {kind} is not served by GET."
                raise Refusal(message, status=405, headers={"Allow": "POST"}) from error
            return _never(BadInput(f"A {kind} is not served over HTTP."))


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
    answer = _body(_never(problem), Context(request, _actor(request)))
    return _json(request, answer, status, headers or {})


def media_type(request: Request) -> str:
    """What to answer in: the newer type if it is named and not the lesser choice."""
    weights: dict[str, float] = {}
    for part in request.headers.get("accept", "*/*").split(","):
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


def _body(result: ExecutionResult, context: Context) -> dict[str, Any]:
    """What never began to run has no `data`."""
    errors = result.errors or []
    blame = _blame(result)
    answer: dict[str, Any] = {"data": result.data} if blame is Code.INTERNAL_ERROR else {}
    if errors:
        answer["errors"] = public_errors(
            errors,
            blame,
            request_id=context.request_id,
            signed_in=context.actor.is_signed_in,
        )
    return answer


def _blame(result: ExecutionResult) -> Code:
    """Whose fault it is when graphql-core refuses: the document's, the variables', or ours."""
    if isinstance(result, PreExecutionError):
        return Code.GRAPHQL_VALIDATION_FAILED
    errors = result.errors or []
    late = any(isinstance(error.original_error, Problem) for error in errors)
    if result.data is None and errors and not late and all(e.path is None for e in errors):
        return Code.BAD_USER_INPUT
    return Code.INTERNAL_ERROR


def _json(
    request: Request, answer: dict[str, Any], status: int, headers: Mapping[str, str]
) -> Response:
    content_type = {"content-type": f"{media_type(request)}; charset=utf-8"}
    return Response(orjson.dumps(answer), status, {**headers, **content_type})


def _never(problem: Problem) -> PreExecutionError:
    return PreExecutionError(data=None, errors=[_error(problem)])


def _error(problem: Problem) -> GraphQLError:
    return GraphQLError(problem.message, original_error=problem)


def _actor(request: Request) -> Actor:
    return getattr(request.state, "actor", NOBODY)
