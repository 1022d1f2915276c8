"""The schema grows and shrinks by migrations alone, and says what the models say."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest
from alembic import command
from alembic.config import Config

from whalefall.db import PROJECT, plain_url
from whalefall.embedded import running_postgres


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
