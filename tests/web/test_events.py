"""Server-sent events, without a server: what is told of the states that come."""

import asyncio
from collections.abc import AsyncGenerator

from whalefall.web.events import told

BEAT, CHANGED, DONE = b": beat\n\n", b"event: changed\ndata:\n\n", b"event: done\ndata:\n\n"


async def counting(*numbers: int, stays: bool = False) -> AsyncGenerator[int, None]:
    for number in numbers:
        yield number
    if stays:
        await asyncio.Event().wait()


def is_three(number: int) -> bool:
    return number == 3


async def test_each_state_is_told_and_the_last_one_ends_it() -> None:
    assert [e async for e in told(1, counting(2, 3, 4), is_three)] == [CHANGED] * 3 + [DONE]


async def test_a_finished_session_is_told_once() -> None:
    assert [e async for e in told(3, counting(), is_three)] == [CHANGED, DONE]


async def test_silence_is_filled_with_beats_until_the_stream_is_too_old() -> None:
    stream = told(1, counting(stays=True), is_three, beat_seconds=0.01, life_seconds=0.05)

    events = [event async for event in stream]

    assert events[0] == CHANGED
    assert set(events[1:-1]) == {BEAT}
    assert events[-1] == DONE


async def test_states_that_end_by_themselves_end_the_stream() -> None:
    assert [e async for e in told(1, counting(2), is_three)][-1] == DONE


async def test_a_reader_who_leaves_ends_the_following() -> None:
    states = counting(2, stays=True)
    stream = told(1, states, is_three, beat_seconds=0.01)
    await anext(stream)
    await anext(stream)
    await anext(stream)  # waits for what never comes

    await stream.aclose()

    assert [state async for state in states] == []
