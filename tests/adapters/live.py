"""Where a real server is said to be: `user:password@host:port/database` in the environment."""

import os
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from whalefall.adapters.base import Target
from whalefall.domain.engines import Engine


@dataclass(frozen=True)
class Live:
    """A server's address and the account that may do everything on it."""

    target: Target

    @classmethod
    def of(cls, variable: str, engine: Engine) -> "Live | None":
        """None where nobody has named one: then there are no such tests."""
        text = os.environ.get(variable)
        if not text:
            return None
        parts = urlsplit(f"//{text}")
        return cls(
            Target(
                engine=engine,
                host=parts.hostname or "",
                address=parts.hostname or "",
                port=parts.port or 0,
                username=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=parts.path.strip("/") or None,
            )
        )
