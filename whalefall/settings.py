"""Settings: everything that differs between installations, read once from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PREFIX = "WHALEFALL_"
# Less would delete what is still being used; of sizes the running quarter is.
LEAST = {
    **dict.fromkeys(("log_days", "session_days", "aggregate_months", "worker_threads"), 1),
    "raw_months": 3,
}


class SettingsError(ValueError):
    """A setting that makes no sense; its text names the variable."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One installation. Every field is the environment variable WHALEFALL_<FIELD>."""

    database_url: str = ""
    redis_url: str = ""
    secret_keys: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 8600
    state_dir: Path = Path(".whalefall")
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    targets_allow: tuple[str, ...] = ()
    time_zone: str = "Asia/Shanghai"
    metrics_token: str = field(default="", repr=False)
    log_level: str = "INFO"
    pg_bin: str = ""
    capacity_seconds: float = 120
    table_sizes_seconds: float = 300
    worker_threads: int = 8
    log_days: int = 90
    session_days: int = 180
    raw_months: int = 13
    aggregate_months: int = 60
    graphql_max_cost: int = 500_000
    graphql_cost_per_second: int = 20_000_000

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone: decides stat_date, periods and file names; all else is UTC."""
        return ZoneInfo(self.time_zone)

    def day_of(self, moment: datetime) -> date:
        """The day that a moment belongs to, in the business time zone."""
        return moment.astimezone(self.zone).date()

    def today(self) -> date:
        return self.day_of(datetime.now(UTC))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read WHALEFALL_* variables. Raises SettingsError with the name of a bad one."""
        env = os.environ if environ is None else environ
        given: dict[str, Any] = {
            name: _parse(name, kind, env[PREFIX + name.upper()])
            for name, kind in cls.__annotations__.items()
            if env.get(PREFIX + name.upper())
        }
        settings = cls(**given)
        for name, least in LEAST.items():
            if getattr(settings, name) < least:
                raise SettingsError(f"{PREFIX}{name.upper()} must be {least} or more")
        try:
            settings.zone  # noqa: B018 (raises for an unknown zone)
        except (KeyError, ValueError) as error:
            raise SettingsError(f"{PREFIX}TIME_ZONE names no time zone") from error
        return settings


def _parse(name: str, kind: object, text: str) -> object:
    try:
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()} must be a number") from error
    if kind is Path:
        return Path(text)
    if kind is str:
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())
