"""How a person likes the pages. What is none is as their browser says, or as the installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from whalefall.domain.checks import Check, flag, one_of
from whalefall.errors import BadInput


class Theme(StrEnum):
    """Bright or dim."""

    LIGHT = "light"
    DARK = "dark"


class Density(StrEnum):
    """How high the rows of tables are, when not as usual."""

    COMPACT = "compact"
    RELAXED = "relaxed"


LANGUAGE_TAGS = ("en", "zh-CN")  # a catalogue in `web/locale` for each but English


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What a person has chosen."""

    theme: Theme | None = None
    density: Density | None = None
    language: str | None = None
    time_zone: str | None = None
    uses_keys: bool = True

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Preferences":
        """What is stored, without what this installation does not know (any more)."""
        zone = stored["time_zone"]
        return cls(
            theme=Theme(stored["theme"]) if stored["theme"] in list(Theme) else None,
            density=Density(stored["density"]) if stored["density"] in list(Density) else None,
            language=stored["language"] if stored["language"] in LANGUAGE_TAGS else None,
            time_zone=zone if zone is None or zone in time_zones() else None,
            uses_keys=stored["uses_keys"],
        )


NO_PREFERENCES = Preferences()


@cache
def time_zones() -> frozenset[str]:
    """The zones of the IANA's list that this machine knows."""
    return frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


def _theme(field: str, value: str | None) -> Theme | None:
    try:
        return Theme(value) if value else None
    except ValueError as error:
        raise BadInput(one_of(Theme), field=field) from error


def _density(field: str, value: str | None) -> Density | None:
    try:
        return Density(value) if value else None
    except ValueError as error:
        raise BadInput(one_of(Density), field=field) from error


def _language(field: str, value: str | None) -> str | None:
    if value and value not in LANGUAGE_TAGS:
        raise BadInput(one_of(LANGUAGE_TAGS), field=field)
    return value or None


def _time_zone(field: str, value: str | None) -> str | None:
    if value and value not in time_zones():
        raise BadInput("Choose a time zone such as Europe/Paris.", field=field)
    return value or None


CHECKS: Mapping[str, Check] = {
    "theme": _theme,
    "density": _density,
    "language": _language,
    "time_zone": _time_zone,
    "uses_keys": flag,
}
