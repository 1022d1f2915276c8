"""Where a socket is accepted, or told that it speaks another protocol."""

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from whalefall.schema.execution import Execution
from whalefall.schema.websocket.connection import Connection
from whalefall.schema.websocket.crowd import Crowd
from whalefall.schema.websocket.messages import WRONG_SUBPROTOCOL

SUBPROTOCOL = "graphql-transport-ws"


class GraphQLSocket:
    """The endpoint for WebSockets. The edge must stand before it: it says who calls."""

    def __init__(self, execution: Execution) -> None:
        self._execution, self._crowd = execution, Crowd()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if SUBPROTOCOL not in scope["subprotocols"]:
            await socket.accept()
            await socket.close(WRONG_SUBPROTOCOL, "Subprotocol not acceptable")
            return
        await socket.accept(SUBPROTOCOL)
        await Connection(socket, self._execution, self._crowd).serve()
