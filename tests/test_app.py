"""The web process as it runs: its server, its loop, its end."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.factories import make_sync_session, make_user
from tests.sockets import PATIENCE_SECONDS, connected
from whalefall.auth import Actor, Role
from whalefall.db import Database
from whalefall.domain.states import SyncStatus
from whalefall.resolvers.users import create_api_token
from whalefall.schema.ids import global_id
from whalefall.settings import Settings

FOLLOW = "subscription ($id: ID!) { syncSession(id: $id) { status } }"


@asynccontextmanager
async def serving(settings: Settings, port: int) -> AsyncIterator[Process]:
    """`python -m whalefall serve`, once it answers."""
    environment = {
        **os.environ,
        "WHALEFALL_DATABASE_URL": settings.database_url,
        "WHALEFALL_REDIS_URL": settings.redis_url,
        "WHALEFALL_SECRET_KEYS": settings.secret_keys,
        "WHALEFALL_PORT": str(port),
    }
    command = (sys.executable, "-m", "whalefall", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while b"Uvicorn running" not in await process.stdout.readline():
                assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_follower_is_told_when_the_process_ends(db: Database, settings: Settings) -> None:
    async with db.write() as session:
        await make_user(session, username="otto", role=Role.OPERATOR)
        token = await create_api_token(session, Actor.system("test"), "otto", "test")
        row = await make_sync_session(session, status=SyncStatus.RUNNING)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async with serving(settings, port) as process, connected(port) as client:
        await client.greet({"Authorization": f"Bearer {token}"})
        await client.ask(FOLLOW, {"id": global_id("SyncSession", row.id)})
        followed = await client.hear()
        process.send_signal(signal.SIGTERM)
        end = await client.end()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()

    assert followed["payload"]["data"] == {"syncSession": {"status": "RUNNING"}}
    assert end[0] == 1012
