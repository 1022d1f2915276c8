"""The one place where a Problem becomes something a GraphQL client sees."""

import functools
import uuid
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar, get_type_hints

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.utils.str_converters import to_camel_case

from whalefall.auth import Permission
from whalefall.domain.checks import Problems
from whalefall.errors import CATALOGUE, Code, Problem
from whalefall.resolvers.nouns.noun import Part
from whalefall.schema.context import Context, Info
from whalefall.schema.cost import WRITE_COST, priced

Payload = TypeVar("Payload")
Resolve = Callable[..., Awaitable[Payload]]

MAX_ERRORS = 5
MAX_MESSAGE = 500  # characters
MAX_LOCATIONS = 10
TOO_LONG = {"Validation aborted.", "Variable values are nested too deeply."}
TOP_LEVEL = {
    Code.AUTHENTICATION_REQUIRED,
    Code.PERMISSION_REQUIRED,
    Code.SERVICE_UNAVAILABLE,
    Code.INTERNAL_ERROR,
}
MASKED = {
    Code.GRAPHQL_VALIDATION_FAILED: "The document is not valid for this schema.",
    Code.BAD_USER_INPUT: "The variables are not valid for this document.",
}
log = structlog.get_logger(__name__)


@strawberry.type(description="An expected failure, for programs (code) and people (message).")
class UserError:
    code: Code = strawberry.field(description="What went wrong.")
    message: str = strawberry.field(description="The same in English, for people.")
    field: list[str] | None = strawberry.field(
        description="The path to the input's field that is to blame; null when none is.",
        default=None,
    )
    hint: str | None = strawberry.field(
        description="What to do about it; null when there is nothing to add.", default=None
    )

    @classmethod
    def of(cls, problem: Problem) -> "UserError":
        return cls(
            code=problem.problem_code,
            message=problem.message,
            field=_input_path(problem.field),
            hint=problem.hint,
        )


def error_part(code: str, message: str) -> Part:
    """The UserError that a row keeps in two of its columns."""
    members = {"code": code, "message": message, "field": None, "hint": None}
    return Part(members, unless=code, empty=frozenset({"message"}))


def mutation(
    description: str, *, needs: Permission | None, alone: bool = False
) -> Callable[[Resolve[Payload]], Any]:
    """A mutation whose Problems become its payload's errors; `needs` is asked for before all else.

    Who may not ask at all, and whom we cannot answer at all, gets a top-level error. What takes
    a lot in itself stands `alone`: an operation holds at most one such mutation.
    """
    return _mutation(description, lambda context: context.check_write(needs), alone=alone)


def own_mutation(description: str, *, alone: bool = False) -> Callable[[Resolve[Payload]], Any]:
    """A mutation of what is the caller's own: it needs no right, also not a chosen password."""
    return _mutation(description, lambda context: context.check_own_write(), alone=alone)


def secret_mutation(description: str) -> Callable[[Resolve[Payload]], Any]:
    """A mutation that asks nothing of the caller but a secret in its input, and uses no cookie.

    So there is nothing for another site to misuse: programs need not say where they come from.
    """
    return _mutation(description, lambda context: None)


def _mutation(
    description: str, check: Callable[[Context], None], *, alone: bool = False
) -> Callable[[Resolve[Payload]], Any]:
    def decorate(resolve: Resolve[Payload]) -> Any:
        payload: Any = get_type_hints(resolve)["return"]

        @functools.wraps(resolve)
        async def caught(self: Any, info: Info, **arguments: Any) -> Payload:
            check(info.context)
            try:
                return await resolve(self, info, **arguments)
            except Problem as problem:
                if problem.problem_code in TOP_LEVEL:
                    raise
                every = problem.problems if isinstance(problem, Problems) else [problem]
                result: Payload = payload(errors=[UserError.of(each) for each in every])
                return result

        field = strawberry.mutation(
            resolver=caught, description=description, metadata=priced(WRITE_COST, alone=alone)
        )
        for argument in field.arguments:
            argument.description = "What is asked for."
        return field

    return decorate


def errors_field() -> Any:
    """The `errors` of every payload."""
    return strawberry.field(
        description="Why nothing, or not everything, was done; empty when all went well.",
        default_factory=list,
    )


def public_errors(
    errors: Iterable[GraphQLError],
    blame: Code,
    *,
    request_id: str | None,
    signed_in: bool,
    hidden: Callable[[], Iterable[str]] = tuple,
) -> list[dict[str, Any]]:
    """Top-level errors as clients see them, at most five; each is logged under its error id.

    `blame` is the code of what graphql-core itself refuses at this stage. What it says of the
    document and the variables would teach strangers the schema. `hidden` are texts of the caller
    that an unexpected error may quote, and its log entry must not.
    """
    public = []
    for error in list(errors)[:MAX_ERRORS]:
        problem = _problem(error, blame, masked=not signed_in)
        answer = _public(error, problem, request_id)
        _log(error, problem.problem_code, answer["extensions"]["errorId"], hidden)
        public.append(answer)
    return public


def _public(error: GraphQLError, problem: Problem, request_id: str | None) -> dict[str, Any]:
    message = problem.message
    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]} …"  # it quotes something that is as long as it likes
    answer: dict[str, Any] = {"message": message}
    if error.locations:
        locations = error.locations[:MAX_LOCATIONS]
        answer["locations"] = [location.formatted for location in locations]
    if error.path is not None:
        answer["path"] = error.path
    answer["extensions"] = extensions(problem.problem_code, request_id)
    if problem.hint is not None:
        answer["extensions"]["hint"] = problem.hint
    return answer


def extensions(code: Code, request_id: str | None) -> dict[str, Any]:
    return {
        "code": code,
        "retryable": CATALOGUE[code].retryable,
        "errorId": uuid.uuid4().hex,
        "requestId": request_id,
    }


def _problem(error: GraphQLError, blame: Code, *, masked: bool) -> Problem:
    """What went wrong in our own terms."""
    original = error.original_error
    if isinstance(original, Problem):
        return original
    if isinstance(original, RecursionError) or _is_too_long(error):
        return Problem(
            "The document is nested too deeply or too long.", code=Code.QUERY_TOO_COMPLEX
        )
    if isinstance(error, GraphQLSyntaxError):
        return Problem(error.message, code=Code.GRAPHQL_PARSE_FAILED)
    unexpected = original is not None and not isinstance(original, GraphQLError)
    if isinstance(original, ValueError) and blame is not Code.INTERNAL_ERROR:
        unexpected = False  # a scalar's way to say that it cannot read a value
    if blame is Code.INTERNAL_ERROR and not unexpected and error.message.startswith("Argument "):
        return Problem(error.message, code=Code.BAD_USER_INPUT)  # a null variable, found late
    if unexpected or blame is Code.INTERNAL_ERROR:
        return Problem("Something went wrong on our side; the log has it under this error id.")
    return Problem(MASKED[blame] if masked else error.message, code=blame)


def _is_too_long(error: GraphQLError) -> bool:
    if isinstance(error, GraphQLSyntaxError):
        return any(reason in error.message for reason in ("contains more than", "nested"))
    return error.message in TOO_LONG


def _log(
    error: GraphQLError, code: Code, error_id: str, hidden: Callable[[], Iterable[str]]
) -> None:
    """Without the document and its variables: either may hold a password."""
    fields = {"error_id": error_id, "path": error.path}
    cause = error.original_error
    if code is not Code.INTERNAL_ERROR:
        behind = cause.cause if isinstance(cause, Problem) else None
        log.info("graphql.refused", code=code, cause=behind, **fields)
    elif cause is None or isinstance(cause, GraphQLError):  # would print the document beside it
        log.error("graphql.failed", reason=error.message.partition(":")[0], **fields)
    else:
        log.error("graphql.failed", exc_info=cause, hidden=list(hidden()), **fields)


def _input_path(field: tuple[str, ...] | None) -> list[str] | None:
    if field is None:
        return None
    path = field if field[0] == "input" else ("input", *field)
    return [to_camel_case(name) for name in path]
