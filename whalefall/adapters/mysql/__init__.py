"""MySQL and MariaDB: dialect (versions), wire (the driver), problems (its errors), grants (what the
account can see), tables (the arithmetic of sizes), session (reading) and adapter (the door)."""

from whalefall.adapters.mysql.adapter import MySQLAdapter

__all__ = ["MySQLAdapter"]
