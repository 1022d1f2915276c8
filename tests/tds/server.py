"""The protocol's server: sessions log in, run batches on the catalogs, and can be disturbed."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import asyncpg
from sqlglot.errors import ParseError

from tests.tds import packets
from tests.tds.catalog import DATABASE_STATE, SERVER_STATE
from tests.tds.dialect import Statement, statements
from tests.tds.packets import ATTENDED, ERRORED, MORE, OF_BATCH, Kind
from tests.tds.types import columns, row, type_of

LOCKED_OUT = {18470: "disabled", 18486: "locked out", 18487: "expired", 18488: "to be changed"}
OF_STATE = {"OFFLINE": 942, "RESTORING": 927, "RECOVERING": 922, "SUSPECT": 926}
NUMBERS = {"42P01": 208, "42703": 207, "42501": 229}
TOO_MANY, NO_DATABASE, NO_ACCESS, CLOSED_REPLICA = 17809, 911, 916, 976


class Refused(Exception):
    """A statement that ends in errors: numbers with their texts."""

    def __init__(self, *errors: tuple[int, str]) -> None:
        super().__init__(errors)
        self.errors = errors


class HangUp(Exception):
    """The connection is to be dropped in the middle of an answer."""


@dataclass
class Disturbance:
    """What happens to statements that name `view`: `before` runs when one arrives; it `hangs`;
    after `at_row` rows it fails with `number` or, without one, the connection drops; or it says
    that there `is_nothing`."""

    view: str
    before: Callable[[], Awaitable[None]] | None = None
    hangs: bool = False
    at_row: int | None = None
    number: int | None = None
    is_nothing: bool = False
    times: int = 1_000_000


@dataclass
class TdsServer:
    """A server on loopback. `url` is the PostgreSQL database with its catalogs."""

    url: str
    version: str
    port: int = 0
    most_sessions: int = 100
    disturbances: list[Disturbance] = field(default_factory=list)
    sessions: set["Session"] = field(default_factory=set)
    numbers: "count[int]" = field(default_factory=lambda: count(51))

    def running(self) -> int:
        return sum(session.is_running for session in self.sessions)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        try:
            await session.live()
        except (asyncio.IncompleteReadError, ConnectionError, HangUp, struct.error):
            pass
        finally:
            self.sessions.discard(session)
            await session.end()


@asynccontextmanager
async def serving(url: str, version: str) -> AsyncIterator[TdsServer]:
    server = TdsServer(url, version)
    listening = await asyncio.start_server(server.serve, "127.0.0.1")
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for session in tuple(server.sessions):
            session.writer.close()
        await asyncio.gather(*(session.end() for session in tuple(server.sessions)))


class Session:
    """One connection: a login, a database it is in, and a statement that may be running."""

    def __init__(
        self, server: TdsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.catalogs: asyncpg.Connection | None = None
        self.database = "master"
        self.working: asyncio.Task[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.working is not None and not self.working.done()

    async def live(self) -> None:
        """Answer one message after the other; an attention comes while another is answered."""
        while True:
            kind, body = await packets.read_message(self.reader)
            if kind == Kind.ATTENTION:
                await self._attend()
            elif kind == Kind.PRELOGIN:
                self._send(packets.prelogin_answer())
            elif kind == Kind.LOGIN:
                await self._log_in(body)
            else:
                self.working = asyncio.create_task(self._answer(kind, body))
                self.working.add_done_callback(self._reply)
            await self.writer.drain()

    async def end(self) -> None:
        if self.working is not None:
            self.working.cancel()
            await asyncio.wait({self.working})
        if self.catalogs is not None:
            await self.catalogs.close()
            self.catalogs = None
        self.writer.close()

    async def _attend(self) -> None:
        if self.working is not None and not self.working.done():
            self.working.remove_done_callback(self._reply)
            self.working.cancel()
            await asyncio.wait({self.working})
        self._send(packets.done(OF_BATCH, ATTENDED))

    def _reply(self, task: asyncio.Task[bytes]) -> None:
        if task.cancelled():
            return
        if error := task.exception():
            if not isinstance(error, HangUp):
                raise error
            self.writer.transport.abort()
            return
        self._send(task.result())

    def _send(self, answer: bytes) -> None:
        self.writer.write(packets.packets(answer))

    async def _log_in(self, body: bytes) -> None:
        """LOGIN7: the name, the password behind a veil, the database."""
        username, database = _field(body, 40), _field(body, 68)
        self.catalogs = catalogs = await asyncpg.connect(self.server.url)
        refusal = await self._refusal(username, _password(body))
        if refusal is not None:
            self._send(packets.error(*refusal) + packets.done(OF_BATCH, ERRORED))
            await self.writer.drain()
            raise HangUp
        number = str(next(self.server.numbers))
        settings = {"login": username, "version": self.server.version, "session": number}
        for name, value in settings.items():
            await catalogs.execute("SELECT set_config($1, $2, false)", f"tds.{name}", value)
        self.server.sessions.add(self)
        await self._go("master")
        try:
            if database and database != "master":
                await self._enter(database)
        except Refused:
            self.server.sessions.discard(self)
            told = packets.error(4060, "Cannot open the database requested by the login.")
            self._send(told + packets.done(OF_BATCH, ERRORED))
            await self.writer.drain()
            raise HangUp from None
        self._send(packets.login_answer(self.database))

    async def _refusal(self, username: str, password: str) -> tuple[int, str] | None:
        assert self.catalogs is not None
        if len(self.server.sessions) >= self.server.most_sessions:
            return (
                TOO_MANY,
                "Could not connect because the maximum number of connections is reached.",
            )
        found = await self.catalogs.fetchrow(
            "SELECT password, refusal FROM truth.login WHERE name = $1", username
        )
        if found is None or found["password"] != password:
            return 18456, f"Login failed for user '{username}'."
        if found["refusal"] is not None:
            why = LOCKED_OUT[found["refusal"]]
            return found["refusal"], f"Login failed for user '{username}': the account is {why}."
        return None

    async def _go(self, database: str) -> None:
        assert self.catalogs is not None
        await self.catalogs.execute(
            "SELECT set_config('tds.database_id', database_id::text, false)"
            "  FROM truth.databases WHERE name = $1",
            database,
        )
        self.database = database

    async def _enter(self, database: str) -> None:
        """USE: why a database cannot be entered has a number for each reason. Raises Refused."""
        assert self.catalogs is not None
        found = await self.catalogs.fetchrow(
            "SELECT state_desc, truth.may_enter(database_id) AS may_enter, replica_id IS NOT NULL"
            "       AND EXISTS (SELECT FROM truth.dm_hadr_availability_replica_states AS s"
            "                    WHERE s.replica_id = d.replica_id AND s.role_desc = 'SECONDARY')"
            "       AS is_secondary FROM truth.databases AS d WHERE name = $1",
            database,
        )
        if found is None:
            raise Refused((NO_DATABASE, f"Database '{database}' does not exist."))
        if found["state_desc"] != "ONLINE":
            number = OF_STATE[found["state_desc"]]
            raise Refused((number, f"Database '{database}' cannot be opened now."))
        if found["is_secondary"]:
            raise Refused((CLOSED_REPLICA, f"The target database, '{database}', is in a group."))
        if not found["may_enter"]:
            raise Refused((NO_ACCESS, "The server principal is not able to access the database."))
        await self._go(database)

    async def _answer(self, kind: int, body: bytes) -> bytes:
        if kind == Kind.TRANSACTION:
            return packets.environment(8, b"\x08" + struct.pack("<Q", 1), b"\0") + packets.done(
                OF_BATCH
            )
        if kind != Kind.BATCH:
            raise HangUp  # procedures are not what collecting needs
        [heading] = struct.unpack_from("<I", body)
        return await self._run(body[heading:].decode("utf-16-le"))

    async def _run(self, batch: str) -> bytes:
        answer = b""
        try:
            parts = statements(batch)
            for number, statement in enumerate(parts):
                more = MORE if number < len(parts) - 1 else 0
                answer += await self._execute(statement, more)
        except Refused as refused:
            errors = b"".join(packets.error(*one) for one in refused.errors)
            return answer + errors + packets.done(OF_BATCH, ERRORED)
        except ParseError:
            return packets.error(102, "Incorrect syntax.") + packets.done(OF_BATCH, ERRORED)
        except asyncpg.PostgresError as error:
            number = NUMBERS.get(error.sqlstate, 50000)
            told = packets.error(number, re.sub(r"\s+", " ", str(error)))
            return answer + told + packets.done(OF_BATCH, ERRORED)
        return answer or packets.done(OF_BATCH)

    async def _execute(self, statement: Statement, more: int) -> bytes:
        assert self.catalogs is not None
        if statement.enters is not None:
            before = self.database
            await self._enter(statement.enters)
            changed = packets.database_changed(self.database, before)
            return changed + packets.done(OF_BATCH, more)
        if statement.sql is None:
            return packets.done(OF_BATCH, more)
        disturbance = await self._disturbance(statement)
        await self._check(statement)
        prepared = await self.catalogs.prepare(statement.sql)
        attributes = prepared.get_attributes()
        rows = [tuple(one) for one in await prepared.fetch()]
        if disturbance and disturbance.is_nothing:
            rows = []
        types = [
            type_of(attribute.type.name, [one[at] for one in rows])
            for at, attribute in enumerate(attributes)
        ]
        answer = columns([attribute.name for attribute in attributes], types)
        if disturbance and disturbance.at_row is not None:
            rows = rows[: disturbance.at_row]
            answer += b"".join(row(one, types) for one in rows)
            return await self._break_off(disturbance, answer)
        answer += b"".join(row(one, types) for one in rows)
        return answer + packets.done(OF_BATCH, more, len(rows))

    async def _break_off(self, disturbance: Disturbance, answer: bytes) -> bytes:
        """The rows so far have been sent; then an error, or nothing more."""
        if disturbance.number is not None:
            told = packets.error(disturbance.number, "It was disturbed.", severity=16)
            return answer + told + packets.done(OF_BATCH, ERRORED)
        half = packets.packets(answer + bytes(packets.ROOM))[: len(answer)]
        self.writer.write(half)
        with suppress(ConnectionError):
            await self.writer.drain()
        raise HangUp

    async def _disturbance(self, statement: Statement) -> Disturbance | None:
        for one in self.server.disturbances:
            if one.view in statement.views and one.times > 0:
                one.times -= 1
                if one.before is not None:
                    await one.before()
                if one.hangs:
                    await asyncio.Event().wait()
                return one
        return None

    async def _check(self, statement: Statement) -> None:
        """Dynamic views raise for who may not see the state of what they are about."""
        assert self.catalogs is not None
        may = await self.catalogs.fetchval(
            "SELECT truth.has('VIEW SERVER STATE', 'VIEW SERVER PERFORMANCE STATE')"
        )
        if may:
            return
        if statement.views & DATABASE_STATE:
            denied = f"VIEW DATABASE STATE permission denied in database '{self.database}'."
            raise Refused((262, denied), (297, "The user does not have permission."))
        if statement.views & SERVER_STATE:
            denied = "VIEW SERVER STATE permission was denied on object 'server'."
            raise Refused((300, denied), (297, "The user does not have permission."))


def _field(body: bytes, at: int) -> str:
    begin, length = struct.unpack_from("<HH", body, at)
    return body[begin : begin + 2 * length].decode("utf-16-le", errors="replace")


def _password(body: bytes) -> str:
    """Each of its bytes was turned by four bits and combined with 0xA5."""
    begin, length = struct.unpack_from("<HH", body, 44)
    mixed = (byte ^ 0xA5 for byte in body[begin : begin + 2 * length])
    return bytes((byte << 4 | byte >> 4) & 0xFF for byte in mixed).decode("utf-16-le", "replace")
