"""The schema grows and shrinks by migrations alone, and says what the models say."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from whalefall import db
from whalefall.db import PROJECT, migrate, plain_url
from whalefall.embedded import running_postgres
from whalefall.errors import ServiceUnavailable


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    with running_postgres(tmp_path_factory.mktemp("migrations"), fsync="off") as server:
        made = Config(toml_file=PROJECT)
        made.attributes["url"] = server.superuser_url
        yield made


async def execute(config: Config, statement: str) -> None:
    connection = await asyncpg.connect(plain_url(config.attributes["url"]))
    await connection.execute(statement)
    await connection.close()


def test_migrations_are_reversible_and_agree_with_the_models(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_tags_that_are_alike_stop_the_upgrade_by_name(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "0011")
    alike = """
        INSERT INTO tags (name, display_name, category)
        SELECT name, name, ' Env' FROM unnest(ARRAY['prod', 'Prod', 'test']) AS name
    """
    asyncio.run(execute(config, alike))

    with pytest.raises(RuntimeError, match=r"rename some of Prod, prod\."):
        command.upgrade(config, "head")

    asyncio.run(execute(config, "UPDATE tags SET name = 'production' WHERE name = 'Prod'"))
    command.upgrade(config, "head")
    command.check(config)


async def test_an_upgrade_lets_pages_pass_while_a_table_is_in_use(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = config.attributes["url"]
    await asyncio.to_thread(command.upgrade, config, "head")
    await asyncio.to_thread(command.downgrade, config, "0017")
    dump, page = [await asyncpg.connect(plain_url(url)) for _ in range(2)]
    transaction = dump.transaction()
    await transaction.start()
    await dump.execute("LOCK TABLE instances IN ACCESS SHARE MODE")
    monkeypatch.setattr(db, "MIGRATE_ATTEMPTS", 1)
    with pytest.raises(ServiceUnavailable, match="stays in use"):
        await asyncio.to_thread(migrate, url)

    monkeypatch.setattr(db, "MIGRATE_ATTEMPTS", 30)
    upgrading = asyncio.create_task(asyncio.to_thread(migrate, url))
    await until(page, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    assert await page.fetch("SELECT name FROM instances", timeout=10) == []
    assert not upgrading.done()
    await transaction.rollback()
    await upgrading

    await asyncio.to_thread(command.check, config)
    for connection in (dump, page):
        await connection.close()


async def until(connection: "asyncpg.Connection[asyncpg.Record]", question: str) -> None:
    async with asyncio.timeout(30):
        while not await connection.fetchval(question):  # noqa: ASYNC110 - nobody notifies us
            await asyncio.sleep(0.02)
