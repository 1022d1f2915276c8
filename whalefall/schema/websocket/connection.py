"""One connection, from the greeting to an end that leaves nothing behind."""

import asyncio
import contextlib
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from whalefall.domain.origins import network_of
from whalefall.errors import AuthenticationRequired, BadInput, Problem, Refused
from whalefall.schema.execution import Execution
from whalefall.schema.websocket.crowd import Crowd, too_many
from whalefall.schema.websocket.messages import (
    FORBIDDEN,
    GREETED_AGAIN,
    SAME_ID,
    TOO_LATE,
    TRY_AGAIN_LATER,
    UNAUTHORIZED,
    Close,
    Message,
    read_message,
)
from whalefall.schema.websocket.operations import Caller, Operation

GREETING_SECONDS = 10
MAX_OPERATIONS = 100  # of one connection
GONE = (WebSocketDisconnect, WebSocketDisconnected)


class Connection:
    """Reads one message after the other, and answers each operation from a task of its own.

    What cannot be sent now is awaited, and until then nothing more is made: of a subscription only
    the newest state waits, so a client that does not read costs no memory.
    """

    def __init__(self, socket: WebSocket, execution: Execution, crowd: Crowd) -> None:
        self._socket, self._execution, self._crowd = socket, execution, crowd
        self._caller: Caller = socket.state.caller
        self._counted, self._counted_as = contextlib.ExitStack(), ""
        self._operations: dict[str, Operation] = {}  # those whose answers are awaited
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        self._ended: asyncio.Future[Close | None] = asyncio.get_running_loop().create_future()
        self._is_greeted = self._is_acknowledged = False

    async def serve(self) -> None:
        """Speak with the client until either side ends it, or this is cancelled."""
        reading = asyncio.create_task(self._read())
        try:
            close = await self._ended
            reading.cancel()
            self._break_off()
            if close is not None:
                await self._close(close)
            if self._tasks:
                await asyncio.wait(self._tasks)  # mutations that had begun
        finally:
            left = {reading, *self._tasks}
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            self._counted.close()

    async def _read(self) -> None:
        try:
            self._count()
            await self._greet()
            while True:
                await self._take(await self._receive())
        except Close as close:
            self._end(close)
        except GONE:
            self._end(None)
        except Exception as error:
            self._fail(error)

    async def _greet(self) -> None:
        """Until the client has said who it is."""
        try:
            async with asyncio.timeout(GREETING_SECONDS) as deadline:
                while not self._is_acknowledged:
                    await self._take(await self._receive())
        except TimeoutError:
            if not deadline.expired():
                raise
            raise Close(TOO_LATE, "Connection initialisation timeout") from None

    async def _receive(self) -> Message:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        return read_message(received.get("text"))

    async def _take(self, message: Message) -> None:
        if message.kind == "connection_init":
            await self._acknowledge(message.payload or {})
        elif message.kind == "subscribe":
            await self._start(message.id, message.payload or {})
        elif message.kind == "complete":
            operation = self._operations.pop(message.id, None)
            if operation is not None:
                operation.break_off()
        elif message.kind == "ping":
            payload = {} if message.payload is None else {"payload": message.payload}
            await self._send({"type": "pong", **payload})

    async def _acknowledge(self, payload: dict[str, Any]) -> None:
        if self._is_greeted:
            raise Close(GREETED_AGAIN, "Too many initialisation requests")
        self._is_greeted = True
        try:
            await self._caller.admit(payload)
        except (AuthenticationRequired, Refused, BadInput) as problem:
            raise Close(FORBIDDEN, problem.problem_code) from problem
        except Problem as problem:
            raise Close(TRY_AGAIN_LATER, problem.problem_code) from problem
        self._count()
        await self._send({"type": "connection_ack"})
        self._is_acknowledged = True

    def _count(self) -> None:
        """Count this connection as its caller's: that of an address until they say who they are."""
        if self._counted_as == self._name:
            return
        counted = contextlib.ExitStack()
        try:
            counted.enter_context(self._crowd.connection(self._name))
        except Refused as problem:
            raise Close(TRY_AGAIN_LATER, problem.problem_code) from problem
        self._counted.close()
        self._counted, self._counted_as = counted, self._name

    @property
    def _name(self) -> str:
        actor = self._caller.actor
        address = self._socket.state.address
        return actor.name if actor.is_signed_in else f"at {network_of(address) or address}"

    async def _start(self, id: str, payload: dict[str, Any]) -> None:
        if not self._is_acknowledged:
            raise Close(UNAUTHORIZED, "Unauthorized")
        if id in self._operations:
            raise Close(SAME_ID, f"Subscriber for {id} already exists")
        operation = Operation(id, payload, self._socket)
        counted = contextlib.ExitStack()
        try:
            if len(self._tasks) >= MAX_OPERATIONS:
                raise too_many(MAX_OPERATIONS, "running operations on this connection")
            counted.enter_context(self._crowd.operation(self._name))
        except Refused as problem:
            await self._send(operation.refused(problem))
            return
        self._operations[id] = operation
        operation.task = asyncio.create_task(self._run(operation))
        self._tasks.add(operation.task)
        operation.task.add_done_callback(self._tasks.discard)
        operation.task.add_done_callback(lambda _: counted.close())

    async def _run(self, operation: Operation) -> None:
        try:
            async with contextlib.aclosing(operation.messages(self._execution)) as messages:
                async for message in messages:
                    await self._tell(operation, message)
        except GONE:
            self._end(None)
        except Exception as error:
            self._fail(error)
        finally:
            if operation.expelled is not None:
                self._end(operation.expelled)

    async def _tell(self, operation: Operation, message: dict[str, Any]) -> None:
        """Send a message of an operation, if it is still awaited."""
        async with self._sending:
            if self._operations.get(operation.id) is not operation:
                return
            if message["type"] != "next":
                del self._operations[operation.id]
            await self._socket.send_text(orjson.dumps(message).decode())

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._sending:
            await self._socket.send_text(orjson.dumps(message).decode())

    def _break_off(self) -> None:
        """Nothing is awaited any more; what must still be done is done in silence."""
        while self._operations:
            _, operation = self._operations.popitem()
            operation.break_off()

    async def _close(self, close: Close) -> None:
        with contextlib.suppress(*GONE):
            async with self._sending:
                await self._socket.close(close.code, close.reason)

    def _end(self, close: Close | None) -> None:
        if not self._ended.done():
            self._ended.set_result(close)

    def _fail(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
