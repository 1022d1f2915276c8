"""Lists whose frame is on its way while their rows are still being read.

A browser then fetches style and script, and shows where it is, while PostgreSQL and the templates
work. The price: the frame says 200. So all that can be refused is refused before it leaves: who may
not look, what is wrong in the address, and an address with a cursor is read first, as only its list
knows whether the cursor is its own. What still fails then, our database, is told within the page.
"""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from whalefall.auth import Actor, Permission
from whalefall.web.html import HEADERS, is_fragment, part, render
from whalefall.web.packing import GZIP, unpacks
from whalefall.web.problems import told_within

Values = Mapping[str, Any]
Read = Callable[[], Awaitable[Values]]
CURSORS = {"after", "before"}


async def flow(
    request: Request,
    template: str,
    read: Read,
    *,
    push: str,
    needs: Permission = Permission.VIEW,
    **known: Any,
) -> Response:
    """The page of a list, or of it what htmx asks for.

    `known` is what the template is given at once, `read` brings the rest; `push` is the address
    that the browser shows after a swap.
    """
    actor: Actor = request.state.actor
    actor.require(needs)
    if is_fragment(request) or CURSORS & request.query_params.keys():
        return render(request, template, push=push, **{**known, **await read()})
    headers = dict(HEADERS)
    pieces = _pieces(request, template, read, known)
    if unpacks(request):
        headers["Content-Encoding"] = "gzip"
        pieces = _packed(pieces)
    return StreamingResponse(pieces, headers=headers, media_type="text/html")


async def _pieces(
    request: Request, template: str, read: Read, known: Values
) -> AsyncIterator[bytes]:
    yield part(request, template, "frame", known).encode()
    try:
        text = part(request, template, "page", {**known, **await read()})
    except Exception as error:
        text = told_within(request, error)
    yield text.encode()


async def _packed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces as one gzip file, each of them to be read at once."""
    packer = zlib.compressobj(1, wbits=GZIP)
    async for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
