"""The schema grows and shrinks by migrations alone, and says what the models say."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from whalefall.db import PROJECT
from whalefall.embedded import running_postgres


def test_migrations_are_reversible_and_agree_with_the_models(tmp_path: Path) -> None:
    with running_postgres(tmp_path, fsync="off") as server:
        config = Config(toml_file=PROJECT)
        config.attributes["url"] = server.superuser_url

        command.upgrade(config, "head")
        command.check(config)
        command.downgrade(config, "base")
        command.upgrade(config, "head")
        command.check(config)
