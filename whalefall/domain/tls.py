"""How a connection to a customer's server is protected."""

from dataclasses import dataclass
from enum import StrEnum


class TlsMode(StrEnum):
    """As libpq names them. REQUIRE never falls back to plain; VERIFY_FULL also checks the name."""

    DISABLE = "DISABLE"
    PREFER = "PREFER"
    REQUIRE = "REQUIRE"
    VERIFY_CA = "VERIFY_CA"
    VERIFY_FULL = "VERIFY_FULL"


@dataclass(frozen=True, kw_only=True)
class Tls:
    """`ca_pem` is trusted instead of the system's roots; `server_name` is checked, not host."""

    mode: TlsMode = TlsMode.PREFER
    ca_pem: str | None = None
    server_name: str | None = None
