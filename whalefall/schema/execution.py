"""Runs an operation: compiled where that is exact, by resolvers otherwise, until its deadline."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType, execute
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema

from whalefall.errors import BadInput, Code, Problem, ServiceUnavailable
from whalefall.schema.budget import Budget
from whalefall.schema.compiled import Plans
from whalefall.schema.context import Context
from whalefall.schema.documents import MAX_ERRORS, Documents, Invalid, Operation
from whalefall.schema.events import Events
from whalefall.schema.hiding import texts_of
from whalefall.schema.problems import public_errors
from whalefall.schema.requests import Asked

DEADLINE_SECONDS = 30
READING_COST = 4  # for each character of a document that is not remembered


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """An operation's variables, what it may cost, and what its caller has left after that."""

    variables: VariableValues
    cost: int
    remaining: int


@dataclass(kw_only=True)
class Answer:
    """What an operation came to. `blame` is the code of what graphql-core itself refused."""

    data: Any = None
    errors: Sequence[GraphQLError] = ()
    admitted: Admitted | None = None
    blame: Code = Code.INTERNAL_ERROR

    @classmethod
    def refused(cls, invalid: Invalid) -> "Answer":
        """Nothing was run."""
        return cls(errors=invalid.errors, blame=invalid.blame)

    @classmethod
    def failed(cls, error: Exception) -> "Answer":
        """It ran, to no answer at all."""
        return cls(errors=[GraphQLError("failed", original_error=error)])

    @property
    def began(self) -> bool:
        return self.admitted is not None

    def body(self, context: Context) -> dict[str, Any]:
        """What is sent to the client. What never began to run has no `data`, and cost nothing."""
        body: dict[str, Any] = {}
        if self.admitted is not None:
            cost = {"requested": self.admitted.cost, "remaining": self.admitted.remaining}
            body = {"data": self.data, "extensions": {"cost": cost}}
        if self.errors:
            body["errors"] = public_errors(
                self.errors,
                self.blame,
                request_id=context.request_id,
                signed_in=context.actor.is_signed_in,
                hidden=context.hidden,
            )
        return body


class Execution:
    """Everything between what is asked and what is answered, whatever carries either."""

    def __init__(self, schema: Schema, *, compiled: bool = True) -> None:
        self._core = schema._schema
        self.plans = Plans(schema) if compiled else None
        self.documents = Documents(self._core)
        self._budget = Budget()

    def operation(self, asked: Asked, context: Context) -> Operation:
        """What is to be run. Raises Invalid."""
        signed_in = context.actor.is_signed_in
        key = (asked.query, asked.operation_name, signed_in)
        known = self.documents.remembered(key)
        if known is not None:
            return known
        self._spend(READING_COST * len(asked.query), context)
        return self.documents.read(key)

    async def answer(self, operation: Operation, asked: Asked, context: Context) -> Answer:
        """Run a query or a mutation."""
        if operation.kind is OperationType.SUBSCRIPTION:
            never = BadInput("A subscription is not served over HTTP.")
            return Answer.refused(Invalid.of(never))
        try:
            admitted = self.admit(operation, asked, context)
        except Invalid as invalid:
            return Answer.refused(invalid)
        answer = await self._in_time(
            self._run(operation, admitted.variables, asked, context),
            context,
            is_query=operation.kind is OperationType.QUERY,
        )
        answer.admitted = admitted
        return answer

    async def subscribe(
        self, operation: Operation, asked: Asked, context: Context
    ) -> AsyncGenerator[Answer, None]:
        """Run a subscription: an answer for each event, at the operation's cost each.

        One that did not begin is the last.
        """
        try:
            paid: Admitted | None = self.admit(operation, asked, context)
            events = Events(self._core, operation, asked, context)
            async with contextlib.aclosing(events.payloads()) as payloads:
                async for payload in payloads:
                    admitted, paid = paid or self.admit(operation, asked, context), None
                    answering = _resolved(events.result(payload))
                    answer = await self._in_time(answering, context, is_query=False)
                    answer.admitted = admitted
                    yield answer
        except Invalid as invalid:
            yield Answer.refused(invalid)

    def admit(self, operation: Operation, asked: Asked, context: Context) -> Admitted:
        """Read the variables, and take the operation's cost from its caller's budget.

        Raises Invalid: for bad variables, QUERY_TOO_COMPLEX, RATE_LIMIT_EXCEEDED.
        """
        context.hidden = partial(texts_of, operation.document, asked.variables)
        variables = get_variable_values(
            self._core,
            operation.definition.variable_definitions or (),
            asked.variables or {},
            max_errors=MAX_ERRORS,
            hide_suggestions=not context.actor.is_signed_in,
        )
        if not isinstance(variables, VariableValues):
            raise Invalid(variables, Code.BAD_USER_INPUT)
        cost = operation.cost.cost(variables.coerced)
        if cost > (most := context.db.settings.graphql_max_cost):
            raise Invalid.of(_too_costly(cost, most))
        remaining = self._spend(cost, context)
        return Admitted(variables=variables, cost=cost, remaining=remaining)

    def _spend(self, cost: int, context: Context) -> int:
        try:
            return self._budget.take(cost, context.actor, context.address, context.db.settings)
        except Problem as problem:
            raise Invalid.of(problem) from problem

    async def _in_time(
        self, answering: Awaitable[Answer], context: Context, *, is_query: bool
    ) -> Answer:
        """The answer, or that it took too long: then what still runs is cancelled, SQL too."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as context.deadline:
                context.patience = context.deadline if is_query else None
                return await answering
        except TimeoutError:
            return Answer.failed(ServiceUnavailable("This took too long and was given up."))
        except Exception as error:  # what resolvers raise is an error of their field; not so SQL's
            return Answer.failed(error)
        finally:
            context.deadline = context.patience = None

    async def _run(
        self, operation: Operation, variables: VariableValues, asked: Asked, context: Context
    ) -> Answer:
        text = await self._compiled(operation, variables, context)
        if text is not None:
            return Answer(data=orjson.Fragment(text))
        return await _resolved(
            execute(
                self._core,
                operation.document,
                context_value=context,
                variable_values=asked.variables,
                operation_name=asked.operation_name,
            )
        )

    async def _compiled(
        self, operation: Operation, variables: VariableValues, context: Context
    ) -> bytes | None:
        if self.plans is None or operation.kind is not OperationType.QUERY:
            return None
        return await self.plans.answer(operation, variables, context.db, context.actor)


async def _resolved(result: Awaitable[ExecutionResult] | ExecutionResult) -> Answer:
    if isawaitable(result):
        result = await result
    return Answer(data=result.data, errors=result.errors or ())


def _too_costly(cost: int, most: int) -> Problem:
    return Problem(
        f"This operation may cost {cost}; one operation may cost {most}.",
        code=Code.QUERY_TOO_COMPLEX,
        hint="Ask for smaller pages by `first`, for fewer lists within lists or for fewer fields.",
    )
