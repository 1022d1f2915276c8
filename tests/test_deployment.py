"""docs/deployment.md: its settings are those there are, and its backup comes back to life."""

import configparser
import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.factories import (
    ADA,
    make_credential,
    make_database,
    make_instance,
    make_named_tables,
    make_size_history,
)
from tests.resolvers.users.conftest import PASSWORD, SYSTEM, quick_hashes
from whalefall.auth import Role
from whalefall.crypto import KeyRing, generate_key_line
from whalefall.db import Database
from whalefall.domain.origins import TrustedProxies
from whalefall.embedded import EmbeddedPostgres, running_postgres
from whalefall.embedded.binaries import postgres_program
from whalefall.errors import Code, Problem
from whalefall.models import Base
from whalefall.models.instances import Credential
from whalefall.resolvers.health import is_ready
from whalefall.resolvers.search import search
from whalefall.resolvers.users import create_user, reader_of_session, sign_in
from whalefall.settings import PREFIX, Settings

__all__ = ["quick_hashes"]
ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs/deployment.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `WHALEFALL_(\w+)` \| (?:`(.*?)`|–) \|", re.MULTILINE)
FORWARDED = ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade", "Connection")


def blocks(language: str) -> list[str]:
    return [code for named, code in BLOCK.findall(GUIDE) if named == language]


def block(language: str, word: str) -> str:
    """The one block with this word in it."""
    (found,) = (code for code in blocks(language) if word in code)
    return found


def test_every_setting_is_explained_with_its_default() -> None:
    explained = dict(ROW.findall(GUIDE))

    defaults = {field.name.upper(): getattr(Settings(), field.name) for field in fields(Settings)}
    assert {name: said or "" for name, said in explained.items()} == {
        name: "" if value == () else str(value) for name, value in defaults.items()
    }


def test_the_example_of_an_environment_can_be_read() -> None:
    lines = block("ini", "WHALEFALL_DATABASE_URL").splitlines()
    settings = Settings.from_env(dict(line.split("=", 1) for line in lines))

    assert settings.public_url.startswith("https://")
    assert TrustedProxies.parse(settings.trusted_proxies).trust("127.0.0.1")
    assert all(line.removeprefix(PREFIX) != line for line in lines)


def test_units_start_commands_that_there_are() -> None:
    commands = set()
    for text in blocks("ini"):
        if "[Unit]" not in text:
            continue
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string(text)
        program, command = unit["Service"]["ExecStart"].split()
        assert Path(program).name == "run"
        commands.add(command)

    assert commands == {"serve", "worker", "scheduler"}
    assert all(f"  {command} " in (ROOT / "run").read_text() for command in commands)


def test_the_proxies_say_what_the_edge_believes() -> None:
    nginx = block("nginx", "proxy_pass")

    assert all(f"proxy_set_header {name} " in nginx for name in FORWARDED)
    assert "proxy_buffering off;" in nginx
    assert "flush_interval -1" in block("caddy", "reverse_proxy")


def test_a_key_is_made_as_the_guide_says() -> None:
    (line,) = typed_in(block("sh", "urandom"), {}).splitlines()

    assert KeyRing.from_text(line).current_id == "key1"


async def test_a_backup_comes_back_to_life_in_a_fresh_cluster(
    db: Database, settings: Settings, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await fill(db)
    begun = await sign_in(db, "ada", PASSWORD, address=None, user_agent=None)
    before = await counts(db)
    typed_in(block("sh", "pg_dump --"), {"WHALEFALL_DATABASE_URL": postgres.url}, tmp_path)

    with running_postgres(tmp_path / "fresh", fsync="off", synchronous_commit="off") as fresh:
        typed_in(block("sh", "pg_restore"), {"WHALEFALL_DATABASE_URL": fresh.url}, tmp_path)
        async with opened(replace(settings, database_url=fresh.url)) as restored:
            assert await counts(restored) == before
            assert await is_ready(restored)
            actor, _ = await reader_of_session(restored, begun.token)
            assert actor.name == "ada"
            assert await password(restored, restored.keys) == "the target's own"
            assert await tables_found(restored, "ord") == ["orders"]
            with pytest.raises(Problem) as caught:
                await password(restored, KeyRing.from_text(generate_key_line()))
            assert caught.value.problem_code is Code.CREDENTIAL_DECRYPT_FAILED


async def fill(db: Database) -> None:
    """Something of every kind that a restored WhaleFall is asked for."""
    async with db.write() as session:
        await create_user(session, SYSTEM, "ada", PASSWORD, Role.ADMIN)
        credential = await make_credential(session, keys=db.keys, password="the target's own")
        instance = await make_instance(session, credential_id=credential.id)
        database = await make_database(session, instance, size_bytes=1)
        await make_named_tables(session, database, "orders", "users")
        await make_size_history(session, database, {date(2026, 1, 1): 1, date(2031, 1, 1): None})


async def counts(db: Database) -> dict[str, int]:
    """How many rows each table has."""
    async with db.read() as session:
        return {
            table.name: (
                await session.execute(select(func.count()).select_from(table))
            ).scalar_one()
            for table in Base.metadata.sorted_tables
        }


async def password(db: Database, keys: KeyRing) -> str:
    async with db.read() as session:
        row = (await session.execute(select(Credential))).scalar_one()
        return keys.decrypt(row.key_id, row.password_ciphertext, row.id)


async def tables_found(db: Database, text: str) -> list[str]:
    async with db.read() as session:
        return [hit.table_name for hit in (await search(session, ADA, text)).tables]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    db = Database.of(settings)
    await db.open()
    yield db
    await db.close()


def typed_in(commands: str, settings: Mapping[str, str], folder: Path = ROOT) -> str:
    """Run commands as a person would, who has PostgreSQL's programs; what they print."""
    programs = postgres_program().parent
    inherited = {name: value for name, value in os.environ.items() if PREFIX not in name}
    environment = {**inherited, **settings, "PATH": f"{programs}:{os.environ['PATH']}"}
    typed = commands.replace("./run ", f"{ROOT / 'run'} ")
    done = subprocess.run(
        ["sh", "-ec", typed], cwd=folder, env=environment, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
