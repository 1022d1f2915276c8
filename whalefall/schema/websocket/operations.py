"""One operation that was asked for over a socket: what it answers, and how it is broken off."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from graphql import OperationType
from starlette.websockets import WebSocket

from whalefall.auth import Actor
from whalefall.errors import AuthenticationRequired, Problem, Refused
from whalefall.schema.context import Context
from whalefall.schema.documents import Invalid
from whalefall.schema.execution import Answer, Execution
from whalefall.schema.requests import read_asked
from whalefall.schema.websocket.messages import FORBIDDEN, Close

CONFIRMED_SECONDS = 2  # while events come, rights are looked up at most so often for each caller


class Caller(Protocol):
    """Who is at the other end; the edge leaves one in `state.caller` of every socket."""

    @property
    def actor(self) -> Actor:
        """Who they were when that was last looked up."""

    async def admit(self, payload: dict[str, Any]) -> None:
        """Take what a connection begins with: a bearer, a CSRF token. Raises what is wrong."""

    async def confirmed(self, *, within: float) -> Actor:
        """Who they are, known by a look-up that is at most so many seconds old.

        Raises AUTHENTICATION_REQUIRED, TOKEN_INVALID, TOKEN_EXPIRED when they are nobody now.
        """


class Operation:
    """Runs as a task of its own, which the connection starts."""

    def __init__(self, id: str, payload: dict[str, Any], socket: WebSocket) -> None:
        self.id, self._payload = id, payload
        self._caller: Caller = socket.state.caller
        self._context = Context(socket, self._caller.actor, ask_again=self._ask_again)
        self._is_single = False
        self.expelled: Close | None = None
        self.task: asyncio.Task[None]

    def break_off(self) -> None:
        """Nobody waits for it any more. A mutation that has begun is still done, like over HTTP."""
        if self._is_single:
            self._context.leave()
        else:
            self.task.cancel()

    async def messages(self, execution: Execution) -> AsyncGenerator[dict[str, Any], None]:
        """What the client is told, up to `complete` or `error`."""
        async with contextlib.aclosing(self._answers(execution)) as answers:
            async for answer in answers:
                if self._context.is_left:
                    return
                body = answer.body(self._context)
                if not answer.began:
                    yield self._message("error", body["errors"])
                    return
                yield self._message("next", body)
        yield {"id": self.id, "type": "complete"}

    def refused(self, problem: Problem) -> dict[str, Any]:
        body = Answer.refused(Invalid.of(problem)).body(self._context)
        return self._message("error", body["errors"])

    async def _answers(self, execution: Execution) -> AsyncGenerator[Answer, None]:
        context = self._context
        try:
            asked = read_asked(self._payload)
            context.actor = await self._confirmed(within=0)
            operation = execution.operation(asked, context)
        except Problem as problem:
            yield Answer.refused(Invalid.of(problem))
        except Invalid as invalid:
            yield Answer.refused(invalid)
        else:
            if operation.kind is OperationType.SUBSCRIPTION:
                async with contextlib.aclosing(
                    execution.subscribe(operation, asked, context)
                ) as answers:
                    async for answer in answers:
                        yield answer
            else:
                self._is_single = True
                yield await execution.answer(operation, asked, context)

    async def _ask_again(self) -> Actor:
        return await self._confirmed(within=CONFIRMED_SECONDS)

    async def _confirmed(self, *, within: float) -> Actor:
        try:
            return await self._caller.confirmed(within=within)
        except (AuthenticationRequired, Refused) as problem:
            self.expelled = Close(FORBIDDEN, problem.problem_code)
            raise

    def _message(self, kind: str, payload: Any) -> dict[str, Any]:
        return {"id": self.id, "type": kind, "payload": payload}
