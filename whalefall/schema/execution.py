"""Runs an operation: compiled where that is exact, by resolvers otherwise, until its deadline."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any

from graphql import GraphQLError, OperationType, execute
from graphql.execution.values import VariableValues, get_variable_values
from strawberry import Schema

from whalefall.errors import BadInput, Code, ServiceUnavailable
from whalefall.schema.context import Context
from whalefall.schema.documents import MAX_ERRORS, Documents, Invalid, Operation
from whalefall.schema.requests import Asked

DEADLINE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an operation came to. `blame` is the code of what graphql-core itself refused."""

    data: Any = None
    errors: Sequence[GraphQLError] = ()
    began: bool = True
    blame: Code = Code.INTERNAL_ERROR

    @classmethod
    def refused(cls, errors: Sequence[GraphQLError], blame: Code) -> "Answer":
        """Nothing was run."""
        return cls(errors=errors, began=False, blame=blame)


class Execution:
    """Everything between what is asked and what is answered, whatever carries either."""

    def __init__(self, schema: Schema) -> None:
        self._core = schema._schema
        self.documents = Documents(self._core)

    def operation(self, asked: Asked, context: Context) -> Operation:
        """What is to be run. Raises Invalid."""
        signed_in = context.actor.is_signed_in
        return self.documents.operation(asked.query, asked.operation_name, signed_in=signed_in)

    async def answer(self, operation: Operation, asked: Asked, context: Context) -> Answer:
        """Run a query or a mutation."""
        if operation.kind is OperationType.SUBSCRIPTION:
            return _never(BadInput("A subscription is not served over HTTP."))
        variables = get_variable_values(
            self._core,
            operation.definition.variable_definitions or (),
            asked.variables or {},
            max_errors=MAX_ERRORS,
        )
        if not isinstance(variables, VariableValues):
            return Answer.refused(variables, Code.BAD_USER_INPUT)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as context.deadline:
                return await self._resolve(operation, asked, context)
        except TimeoutError:
            late = ServiceUnavailable("This took too long and was given up.")
            return Answer(errors=[GraphQLError(late.message, original_error=late)])

    async def _resolve(self, operation: Operation, asked: Asked, context: Context) -> Answer:
        result = execute(
            self._core,
            operation.document,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
        )
        if isawaitable(result):
            result = await result
        return Answer(data=result.data, errors=result.errors or ())


def _never(problem: BadInput) -> Answer:
    refused = Invalid.of(problem)
    return Answer.refused(refused.errors, refused.blame)
