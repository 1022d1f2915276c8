"""Which databases of an instance are read: rules by name, `%` and `_` as in SQL's LIKE."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

TOKEN = re.compile(r"\\(.)|(.)", re.DOTALL)
ANY = {"%": "*", "_": "?"}


@dataclass(frozen=True)
class DatabaseRules:
    """A database is read when a pattern of `include` fits its name, or there is none, and no
    pattern of `exclude` does. `%` is any run of characters, `_` any one, a backslash takes the
    next character as it is; case does not count."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def excludes(self, name: str) -> bool:
        """Whether a database of this name is left out."""
        included = not self.include or any(each.fullmatch(name) for each in self._include)
        return not included or any(each.fullmatch(name) for each in self._exclude)

    @cached_property
    def _include(self) -> list[re.Pattern[str]]:
        return [compiled(each) for each in self.include]

    @cached_property
    def _exclude(self) -> list[re.Pattern[str]]:
        return [compiled(each) for each in self.exclude]


def compiled(pattern: str) -> re.Pattern[str]:
    """As a shell pattern: its translation never goes back over what it has matched, so that no
    pattern takes long. Raises ValueError for one that ends in a lone backslash."""
    if len(pattern) - len(pattern.rstrip("\\")) & 1:
        raise ValueError("ends in a lone backslash")
    shell = TOKEN.sub(lambda found: _shell(found[1], found[2]), pattern)
    return re.compile(translate(shell), re.IGNORECASE)


def _shell(escaped: str | None, plain: str) -> str:
    if escaped is None and plain in ANY:
        return ANY[plain]
    char = plain if escaped is None else escaped
    return f"[{char}]" if char in "*?[" else char
