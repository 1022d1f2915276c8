"""The benchmark of search, over a small estate."""

import asyncio
from dataclasses import replace

import asyncpg
from sqlalchemy import make_url

from benchmarks.installation import opened
from benchmarks.searching.measuring import TEXTS, TYPOS, fill, measured
from whalefall.db import migrate
from whalefall.embedded import EmbeddedPostgres
from whalefall.settings import Settings


async def test_every_text_is_measured_and_typos_find_something(
    postgres: EmbeddedPostgres, settings: Settings
) -> None:
    connection = await asyncpg.connect(postgres.superuser_url)
    await connection.execute("CREATE DATABASE searched")
    await connection.close()
    url = make_url(postgres.superuser_url).set(database="searched")
    given = replace(settings, database_url=url.render_as_string(hide_password=False))
    await asyncio.to_thread(migrate, given.database_url)
    await fill(given.database_url, instances=24, tables=3_000, names=3_000)

    async with opened(given) as db:
        found = await measured(db, rounds=1)

    assert [each.text for each in found] == [*TEXTS, *TYPOS]
    assert all(each.median("tables") > 0 for each in found)
    assert all(each.hits != "0 + 0 + 0" for each in found if each.text in TYPOS)
