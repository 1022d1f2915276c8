"""Probes for whoever runs WhaleFall: alive, ready, and numbers for Prometheus."""

import os
import resource
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from whalefall import logs
from whalefall.crypto import same_text
from whalefall.db import Database
from whalefall.errors import AuthenticationRequired
from whalefall.resolvers.health import count_live_records, is_ready

STATM = Path("/proc/self/statm")
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
REQUESTS: Counter[int] = Counter()  # by status, of this process; the edge counts


async def livez(request: Request) -> Response:
    """200 while the process answers at all."""
    return PlainTextResponse("ok\n")


async def readyz(request: Request) -> Response:
    """200 when work can be done here, 503 when not; never why."""
    ready = await is_ready(request.app.state.db)
    return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """The process's numbers, for who brings the metrics token; nothing here without one set."""
    wanted = request.app.state.settings.metrics_token
    if not wanted:
        raise HTTPException(404)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not same_text(token.strip(), wanted):
        raise AuthenticationRequired("Bring the metrics token as bearer.")
    lines = [line async for line in _lines(request.app.state.db)]
    return PlainTextResponse("\n".join(lines) + "\n", media_type=PROMETHEUS)


ROUTES = [
    Route("/livez", livez),
    Route("/readyz", readyz),
    Route("/metrics", metrics),
]


async def _lines(db: Database) -> AsyncIterator[str]:
    yield "# TYPE whalefall_http_requests_total counter"
    for status, count in sorted(REQUESTS.items()):
        yield f'whalefall_http_requests_total{{status="{status}"}} {count}'
    yield "# TYPE whalefall_log_entries_lost_total counter"
    yield f"whalefall_log_entries_lost_total {logs.BUFFER.lost}"
    yield "# TYPE whalefall_log_entries_waiting gauge"
    yield f"whalefall_log_entries_waiting {len(logs.BUFFER)}"
    live = await count_live_records(db)
    if live is not None:
        yield "# TYPE whalefall_sync_records_live gauge"
        yield f"whalefall_sync_records_live {live}"
    yield "# TYPE process_resident_memory_bytes gauge"
    yield f"process_resident_memory_bytes {_memory_bytes()}"


def _memory_bytes() -> int:
    """Now, where the system tells; else the most there ever was (KiB, but bytes on macOS)."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
