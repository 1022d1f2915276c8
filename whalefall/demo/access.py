"""Who may enter the demo: secrets in the state directory, made once unless they are given."""

import os
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from whalefall.crypto import API_TOKEN_PREFIX, load_or_create_key_file
from whalefall.embedded.launch import password
from whalefall.errors import Conflict
from whalefall.settings import Settings

QUERY = (
    "{ databases(first: 5, orderBy: {field: SIZE, direction: DESC})"
    " { totalCount nodes { name sizeBytes instance { name engine } } } }"
)
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (only compared)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The administrator of the demo, its credential keys, and the collector's password."""

    username: str
    password: str = field(repr=False)
    token: str = field(repr=False)
    secret_keys: str = field(repr=False)
    collector_password: str = field(repr=False)

    @classmethod
    def of(cls, state: Path, environ: Mapping[str, str] = os.environ) -> "Access":
        """WHALEFALL_DEMO_USER, _PASSWORD and _TOKEN win over what lies in the state directory."""
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(
            username=environ.get("WHALEFALL_DEMO_USER") or "admin",
            password=environ.get("WHALEFALL_DEMO_PASSWORD") or password(state / "demo.password"),
            token=environ.get("WHALEFALL_DEMO_TOKEN")
            or API_TOKEN_PREFIX + password(state / "demo.token"),
            secret_keys=load_or_create_key_file(state / "keys"),
            collector_password=password(state / "collector.password"),
        )

    def greeting(self, settings: Settings) -> str:
        """What a person needs to begin; the last line stands alone, for programs that wait."""
        address = address_of(settings)
        return (
            f"\n  address   {address}\n  user      {self.username}\n  password  {self.password}\n"
            f"\n{self._curl(address)}\n\nready"
        )

    def _curl(self, address: str) -> str:
        """One line for a shell that asks GraphQL for the largest databases."""
        body = orjson.dumps({"query": QUERY}).decode()
        headers = (f"Authorization: Bearer {self.token}", "Content-Type: application/json")
        return shlex.join(
            ["curl", "-sS", f"{address}/graphql"]
            + [part for header in headers for part in ("-H", header)]
            + ["-d", body]
        )


def address_of(settings: Settings) -> str:
    """Where a browser on this machine finds the web process."""
    host = reachable(settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def reachable(host: str) -> str:
    """The address to dial for one to listen on."""
    return EVERYWHERE.get(host, host)


def check_port(settings: Settings) -> None:
    """Raises Conflict when something listens where the web process is to listen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Conflict(
                f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}."
                f" Stop what uses it, or choose another: WHALEFALL_PORT={settings.port + 1}"
                " ./run demo"
            ) from error
