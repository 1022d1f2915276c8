"""Many follow, one reads; the last state always arrives."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

import pytest

from whalefall import feeds
from whalefall.db import Database, notify
from whalefall.errors import NotFound, ServiceUnavailable
from whalefall.feeds import Feeds, Seen
from whalefall.notifications import Notifications

CHANNEL = "test_feeds"


@dataclass
class Thing:
    """What is followed: `read` counts, and can fail or be held up."""

    db: Database
    value: int = 0
    reads: int = 0
    problem: Exception | None = None
    gate: asyncio.Event | None = None
    feeds: Feeds = field(init=False)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.feeds = self.db.feeds

    async def read(self) -> int:
        self.reads += 1
        self.began.set()
        value = self.value
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        return value

    async def change(self, value: int) -> None:
        self.value = value
        async with self.db.write() as session:
            await notify(session, CHANNEL, "thing")

    def follow(self) -> AsyncGenerator[Seen[int], None]:
        return self.feeds.follow(CHANNEL, "thing", self.read)


async def begins(thing: Thing) -> None:
    """Wait for the next read to begin."""
    thing.began.clear()
    async with asyncio.timeout(10):
        await thing.began.wait()


async def soon(values: AsyncIterator[Seen[int]]) -> int:
    async with asyncio.timeout(10):
        return (await anext(values)).value


@pytest.fixture
async def thing(opened_database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Thing]:
    monkeypatch.setattr(feeds, "INTERVAL_SECONDS", 0.01)
    yield Thing(opened_database)
    async with asyncio.timeout(10):
        for feed in list(opened_database.feeds._feeds.values()):
            assert feed.running is not None
            await feed.running  # none runs on when nobody follows


async def test_a_follower_sees_the_value_now_and_after_each_change(thing: Thing) -> None:
    values = thing.follow()

    seen = [await soon(values)]
    for value in (1, 2):
        await thing.change(value)
        seen.append(await soon(values))
    await values.aclose()

    assert seen == [0, 1, 2]


async def test_two_hundred_followers_cost_one_read_for_each_change(thing: Thing) -> None:
    followers = [thing.follow() for _ in range(200)]
    first = await asyncio.gather(*map(soon, followers))
    before = thing.reads

    await thing.change(1)
    second = await asyncio.gather(*map(soon, followers))

    assert (first, second) == ([0] * 200, [1] * 200)
    assert thing.reads - before == 1
    for follower in followers:
        await follower.aclose()


async def test_nobody_reads_while_nothing_changes(thing: Thing) -> None:
    values = thing.follow()
    await soon(values)
    reads = thing.reads

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await anext(values)

    assert thing.reads == reads
    await values.aclose()


async def test_a_burst_is_read_seldom_and_its_last_state_always(
    thing: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "INTERVAL_SECONDS", 0.3)
    values = thing.follow()
    await soon(values)

    for value in range(1, 101):
        await thing.change(value)
    seen: list[int] = []
    while not seen or seen[-1] != 100:
        seen.append(await soon(values))
    await values.aclose()

    assert len(seen) < 10


async def test_a_slow_follower_gets_the_newest_next_and_holds_up_nobody(thing: Thing) -> None:
    slow, quick = thing.follow(), thing.follow()
    assert [await soon(slow), await soon(quick)] == [0, 0]

    for value in (1, 2, 3):
        await thing.change(value)
        assert await soon(quick) == value

    assert await soon(slow) == 3
    await slow.aclose()
    await quick.aclose()


async def test_who_comes_later_sees_no_less_than_what_was_so_when_they_came(thing: Thing) -> None:
    early = thing.follow()
    await soon(early)
    thing.gate = asyncio.Event()
    waiting = asyncio.create_task(soon(early))
    await asyncio.gather(begins(thing), thing.change(1))
    thing.value = 2  # which the read that has begun does not know

    late = thing.follow()
    first = asyncio.create_task(soon(late))
    await asyncio.sleep(0)
    thing.gate.set()

    assert await first == 2
    assert await waiting in (1, 2)
    await early.aclose()
    await late.aclose()


async def test_a_newcomer_is_no_news_to_the_others(thing: Thing) -> None:
    early = thing.follow()
    await soon(early)
    late = thing.follow()
    await soon(late)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(early)
    await early.aclose()
    await late.aclose()


@pytest.mark.parametrize("problem", [NotFound("gone"), RuntimeError("a fault")])
async def test_what_cannot_be_read_is_raised(thing: Thing, problem: Exception) -> None:
    values = thing.follow()
    await soon(values)
    thing.problem = problem
    await thing.change(1)

    with pytest.raises(type(problem)):
        await soon(values)


async def test_a_database_that_is_away_is_awaited(
    thing: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "RETRY_SECONDS", 0.01)
    values = thing.follow()
    await soon(values)
    thing.problem = ServiceUnavailable("away")
    await thing.change(1)
    waiting = asyncio.create_task(soon(values))
    for _ in range(3):
        await begins(thing)
    with pytest.raises(ServiceUnavailable):
        await soon(thing.follow())  # who comes now is told

    thing.problem = None

    assert await waiting == 1
    await values.aclose()


async def test_while_nobody_can_notify_it_looks_by_itself(
    thing: Thing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "LOOK_SECONDS", 0.02)
    deaf = Notifications("postgresql://127.0.0.1:1/nowhere")
    thing.feeds = Feeds(deaf)
    values = thing.follow()
    await soon(values)

    thing.value = 1  # and no word of it
    while await soon(values) != 1:
        pass

    await values.aclose()
    await thing.feeds.close()
    await deaf.close()
