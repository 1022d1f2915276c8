"""Pages on their way out: packed for who can unpack them."""

import zlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse

LEAST = 1024  # bytes
GZIP = 31  # the window of zlib, with the head and the foot of a gzip file


def packed(request: Request, text: str, status: int, headers: Mapping[str, str]) -> HTMLResponse:
    """The answer, a tenth as long for who can unpack it: half a millisecond for a large page.

    What a page repeats of an address beside a secret lets the length of many packed answers tell
    the secret (BREACH). The one secret that stays the same is the CSRF token: each page masks it
    anew.
    """
    body = text.encode()
    if len(body) < LEAST or not unpacks(request):
        return HTMLResponse(body, status, headers)
    packed = zlib.compress(body, 1, wbits=GZIP)
    return HTMLResponse(packed, status, {**headers, "Content-Encoding": "gzip"})


def unpacks(request: Request) -> bool:
    return "gzip" in request.headers.get("accept-encoding", "")
