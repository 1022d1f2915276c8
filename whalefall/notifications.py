"""What PostgreSQL notifies: one LISTEN connection of the process, opened again when it breaks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context

import asyncpg
import structlog

CONNECT_SECONDS = 5
RETRY_SECONDS = 1
BEAT_SECONDS = 30  # how long a connection that died without a word may go unnoticed
LOST = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
Wake = Callable[[], None]
log = structlog.get_logger(__name__)


class Notifications:
    """Wakes whoever waits for a payload on a channel.

    What was notified while there was no connection is lost, so everybody is woken when it breaks
    and again when it stands: a wake means "look", not "it has changed".
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiters: dict[tuple[str, str], set[Wake]] = {}
        self._wanted: set[str] = set()
        self._heard: set[str] = set()
        self._stirred, self._settled = asyncio.Event(), asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._is_away = False

    @property
    def is_listening(self) -> bool:
        """Whether notifications arrive; while they do not, waiters look from time to time."""
        return bool(self._heard)

    @asynccontextmanager
    async def event(self, channel: str, payload: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the block's caller should look."""
        event = asyncio.Event()
        async with self.waking(channel, payload, event.set):
            yield event

    @asynccontextmanager
    async def waking(self, channel: str, payload: str, wake: Wake) -> AsyncIterator[None]:
        """Call `wake` whenever one should look, while the block runs; it must not be waiting."""
        key = (channel, payload)
        self._waiters.setdefault(key, set()).add(wake)
        try:
            await self._listen(channel)
            yield
        finally:
            self._waiters[key].discard(wake)
            if not self._waiters[key]:
                del self._waiters[key]

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
            self._keeping = None

    async def _listen(self, channel: str) -> None:
        """Return once the channel is heard, or cannot be now.

        The connection is its keeper's alone: a waiter who leaves must not break it off. Nor does
        the keeper log in the name of whoever came first.
        """
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep(), context=Context())
        self._wanted.add(channel)
        while channel not in self._heard and not self._is_away:
            self._settled.clear()
            self._stirred.set()
            await self._settled.wait()

    async def _keep(self) -> None:
        """Until cancelled: have a connection, and have another when it is gone."""
        while True:
            try:
                await self._connected()
            except LOST as error:
                if not self._is_away:
                    log.warning("notifications.lost", error=type(error).__name__)
            except Exception as error:  # without this task every waiter would wait for ever
                log.error("notifications.failed", exc_info=error)
            self._is_away = True
            self._settled.set()
            self._wake_all()
            await asyncio.sleep(RETRY_SECONDS)

    async def _connected(self) -> None:
        """Hear what is wanted until the connection ends. Raises one of LOST."""
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "whalefall listening"},
        )
        try:
            connection.add_termination_listener(lambda _: self._stirred.set())
            while not connection.is_closed():
                self._stirred.clear()
                await self._hear(connection)
                if not await self._stirs():
                    await connection.execute("SELECT 1", timeout=CONNECT_SECONDS)
            raise ConnectionResetError
        finally:
            self._heard.clear()
            connection.terminate()

    async def _hear(self, connection: asyncpg.Connection) -> None:
        for channel in self._wanted - self._heard:
            await connection.add_listener(channel, self._notified)
            self._heard.add(channel)
        if self._is_away:
            log.info("notifications.back")
            self._is_away = False
            self._wake_all()
        self._settled.set()

    async def _stirs(self) -> bool:
        """Whether something is to be done before the next sign of life is due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEAT_SECONDS):
                return await self._stirred.wait()
        return False

    def _notified(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        for wake in tuple(self._waiters.get((channel, str(payload)), ())):
            wake()

    def _wake_all(self) -> None:
        for waiters in tuple(self._waiters.values()):
            for wake in tuple(waiters):
                wake()
