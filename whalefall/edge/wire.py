"""The WebSocket server that we give to uvicorn: its own, with bounds for unfair peers.

Uvicorn waits for a slow reader, but for ever, and answers the pings of one who never reads; what
waits in its buffers then is as much as the peer likes.
"""

import asyncio
import logging
from typing import Any

import structlog
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

MESSAGE_BYTES = 1024 * 1024
MAX_FRAGMENTS = 1000  # empty ones would fit into one message without end
STUCK_SECONDS = 30
log = structlog.get_logger(__name__)


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Who does not read is not read, and is dropped when nothing moves for a while."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = self.conn.logger = logging.getLogger("uvicorn.websockets")
        self._stuck_timer: asyncio.TimerHandle | None = None
        self._is_stuck = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)  # paused means: something waits

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_stuck = True
        self.transport.pause_reading()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stop_timer()
        self._is_stuck = False
        if not self.read_paused:
            self.transport.resume_reading()
        super().resume_writing()

    async def receive(self) -> Any:
        message = await super().receive()
        if self._is_stuck:
            self.transport.pause_reading()
        return message

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MAX_FRAGMENTS:
            super().handle_cont(event)
            return
        self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
        self.handle_parser_exception()

    def _watch(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        self._stuck_timer = loop.call_later(STUCK_SECONDS, self._look, size)

    def _look(self, before: int) -> None:
        size = self.transport.get_write_buffer_size()
        if size < before:
            self._watch(size)
            return
        address = self.client[0] if self.client else ""
        log.info("socket.stuck", address=address, waiting_bytes=size, seconds=STUCK_SECONDS)
        self.transport.abort()

    def _stop_timer(self) -> None:
        if self._stuck_timer is not None:
            self._stuck_timer.cancel()
            self._stuck_timer = None


WEBSOCKETS: dict[str, Any] = {
    "ws": BoundedWebSocket,
    "ws_max_size": MESSAGE_BYTES,
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
    "ws_per_message_deflate": False,  # a few bytes could unpack to a full message
}
