"""Moved: the launcher lives in whalefall.embedded.mariadb."""

from whalefall.embedded.mariadb import MariaDB, find_mariadb, running_mariadb

__all__ = ["MariaDB", "find_mariadb", "running_mariadb"]
