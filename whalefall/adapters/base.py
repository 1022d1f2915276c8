"""The contract of an adapter: how one engine's servers are asked what they hold."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from whalefall.domain.engines import Engine
from whalefall.domain.facts import (
    Collected,
    DatabaseFact,
    DatabaseSizeFact,
    ServerFact,
    TableFact,
)
from whalefall.domain.privileges import AccountScript, PrivilegeCheck
from whalefall.domain.tls import Tls

APPLICATION_NAME = "whalefall"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to connect and as whom. Only `address` is dialled: it is the resolved and permitted
    IP of `host`, so that a second resolution cannot lead elsewhere; `host` is for TLS names."""

    engine: Engine
    host: str
    address: str
    port: int
    username: str
    password: str = field(repr=False)
    database: str | None = None
    tls: Tls = field(default_factory=Tls)
    options: Mapping[str, str] = field(default_factory=dict)  # by the names of the engine's options


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds a session may spend: to connect, and on any one statement. The caller's own
    `asyncio.timeout` is the overall deadline; cancelling closes the socket."""

    connect_seconds: float = 10
    statement_seconds: float = 120
    lock_seconds: float = 2


class TargetSession(Protocol):
    """One read-only connection to a server.

    Every method raises a TargetProblem when it could not read at all; what it could only read in
    part comes back as `Collected` with `complete=False`. An empty list means: there is nothing.
    """

    server: ServerFact

    async def inventory(self) -> Collected[DatabaseFact]:
        """All databases of the server, by name; those that cannot be entered with a reason."""

    async def database_sizes(self, excluded: Collection[str] = ()) -> Collected[DatabaseSizeFact]:
        """The space of every database of the inventory, by name.

        Those in `excluded` need not be measured: an engine that looks at one after the other
        leaves them out, one whose statement sees all of them at once may tell them too.
        """

    async def table_sizes(self, database: str) -> Collected[TableFact]:
        """The tables of `database`, which the session was opened for; largest first.

        Raises DATABASE_NOT_FOUND when there is no such database (any more).
        """

    async def privileges(self) -> list[PrivilegeCheck]:
        """One harmless probe for each feature, in the order of Feature. A refused probe is an
        answer; only a server that cannot be asked any more raises."""


class Adapter(Protocol):
    """One engine."""

    engine: Engine

    def connect(
        self, target: Target, limits: Limits, *, database: str | None = None
    ) -> AbstractAsyncContextManager[TargetSession]:
        """A session on `database`, or where the target begins.

        The session is read-only, carries our application name and closes its socket on exit. When
        the caller is cancelled in the middle of a statement, the statement is cancelled on the
        server too, through a second short connection, within two seconds.
        Raises TargetProblem with DATABASE_CONNECTION_ERROR, AUTH_FAILED, DATABASE_NOT_FOUND,
        TLS_ERROR, TOO_MANY_CONNECTIONS or DATABASE_TIMEOUT.
        """

    def account_script(
        self, server: ServerFact | None, username: str, databases: Sequence[str]
    ) -> AccountScript:
        """How an administrator makes the collecting account `username`, and takes it back: for
        this server's version, or the newest when it is not known, and for these databases."""
