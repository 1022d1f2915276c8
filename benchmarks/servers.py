"""The servers that are compared: how each is started and asked."""

import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.dialects import Dialect, GraphQL, Named, PostGraphile
from benchmarks.installation import started
from benchmarks.peers import installing
from benchmarks.processes import peak_bytes
from benchmarks.questions import Question
from whalefall.embedded.launch import Process, free_port, listens
from whalefall.resolvers.users.actors import API_TOKEN
from whalefall.settings import Settings

PATIENCE_SECONDS = 60
GRAPHQL = GraphQL()


class Refused(AssertionError):
    """A server that should have answered did not."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A server before it runs; `program` installs what it needs and says what runs it."""

    title: str
    program: Callable[[], Path]
    arguments: tuple[str, ...]
    dialect: Dialect = GRAPHQL


def our_python() -> Path:
    return Path(sys.executable)


KINDS = {
    "whalefall": Kind(
        title="WhaleFall", program=our_python, arguments=("-m", "whalefall", "serve")
    ),
    "hand": Kind(
        title="JSON SQL by hand",
        program=our_python,
        arguments=("-m", "benchmarks.peers.handwritten"),
        dialect=Named("hand"),
    ),
    "text": Kind(
        title="text SQL, the floor",
        program=our_python,
        arguments=("-m", "benchmarks.peers.handwritten"),
        dialect=Named("text"),
    ),
    "mercurius": Kind(
        title="Mercurius 16, graphql-jit",
        program=installing.node,
        arguments=("benchmarks/peers/mercurius.js",),
    ),
    "postgraphile": Kind(
        title="PostGraphile 5",
        program=installing.node,
        arguments=("benchmarks/peers/postgraphile.js",),
        dialect=PostGraphile(),
    ),
    "ariadne": Kind(
        title="Ariadne 1, DataLoaders",
        program=installing.python,
        arguments=("-m", "benchmarks.peers.ariadne_loaders"),
    ),
    "strawberry": Kind(
        title="Strawberry, ORM, DataLoaders",
        program=installing.python,
        arguments=("-m", "benchmarks.peers.strawberry_orm"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    name: str
    kind: Kind
    port: int
    token: str
    process: Process
    idle_bytes: int
    bodies: dict[str, str] = field(default_factory=dict)  # as posted, by question

    def ask(self, question: Question) -> Any:
        """The data of the answer, in WhaleFall's spelling. Raises Refused when there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        path, body = self.kind.dialect.path(question), self._body(question)
        try:
            connection.request("POST", path, body.encode(), self._headers())
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise Refused(f"{self.name} answers {response.status} {text.decode()[:500]}")
        answer = json.loads(text)
        if answer.get("errors") or not answer.get("data"):
            raise Refused(f"{self.name} answers {question.name} by {str(answer)[:500]}")
        return self.kind.dialect.plain(answer["data"])

    def request(self, question: Question) -> str:
        """The whole request as it goes over the wire."""
        body = self._body(question)
        headers = {**self._headers(), "Content-Length": str(len(body.encode()))}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        first = f"POST {self.kind.dialect.path(question)} HTTP/1.1"
        return "\r\n".join([first, *lines, "", body])

    def _body(self, question: Question) -> str:
        if question.name not in self.bodies:
            body = self.kind.dialect.body(question, self.ask)
            self.bodies[question.name] = json.dumps(body)
        return self.bodies[question.name]

    def _headers(self) -> dict[str, str]:
        return {
            "Host": f"127.0.0.1:{self.port}",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }


@contextmanager
def running(names: Iterable[str], settings: Settings, token: str) -> Iterator[list[Server]]:
    """The named servers on one database, all at once, until the end of the block."""
    with ExitStack() as stack:
        servers = []
        for name in names:
            kind, port = KINDS[name], free_port()
            log = settings.state_dir / f"{name}.log"
            command: list[str | Path] = [kind.program(), *kind.arguments]
            child = stack.enter_context(started(command, _environment(settings, port), log))
            _wait(name, child, port, log)
            idle = peak_bytes(child.pid)
            servers.append(
                Server(name=name, kind=kind, port=port, token=token, process=child, idle_bytes=idle)
            )
        yield servers


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """What a server is told: WhaleFall in its own variables, with its own defaults for the rest.

    The peers look tokens up by WhaleFall's very statement.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "DATABASE_URL": settings.database_url,
        "BEARER_SQL": API_TOKEN,
        "PORT": str(port),
        "WHALEFALL_DATABASE_URL": settings.database_url,
        "WHALEFALL_REDIS_URL": settings.redis_url,
        "WHALEFALL_SECRET_KEYS": settings.secret_keys,
        "WHALEFALL_PORT": str(port),
    }


def _wait(name: str, child: Process, port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not listens(port):
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{name} does not start; {log} says why")
        time.sleep(0.05)
