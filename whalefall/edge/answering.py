"""The way out: our headers, the session's cookie, a line in the log and a count for each answer."""

import logging
import time
from typing import Any

import structlog
from starlette.requests import Request
from starlette.types import Message, Send

from whalefall.domain.origins import is_loopback
from whalefall.web import probes

COOKIE = "whalefall_session"
COOKIE_SECONDS = 7 * 24 * 3600
SLOW_MS = 1000
CLIENT_GONE = 499
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-store",
}
RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
RAW_NAMES = frozenset(name for name, _ in RAW_HEADERS)
HSTS = (b"strict-transport-security", b"max-age=31536000")
ROOT = logging.getLogger()  # its level is ours: structlog makes a logger before it looks
log = structlog.get_logger("whalefall.http")


class Answering:
    """Send, with our headers and the session's cookie; remembers how it went."""

    def __init__(self, request: Request, send: Send) -> None:
        self.request, self._send = request, send
        self.status = 0
        self._began = time.perf_counter()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._decorate(message)
        await self._send(message)

    def tell(self) -> None:
        """Count the answer; log it when it was slow or no success."""
        self.status = self.status or CLIENT_GONE
        probes.REQUESTS[self.status] += 1
        elapsed_ms = round((time.perf_counter() - self._began) * 1000)
        if self.status >= 400 or elapsed_ms >= SLOW_MS:
            log.info("request.answered", **self._fields(elapsed_ms))
        elif ROOT.isEnabledFor(logging.DEBUG):
            log.debug("request.answered", **self._fields(elapsed_ms))

    def _fields(self, elapsed_ms: int) -> dict[str, Any]:
        request = self.request
        return {
            "method": request.method,
            "path": request.scope["path"],
            "status": self.status,
            "elapsed_ms": elapsed_ms,
            "address": request.state.address,
            **request.state.error,
        }

    def _decorate(self, message: Message) -> None:
        """Add what the application left out. As raw bytes: this stands in every answer's way."""
        headers = message["headers"] = list(message["headers"])
        given = {name for name, _ in headers}
        if given.isdisjoint(RAW_NAMES):
            headers += RAW_HEADERS
        else:
            headers += [header for header in RAW_HEADERS if header[0] not in given]
        state = self.request.scope["state"]
        headers.append((b"x-request-id", state["request_id"].encode()))
        if self.request.scope["scheme"] == "https" and HSTS[0] not in given:
            headers.append(HSTS)
        token = state["session_token"]
        if token is not None:
            headers.append((b"set-cookie", self._cookie(token).encode()))

    def _cookie(self, token: str) -> str:
        """Secure but on this very machine, where plain HTTP is how one looks at the demo."""
        is_https = self.request.scope["scheme"] == "https"
        secure = is_https or not is_loopback(self.request.headers.get("host", ""))
        lifetime = f"Max-Age={COOKIE_SECONDS if token else 0}"
        parts = [f"{COOKIE}={token}", "Path=/", lifetime, "HttpOnly", "SameSite=Lax"]
        return "; ".join([*parts, "Secure"] if secure else parts)
