"""Files: CSV streamed from COPY, chunk by chunk, as fast as the client reads."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime

from starlette.responses import StreamingResponse

from whalefall.db import Database, Statement

BOM = "\ufeff".encode()
CHUNKS_AHEAD = 4
STUCK_SECONDS = 120  # without a chunk being taken: then the statement ends, and the file with it
ENDING_SECONDS = 1  # for the next chunk to meet a reader who left; a silent statement is cancelled


async def csv_response(
    db: Database, statement: Statement, *, name: str, bom: bool
) -> StreamingResponse:
    """The rows of a statement as `name_YYYYMMDD_HHMMSS.csv`, in the business time zone.

    The first chunk is awaited here: what fails before it is an ordinary error, not half a file.
    """
    chunks = _chunks(db, statement)
    first = await anext(chunks, b"")
    stamp = datetime.now(UTC).astimezone(db.settings.zone).strftime("%Y%m%d_%H%M%S")

    async def body() -> AsyncIterator[bytes]:
        async with contextlib.aclosing(chunks):
            yield (BOM if bom else b"") + first
            async for chunk in chunks:
                yield chunk

    return StreamingResponse(
        body(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}_{stamp}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


class _ReaderLeftError(Exception):
    """Nobody reads on: told to COPY from within, by its next chunk."""


async def _chunks(db: Database, statement: Statement) -> AsyncGenerator[bytes, None]:
    """COPY runs beside its reader and waits when it is some chunks ahead."""
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=CHUNKS_AHEAD)
    left = asyncio.Event()

    async def put(chunk: bytes) -> None:
        if left.is_set():
            raise _ReaderLeftError
        async with asyncio.timeout(STUCK_SECONDS):
            await waiting.put(bytes(chunk))

    async def copy() -> None:
        try:
            await db.copy(statement, put, header=True)
        except _ReaderLeftError:
            return
        except Exception:  # told to the reader below; a cancelled copy has no reader any more
            await waiting.put(None)
            raise
        await waiting.put(None)

    copying = asyncio.create_task(copy())
    try:
        while (chunk := await waiting.get()) is not None:
            yield chunk
        await copying
    finally:
        left.set()
        await _end(copying, waiting)


async def _end(copying: asyncio.Task[None], waiting: asyncio.Queue[bytes | None]) -> None:
    """See COPY to its end.

    asyncpg forgets to cancel its statement when it is cancelled just as a chunk arrives, so
    cancelling is left for a statement that sends nothing; any other meets `left` in `put`.
    """
    while not waiting.empty():
        waiting.get_nowait()
    await asyncio.wait({copying}, timeout=ENDING_SECONDS)
    copying.cancel()
    await asyncio.wait({copying})
