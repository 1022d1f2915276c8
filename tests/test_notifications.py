"""One connection hears for everybody, and comes back when it is broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from whalefall import notifications
from whalefall.db import Database, notify
from whalefall.notifications import Notifications

LISTENING = "application_name = 'whalefall listening'"
CHANNEL = "test_notifications"


@pytest.fixture
async def heard(
    opened_database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Notifications]:
    monkeypatch.setattr(notifications, "RETRY_SECONDS", 0.02)
    await opened_database.notifications.close()  # so that ours is the only one
    heard = Notifications(opened_database._url)
    yield heard
    await heard.close()


async def say(db: Database, payload: str) -> None:
    async with db.write() as session:
        await notify(session, CHANNEL, payload)


async def break_off(db: Database) -> None:
    """As a restart of the server, or a firewall that forgets, would."""
    async with db.write() as session:
        ended = await session.execute(
            text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {LISTENING}")
        )
        assert ended.scalars().all() == [True]


async def count(db: Database) -> int:
    async with db.read() as session:
        sql = text(f"SELECT count(*) FROM pg_stat_activity WHERE {LISTENING}")
        return int((await session.execute(sql)).scalar_one())


async def test_only_who_waits_for_a_payload_is_woken_by_it(
    opened_database: Database, heard: Notifications
) -> None:
    async with heard.event(CHANNEL, "1") as first, heard.event(CHANNEL, "2") as second:
        await say(opened_database, "2")
        async with asyncio.timeout(10):
            await second.wait()

        assert not first.is_set()


async def test_all_waiters_share_one_connection(
    opened_database: Database, heard: Notifications
) -> None:
    async with AsyncExitStack() as waiting:
        events = [
            await waiting.enter_async_context(heard.event(CHANNEL, str(n % 10))) for n in range(100)
        ]
        for n in range(10):
            await say(opened_database, str(n))
        async with asyncio.timeout(10):
            await asyncio.gather(*(event.wait() for event in events))

        assert await count(opened_database) == 1


async def test_a_waiter_who_leaves_does_not_break_it_off(
    opened_database: Database, heard: Notifications
) -> None:
    async def wait() -> None:
        async with heard.event(CHANNEL, "1") as event:
            await event.wait()

    hasty = asyncio.create_task(wait())
    await asyncio.sleep(0)
    hasty.cancel()

    async with heard.event(CHANNEL, "1") as event:
        await say(opened_database, "1")
        async with asyncio.timeout(10):
            await event.wait()


async def test_a_broken_connection_wakes_everybody_and_comes_back(
    opened_database: Database, heard: Notifications
) -> None:
    async with heard.event(CHANNEL, "1") as event:
        await break_off(opened_database)
        async with asyncio.timeout(10):
            await event.wait()  # told that notifications may be missed
            while not heard.is_listening:
                event.clear()
                await event.wait()  # told that they are heard again
        event.clear()

        await say(opened_database, "1")
        async with asyncio.timeout(10):
            await event.wait()


async def test_a_connection_that_shows_no_sign_of_life_is_replaced(
    opened_database: Database, heard: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(notifications, "CONNECT_SECONDS", 0.5)

    async with heard.event(CHANNEL, "1") as event:
        async with opened_database.read() as session:
            sql = text(f"SELECT pid FROM pg_stat_activity WHERE {LISTENING}")
            pid = (await session.execute(sql)).scalar_one()
        process = await asyncio.create_subprocess_exec("kill", "-STOP", str(pid))
        await process.wait()
        try:
            async with asyncio.timeout(10):
                await event.wait()
                while not heard.is_listening:
                    event.clear()
                    await event.wait()
        finally:
            process = await asyncio.create_subprocess_exec("kill", "-CONT", str(pid))
            await process.wait()


async def test_after_its_end_it_can_begin_again(
    opened_database: Database, heard: Notifications
) -> None:
    for _ in range(2):
        async with heard.event(CHANNEL, "1") as event:
            await say(opened_database, "1")
            async with asyncio.timeout(10):
                await event.wait()
        await heard.close()
        assert not heard.is_listening


async def test_without_a_database_one_waits_in_vain_but_is_not_held_up() -> None:
    away = Notifications("postgresql://127.0.0.1:1/nowhere")
    async with asyncio.timeout(10), away.event(CHANNEL, "1"):
        assert not away.is_listening
    await away.close()
