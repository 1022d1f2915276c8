"""The events of a subscription: where they come from, and what its document makes of each."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
    execute_subscription_event,
)

from whalefall.errors import Code, Problem
from whalefall.schema.context import Context
from whalefall.schema.documents import Invalid, Operation
from whalefall.schema.requests import Asked


class Events:
    """One subscription. graphql-core's own `subscribe` leaves no room for a deadline per event."""

    def __init__(
        self, schema: GraphQLSchema, operation: Operation, asked: Asked, context: Context
    ) -> None:
        """Raises Invalid."""
        executor = Executor.build(
            schema,
            operation.document,
            context_value=context,
            raw_variable_values=asked.variables,
            operation_name=asked.operation_name,
        )
        if isinstance(executor, list):
            raise Invalid(executor, Code.BAD_USER_INPUT)
        self._executor = executor

    async def payloads(self) -> AsyncGenerator[Any, None]:
        """What happens. Raises Invalid: whatever breaks it off is an error of the subscription."""
        source: Any = create_source_event_stream(self._executor)
        if self._executor.is_awaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            raise Invalid(source.errors or (), Code.INTERNAL_ERROR)
        try:
            async with contextlib.aclosing(source):
                async for payload in source:
                    yield payload
        except Problem as problem:
            raise Invalid.of(problem) from problem
        except Exception as error:
            broken = GraphQLError("The events broke off.", original_error=error)
            raise Invalid([broken], Code.INTERNAL_ERROR) from error

    async def result(self, payload: Any) -> ExecutionResult:
        """What the document makes of one event."""
        result = execute_subscription_event(self._executor.build_per_event_executor(payload))
        return result if isinstance(result, ExecutionResult) else await result
