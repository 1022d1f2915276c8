"""PostgreSQL 10 and newer, over asyncpg."""

from whalefall.adapters.postgresql.connecting import PostgreSQLAdapter

__all__ = ["PostgreSQLAdapter"]
