"""Our own database and broker: restarted, full, too slow, gone when they are needed."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.chaos.pages import PATIENCE_SECONDS, asked, until_answered
from tests.chaos.world import SEED, World, world
from tests.faults.proxy import Fault, fault_proxy
from whalefall.errors import ServiceUnavailable

SHOPS = 6
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, SEED, SHOPS) as made:
        yield made


def elsewhere(url: str, port: int) -> str:
    """The same address by way of a proxy."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()


async def test_the_database_is_restarted_five_times(here: World) -> None:
    """F31: work goes on, and pages answer within five seconds, without a restart of theirs."""
    here.spawn("worker", 2)
    here.spawn("scheduler")
    async with here.browsing() as client:
        for _ in range(5):
            sessions = await here.refresh_all()
            await asyncio.sleep(here.random.uniform(0, 1))
            await here.kill_database(signal.SIGINT)
            await until_answered(client, 5)
            await here.until_ended()
            await here.assert_whole(sessions)


async def test_answers_to_commits_are_lost(here: World) -> None:
    """F33: whether it was done or not, it is done once."""
    port = urlsplit(here.settings.database_url).port or 0
    async with fault_proxy("127.0.0.1", port) as proxy:
        await proxy.set(Fault.COMMIT)
        by_proxy = elsewhere(here.settings.database_url, proxy.port)
        here.spawn("worker", 2, database_url=by_proxy)
        here.spawn("scheduler")
        for _ in range(2):
            sessions = await here.refresh_all()
            await here.until_ended(2 * PATIENCE_SECONDS)
            await here.assert_whole(sessions)


async def test_more_clients_than_connections(here: World) -> None:
    """F34: they wait, or are told so; nobody gets an error of ours."""
    port = urlsplit(here.settings.database_url).port or 0
    async with fault_proxy("127.0.0.1", port) as proxy:
        by_proxy = elsewhere(here.settings.database_url, proxy.port)
        async with here.browsing(database_url=by_proxy) as client:
            await proxy.set(Fault.LATENCY, seconds=0.5)
            answers = await asyncio.gather(*(asked(client) for _ in range(50)))
            await proxy.set(Fault.PASS)
            await until_answered(client, 5)

    codes = {
        error["extensions"]["code"]
        for answer in answers
        for error in answer.json().get("errors", ())
    }
    assert codes <= {"SERVICE_UNAVAILABLE"}
    assert {answer.status_code for answer in answers} <= {200, 503}


async def test_the_database_takes_nothing_in(here: World) -> None:
    """F35: what can be read is read, what cannot be written is said, and afterwards all is well."""
    here.spawn("worker")
    here.spawn("scheduler")
    owner = await asyncpg.connect(here.postgres.superuser_url)

    async def read_only(value: str) -> None:
        name = urlsplit(here.settings.database_url).path.removeprefix("/")
        await owner.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = $1 AND pid <> pg_backend_pid()",
            name,
        )

    async with here.browsing() as client:
        sessions = await here.refresh_all()
        await read_only("on")
        await until_answered(client)
        signed_in = await client.post(
            "/graphql",
            headers={"Authorization": ""},
            json={
                "query": 'mutation { login(input: {username: "x", password: "wrong and long"})'
                " { errors { code } } }"
            },
        )
        await read_only("off")
        await here.until_ended()
    await owner.close()

    assert signed_in.status_code != 500
    assert "INTERNAL_ERROR" not in signed_in.text
    await here.assert_whole(sessions)


@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_transactions_stand_in_each_others_way(here: World, state: str) -> None:
    """F36: whoever had to give way tries again."""
    await here.run("CREATE SEQUENCE given_way")
    await here.run(
        "CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF nextval('given_way') <= 2 THEN RAISE SQLSTATE '{state}'; END IF;"
        " RETURN NEW; END $$"
    )
    await here.run(
        "CREATE TRIGGER give_way BEFORE INSERT OR UPDATE ON table_snapshots"
        " FOR EACH ROW EXECUTE FUNCTION give_way()"
    )
    here.spawn("worker", 2)
    here.spawn("scheduler")
    sessions = await here.refresh_all()
    await here.until_ended(2 * PATIENCE_SECONDS)
    await here.assert_whole(sessions)


async def test_the_broker_is_killed_with_jobs_in_it(here: World) -> None:
    """F38: it knows them when it is back, or they are sent again."""
    here.spawn("worker", 2)
    here.spawn("scheduler")
    for _ in range(4):
        sessions = await here.refresh_all()
        await asyncio.sleep(here.random.uniform(0, 0.5))
        await here.kill_broker()
        await here.start_broker()
        await here.until_ended()
        await here.assert_whole(sessions)


async def test_the_broker_is_away_when_it_is_needed(here: World) -> None:
    """F40: what was accepted is done later; what was not leaves nothing behind."""
    here.spawn("worker")
    here.spawn("scheduler")
    await here.until_running()
    await here.kill_broker()
    accepted = []
    for database_id in here.database_ids:
        try:
            accepted.append(await here.refresh(database_id))
        except ServiceUnavailable:
            continue
    known = await here.one(
        "SELECT count(*) AS count FROM sync_instance_records WHERE status = 'PENDING'"
    )
    assert known["count"] == len(accepted)
    await here.start_broker()
    await here.until_ended()
    await here.assert_whole(accepted)


async def test_a_silent_broker_holds_no_page_up(here: World) -> None:
    """F41: who reads does not notice."""
    port = urlsplit(here.settings.redis_url).port or 0

    async def slowest(times: int = 100) -> float:
        took = []
        for _ in range(times):
            began = asyncio.get_running_loop().time()
            assert (await asked(client)).status_code == 200
            took.append(asyncio.get_running_loop().time() - began)
        return sorted(took)[int(0.95 * times)]

    async with fault_proxy("127.0.0.1", port) as proxy:
        by_proxy = elsewhere(here.settings.redis_url, proxy.port)
        async with here.browsing(redis_url=by_proxy) as client:
            await slowest()
            before = await slowest()
            await proxy.set(Fault.BLACKHOLE)
            # What holds pages up holds all of them up: other work of the machine does not.
            after = min([await slowest() for _ in range(3)])
    assert after < max(2 * before, 0.05), json.dumps([before, after])
