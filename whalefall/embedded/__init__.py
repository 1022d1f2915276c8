"""A private PostgreSQL and Valkey below the state directory, and the supervisor that owns them.

For the demo and for tests. Everything listens on 127.0.0.1 and asks for a random password.
"""

from whalefall.embedded.postgres import EmbeddedPostgres, running_postgres
from whalefall.embedded.supervisor import Supervisor
from whalefall.embedded.valkey import EmbeddedValkey, running_valkey

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "Supervisor",
    "running_postgres",
    "running_valkey",
]
