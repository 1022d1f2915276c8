"""Connections that stay at hand: taken again, given up when they ended badly, handed on."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from whalefall.db import SETTINGS, Database, plain_url
from whalefall.fetching import Fetcher, Statement, read_only_pool

WHO: list[Statement] = [("SELECT pg_backend_pid()", [])]


@pytest.fixture
async def fetcher(opened_database: Database) -> AsyncIterator[Fetcher]:
    """One that has two connections at most."""
    url = plain_url(opened_database.settings.database_url)
    made = Fetcher(await read_only_pool(url, SETTINGS, max_size=2))
    yield made
    await made.close()


async def backend(fetcher: Fetcher) -> int:
    ((row,),) = await fetcher.fetch(WHO)
    return int(row[0])


async def test_the_same_connection_is_taken_again(fetcher: Fetcher) -> None:
    assert len({await backend(fetcher) for _ in range(5)}) == 1


async def test_more_at_once_than_there_are_connections_all_get_their_rows(fetcher: Fetcher) -> None:
    slow: list[Statement] = [("SELECT pg_sleep(0.02), pg_backend_pid()", [])]

    found = await asyncio.gather(*(fetcher.fetch(slow) for _ in range(20)))

    assert len({rows[0][0][1] for rows in found}) == 2


async def test_who_stops_waiting_takes_no_turn_along(fetcher: Fetcher) -> None:
    busy = [asyncio.create_task(fetcher.fetch([("SELECT pg_sleep(0.1)", [])])) for _ in range(2)]
    waiting = [asyncio.create_task(backend(fetcher)) for _ in range(4)]
    await asyncio.sleep(0)
    for task in waiting[:3]:
        task.cancel()

    await asyncio.gather(*busy)
    assert await waiting[3]
    together: list[Statement] = [("SELECT pg_sleep(0.02), pg_backend_pid()", [])]
    found = await asyncio.gather(*(fetcher.fetch(together) for _ in range(2)))
    assert len({rows[0][0][1] for rows in found}) == 2


async def test_the_version_is_told_to_all_who_ask_at_once(fetcher: Fetcher) -> None:
    told = await asyncio.gather(*(fetcher.server_version() for _ in range(20)))

    ((row,),) = await fetcher.fetch([("SHOW server_version_num", [])])
    assert set(told) == {int(row[0]) // 10_000}


async def test_a_fetch_that_is_given_up_leaves_a_connection_that_works(fetcher: Fetcher) -> None:
    before = await backend(fetcher)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await fetcher.fetch([("SELECT pg_sleep(20)", [])])

    assert await backend(fetcher) == before  # asyncpg has ended the statement, not the connection


async def test_a_fetch_given_up_between_preparing_and_sending_leaves_nothing_open(
    fetcher: Fetcher, opened_database: Database
) -> None:
    """Its limit of time would end another's statement later on."""
    before = await backend(fetcher)
    given_up = asyncio.create_task(fetcher.fetch([("SELECT 'never seen before'", [])]))
    while not ((step := given_up._fut_waiter) and step.done()):  # type: ignore[attr-defined]  # noqa: ASYNC110
        await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up

    ((found,),) = await opened_database.fetch(
        [("SELECT state, query FROM pg_stat_activity WHERE pid = $1", [before])]
    )
    assert tuple(found) == ("idle", "SELECT")


async def test_a_statement_that_fails_in_the_middle_leaves_no_transaction(fetcher: Fetcher) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await fetcher.fetch([*WHO, ("SELECT * FROM nothing_at_all", [])])

    ((row,),) = await fetcher.fetch([("SHOW transaction_isolation", [])])
    assert row[0] == "read committed"


async def test_a_connection_that_the_server_ended_is_replaced(
    fetcher: Fetcher, opened_database: Database
) -> None:
    lost = await backend(fetcher)
    url = plain_url(opened_database.settings.database_url)
    other = await asyncpg.connect(url)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", lost)
    await other.close()

    async with asyncio.timeout(5):
        while True:
            try:
                assert await backend(fetcher) != lost
                break
            except asyncpg.PostgresConnectionError:  # the news of its end may come with the answer
                continue


async def test_all_connections_are_closed_in_the_end(opened_database: Database) -> None:
    url = plain_url(opened_database.settings.database_url)
    made = Fetcher(await read_only_pool(url, {**SETTINGS, "application_name": "leaving"}))
    await made.fetch(WHO)
    under_way = asyncio.create_task(made.fetch([("SELECT pg_sleep(0.1)", [])]))
    await asyncio.sleep(0)  # it has taken its connection
    async with asyncio.timeout(5):
        await made.close()
    assert len(await under_way) == 1

    left = await opened_database.fetch(
        [("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'leaving'", [])]
    )
    assert left[0][0][0] == 0
