"""What the README tells people to type does what it says."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.factories import make_user
from whalefall.adapters import adapter_for
from whalefall.adapters.base import Limits, Target
from whalefall.app import create_app
from whalefall.crypto import generate_key_line, hash_password
from whalefall.db import Database, sqlalchemy_url
from whalefall.domain.engines import Engine
from whalefall.embedded import EmbeddedPostgres, EmbeddedValkey
from whalefall.embedded.launch import usable_port
from whalefall.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

pytestmark = pytest.mark.timeout(240)


def blocks(language: str) -> list[str]:
    """The code blocks of the README in a language, without their fences."""
    fenced = (part.partition("\n") for part in README.split("```")[1::2])
    return [code for named, _, code in fenced if named == language]


def environment(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "WHALEFALL" not in name}
    return inherited | {f"WHALEFALL_{name.upper()}": value for name, value in settings.items()}


def type_in(command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command as a person would, with a password for who asks."""
    return subprocess.run(
        command.split(),
        cwd=ROOT,
        env=env,
        input="a long enough password\n",
        text=True,
        capture_output=True,
    )


async def made(postgres: EmbeddedPostgres, *statements: str) -> None:
    """Run statements outside of any transaction on the private server."""
    engine = create_async_engine(
        sqlalchemy_url(postgres.superuser_url), isolation_level="AUTOCOMMIT"
    )
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def test_the_first_command_ends_in_ready(tmp_path: Path) -> None:
    (command,) = blocks("sh")[0].split("\n")[:1]
    settings = {"state_dir": str(tmp_path / "state"), "port": str(usable_port(tmp_path / "none"))}

    with subprocess.Popen(
        command.split(), cwd=ROOT, env=environment(**settings), stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        lines = iter(demo.stdout.readline, "")
        seen = next((line for line in lines if line == "ready\n"), None)
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=60)

    assert seen is not None
    assert demo.returncode == 0


async def test_operating_commands_work_on_a_fresh_database(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> None:
    await made(postgres, "CREATE DATABASE readme")
    url = make_url(postgres.superuser_url).set(database="readme")
    env = environment(
        database_url=url.render_as_string(hide_password=False),
        redis_url=valkey.url,
        secret_keys=generate_key_line(),
    )
    operating = next(b for b in blocks("") if b.startswith("./run migrate"))
    commands = [re.split(r"  +", line)[0] for line in operating.splitlines()]
    short = [c for c in commands if not re.search(r"serve|worker|scheduler", c)]

    for command in short:
        done = await asyncio.to_thread(type_in, command.replace("NAME", "ada"), env)
        assert done.returncode == 0, (command, done.stderr)

    assert len(short) == 4
    await made(postgres, "DROP DATABASE readme")


async def test_programs_sign_in_refresh_and_make_a_token(db: Database, settings: Settings) -> None:
    async with db.write() as session:
        hashed = await hash_password("a long enough password")
        await make_user(session, username="ada", password_hash=hashed)
    app = create_app(settings)
    app.state.db = db
    known = {"ADDRESS": "http://127.0.0.1:8600"}
    curls = next(block for block in blocks("sh") if "refreshAccessToken" in block)
    commands = curls.removeprefix("curl ").split("\ncurl ")

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as http:
        for command in commands:
            http.cookies.clear()
            (payload,) = (await curl(http, command, known))["data"].values()
            assert payload["errors"] == []
            known["ACCESS_TOKEN"] = payload.get("accessToken", "")
            known["REFRESH_TOKEN"] = payload.get("refreshToken", "")
    app.state.broker.close()

    assert len(commands) == 3
    assert payload["token"].startswith("wf_")


async def curl(http: httpx2.AsyncClient, arguments: str, variables: dict[str, str]) -> Any:
    """What a shell and curl make of a line, without either."""
    for name, value in variables.items():
        arguments = arguments.replace(f"${name}", value)
    words = shlex.split(arguments)
    pairs = list(pairwise(words))
    headers = dict(text.split(": ", 1) for option, text in pairs if option == "-H")
    (body,) = (text for option, text in pairs if option == "-d")
    (url,) = (word for word in words if word.startswith("http:"))
    response = await http.post(url, content=body, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_postgresql_grants_are_enough(postgres: EmbeddedPostgres) -> None:
    grants = next(block for block in blocks("sql") if "pg_read_all_stats" in block)
    statements = [part.split("--")[0] for part in grants.replace("…", "secret").split(";")]
    await made(postgres, "CREATE DATABASE shop", *(s for s in statements if s.strip()))
    url = make_url(postgres.superuser_url)
    target = Target(
        engine=Engine("POSTGRESQL"),
        host="127.0.0.1",
        address="127.0.0.1",
        port=url.port or 0,
        username="whalefall_collector",
        password="secret",
    )

    async with adapter_for(target.engine).connect(target, Limits(), database="shop") as session:
        sizes, tables = await session.database_sizes(), await session.table_sizes("shop")

    assert sizes.complete
    assert tables.complete
    await made(postgres, "DROP DATABASE shop", "DROP ROLE whalefall_collector")


def test_every_setting_is_explained() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "whalefall").rglob("*.py"))
    named = set(re.findall(r"WHALEFALL_[A-Z_]+[A-Z]", code))

    missing = {name for name in named if name.removeprefix("WHALEFALL") not in README}
    assert missing == set()
