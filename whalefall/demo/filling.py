"""What the demo does once its servers run: sample databases, registered and collected."""

import asyncio
import http.client
import time
from collections.abc import Callable
from concurrent.futures import Future

from whalefall.db import Database
from whalefall.demo.access import Access, reachable
from whalefall.demo.collecting import DEMO, collect_samples
from whalefall.demo.databases import COLLECTOR
from whalefall.demo.mariadb import make_schemas
from whalefall.demo.postgresql import make_databases, port_of
from whalefall.domain.engines import Engine
from whalefall.embedded.mariadb import MariaDB
from whalefall.errors import ServiceUnavailable
from whalefall.resolvers.partitions import keep_partitions
from whalefall.resolvers.samples import SampleInstance, save_sample_admin, save_sample_tags
from whalefall.resolvers.tags import TagInput
from whalefall.settings import Settings

Say = Callable[[str], None]
PATIENCE_SECONDS = 90
LOOK_SECONDS = 0.1
TAGS = (
    TagInput(name="demo", display_name="Demo", category="environment"),
    TagInput(name="production", display_name="Production", category="environment"),
    TagInput(name="team-data", display_name="Data team", category="team"),
    TagInput(name="team-shop", display_name="Shop team", category="team"),
)


async def save_access(db: Database, access: Access) -> None:
    """What has to be there before anybody calls: partitions, tags, the administrator."""
    await keep_partitions(db, DEMO)
    async with db.write() as session:
        await save_sample_admin(session, DEMO, access.username, access.password, access.token)
        await save_sample_tags(session, DEMO, TAGS)


async def fill(db: Database, access: Access, mariadb: "Future[MariaDB | None]", say: Say) -> None:
    """Make the sample databases, then have them registered and collected."""
    url, secret = db.settings.database_url, access.collector_password
    say("making sample databases …")
    _, server = await asyncio.gather(
        make_databases(url, secret), _fill_mariadb(asyncio.wrap_future(mariadb), secret)
    )
    samples = [_postgresql(port_of(url), secret)]
    if server is not None:
        samples.append(_mariadb(server.port, secret))
    await collect_samples(db, samples, say)
    await asyncio.to_thread(_wait_until_ready, db.settings)


async def _fill_mariadb(
    starting: "asyncio.Future[MariaDB | None]", password: str
) -> MariaDB | None:
    server = await starting
    if server is not None:
        await make_schemas(server, password)
    return server


def _wait_until_ready(settings: Settings) -> None:
    """Wait until the web process says that it is ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_ready(settings):
        if time.monotonic() > deadline:
            raise ServiceUnavailable("The web process does not answer; the lines above say why.")
        time.sleep(LOOK_SECONDS)


def _is_ready(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(reachable(settings.host), settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _postgresql(port: int, password: str) -> SampleInstance:
    return SampleInstance(
        name="sample-postgresql",
        engine=Engine("POSTGRESQL"),
        port=port,
        username=COLLECTOR,
        password=password,
        description="Sample databases inside the demo's own PostgreSQL.",
        tag_names=("demo", "team-shop"),
    )


def _mariadb(port: int, password: str) -> SampleInstance:
    return SampleInstance(
        name="sample-mariadb",
        engine=Engine("MYSQL"),
        port=port,
        username=COLLECTOR,
        password=password,
        description="Sample schemas in a MariaDB that belongs to the demo.",
        tag_names=("demo", "team-data"),
    )
