"""Ending a heartbeat, also one that does not want to hear of it."""

import asyncio

from whalefall.resolvers.collection.leases import stop


async def test_a_task_that_swallows_its_first_cancellation_is_stopped_all_the_same() -> None:
    never, began, swallowed = asyncio.Event(), asyncio.Event(), 0

    async def stubborn() -> None:
        nonlocal swallowed
        began.set()
        try:
            await never.wait()
        except asyncio.CancelledError:
            swallowed += 1
        await never.wait()

    task = asyncio.create_task(stubborn())
    await began.wait()

    await stop(task)

    assert task.cancelled()
    assert swallowed == 1


async def test_what_a_stopped_task_raised_is_not_complained_of() -> None:
    async def failing() -> None:
        raise RuntimeError

    task = asyncio.create_task(failing())
    await asyncio.wait({task})

    await stop(task)

    assert task.done()
