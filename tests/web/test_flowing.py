"""A list's frame leaves before its rows are read; what fails after that is told within the page."""

import asyncio
import zlib
from typing import Any

import lxml.html
import pytest
from sqlalchemy import text

from tests.schema.leaving import locked
from tests.waiting import until_waiting
from tests.web.conftest import HERE, Browser, dom, make_app, texts
from whalefall.db import Database
from whalefall.edge import COOKIE
from whalefall.settings import Settings
from whalefall.web.packing import GZIP

LISTS = [
    *("/databases/ledgers", "/instances", "/sync-sessions", "/credentials", "/tags", "/users"),
    *("/audit", "/capacity", "/jobs"),
]


class Wire:
    """What an answer sends, message by message, while it is still being made."""

    def __init__(self, db: Database, settings: Settings, browser: Browser, path: str) -> None:
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._gone = asyncio.Event()
        cookie = f"{COOKIE}={browser.http.cookies.get(COOKIE)}"
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", HERE.removeprefix("http://").encode()),
                (b"cookie", cookie.encode()),
                (b"accept-encoding", b"gzip"),
            ],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8600),
        }
        self._unpacker = zlib.decompressobj(wbits=GZIP)
        self.answering = asyncio.create_task(
            make_app(db, settings)(scope, self._receive, self._sent.put)
        )

    async def status(self) -> int:
        return int((await self._next())["status"])

    async def piece(self) -> str:
        return self._unpacker.decompress((await self._next())["body"]).decode()

    async def rest(self) -> str:
        await self.answering
        packed = b"".join(self._sent.get_nowait()["body"] for _ in range(self._sent.qsize()))
        return self._unpacker.decompress(packed).decode()

    async def _next(self) -> Any:
        async with asyncio.timeout(3):
            return await self._sent.get()

    async def _receive(self) -> dict[str, str]:
        await self._gone.wait()
        return {"type": "http.disconnect"}


async def test_the_frame_is_there_while_the_rows_are_still_read(
    db: Database, settings: Settings, ada_browser: Browser
) -> None:
    async with locked(db, "tags"):
        wire = Wire(db, settings, ada_browser, "/tags")

        assert await wire.status() == 200
        frame = await wire.piece()
        await until_waiting(db)

    page = lxml.html.document_fromstring(frame + await wire.rest())
    assert "<title>Tags" in frame
    assert 'id="rail"' in frame
    assert "tags_table" not in frame
    assert texts(page, "main h2")[0].endswith("tags")
    assert texts(page, "h1") == ["Tags"]


async def test_what_fails_after_the_frame_is_told_within_the_page(
    db: Database, settings: Settings, ada_browser: Browser
) -> None:
    async with locked(db, "tags"):
        wire = Wire(db, settings, ada_browser, "/tags")
        await wire.status()
        frame = await wire.piece()
        await until_waiting(db)
        async with db.write() as session:
            await session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        rest = await wire.rest()

    page = lxml.html.document_fromstring(frame + rest)
    assert texts(page, "h1") == ["WhaleFall is not available right now"]
    assert page.cssselect("main code")
    assert page.cssselect("#modal_root")
    assert "terminat" not in rest


@pytest.mark.parametrize("path", LISTS)
async def test_half_and_half_are_the_page_that_a_cursor_has_whole(
    ada_browser: Browser, path: str
) -> None:
    flowing = dom(await ada_browser.get(path))
    whole = dom(await ada_browser.get(f"{path}?after="))

    def shape(page: lxml.html.HtmlElement) -> list[tuple[str, str | None]]:
        return [(each.tag, each.get("id")) for each in page.iter(lxml.html.etree.Element)]

    assert shape(flowing) == shape(whole)


@pytest.mark.parametrize("path", LISTS)
async def test_what_can_be_refused_is_refused_before_the_frame(
    nobody: Browser, ada_browser: Browser, path: str
) -> None:
    assert (await nobody.get(path)).status_code == 303
    assert (await ada_browser.get(f"{path}?after=nonsense")).status_code == 400
    assert (await ada_browser.get(f"{path}?size=x")).status_code == 400


async def test_who_may_not_look_sees_no_frame(vera_browser: Browser) -> None:
    assert (await vera_browser.get("/users")).status_code == 403
    assert (await vera_browser.get("/audit")).status_code == 403
