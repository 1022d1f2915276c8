"""MariaDB and the MySQL versions: what they call themselves, and what each of them calls things.

MariaDB 10.3 and MySQL 5.7 are the oldest of which all statements are known.
"""

import math
import re
from dataclasses import dataclass

from whalefall.adapters.base import Limits

SYSTEM_SCHEMAS = frozenset({"information_schema", "mysql", "performance_schema", "sys"})
VIRTUAL_SCHEMAS = frozenset({"information_schema", "performance_schema"})  # no files, ever
BANNER_LENGTH = 50  # of a banner in which no version can be found
_MYSQL_8 = (8, 0)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A server's vendor and release, and the names that follow from them."""

    product: str
    release: tuple[int, ...]
    banner: str

    @property
    def version(self) -> str:
        """What people call it: "MariaDB 10.11.19"."""
        number = ".".join(map(str, self.release)) or self.banner[:BANNER_LENGTH]
        return f"{self.product} {number}"

    @property
    def main_version(self) -> str:
        return ".".join(map(str, self.release[:2])) or "unknown"

    @property
    def _is_mysql_8(self) -> bool:
        return self.product == "MySQL" and self.release >= _MYSQL_8

    @property
    def spaces_view(self) -> str:
        return "INNODB_TABLESPACES" if self._is_mysql_8 else "INNODB_SYS_TABLESPACES"

    @property
    def tables_view(self) -> str:
        return "INNODB_TABLES" if self._is_mysql_8 else "INNODB_SYS_TABLES"

    @property
    def encodes_names(self) -> bool:
        """Whether InnoDB's views spell names as on disk (`we@002fird`). From MySQL 8 on tablespaces
        carry the plain name, and the character set `filename` is out of reach."""
        return not self._is_mysql_8

    @property
    def grants_with_wildcards(self) -> bool:
        """Whether `_` and `%` in a grant's schema are surely wildcards: not with the
        `partial_revokes` of MySQL 8."""
        return not self._is_mysql_8

    def settings(self, limits: Limits) -> list[str]:
        """What makes a session harmless and its answers fresh, as assignments for SET."""
        assignments = [
            "sql_mode = ''",  # a backslash escapes, a backquote quotes: as the driver assumes
            "sql_quote_show_create = 1",
            "lc_messages = 'en_US'",
            f"lock_wait_timeout = {max(1, math.ceil(limits.lock_seconds))}",
        ]
        if self.product == "MariaDB":
            assignments.append(f"max_statement_time = {limits.statement_seconds:f}")
        elif self.release >= (5, 7, 8):
            assignments.append(f"max_execution_time = {math.ceil(limits.statement_seconds * 1000)}")
        if self._is_mysql_8:
            # Sizes come from a cache up to a day old otherwise; at 0 nothing is written to it.
            assignments.append("information_schema_stats_expiry = 0")
        return assignments


def dialect_of(banner: str, comment: str = "") -> Dialect:
    """The dialect of a server by its VERSION() and @@version_comment.

    Behind a proxy MariaDB may call itself "5.5.5-10.11.19-MariaDB", for old replicas' sake.
    """
    is_mariadb = "mariadb" in f"{banner} {comment}".lower()
    text = banner.removeprefix("5.5.5-") if is_mariadb else banner
    number = re.search(r"\d+\.\d+(?:\.\d+)?", text)
    release = tuple(int(part) for part in number.group().split(".")) if number else ()
    product = "MariaDB" if is_mariadb else "MySQL"
    return Dialect(product=product, release=release, banner=banner)
