"""SQL Server: driver (ODBC, TLS), thread (where it blocks), problems (its errors), sql, databases,
tables (the arithmetic of sizes), privileges, session (reading) and adapter (the door)."""

from whalefall.adapters.sqlserver.adapter import SQLServerAdapter

__all__ = ["SQLServerAdapter"]
