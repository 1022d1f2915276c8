"""What the environment says, and what it must not say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from whalefall.db import Database
from whalefall.settings import Settings, SettingsError


def test_nothing_said_means_the_defaults() -> None:
    settings = Settings.from_env({})

    assert settings == Settings()
    assert (settings.port, settings.time_zone) == (8600, "Asia/Shanghai")


def test_every_kind_of_setting_is_read() -> None:
    settings = Settings.from_env(
        {
            "WHALEFALL_PORT": "9000",
            "WHALEFALL_CAPACITY_SECONDS": "1.5",
            "WHALEFALL_STATE_DIR": "/var/lib/somewhere",
            "WHALEFALL_TARGETS_ALLOW": "127.0.0.1:5432, 10.0.0.0/8",
            "WHALEFALL_TIME_ZONE": "Europe/Berlin",
        }
    )

    assert settings == Settings(
        port=9000,
        capacity_seconds=1.5,
        state_dir=Path("/var/lib/somewhere"),
        targets_allow=("127.0.0.1:5432", "10.0.0.0/8"),
        time_zone="Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("CAPACITY_SECONDS", "soon"), ("TIME_ZONE", "Moon/Crater")],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"WHALEFALL_{name}"):
        Settings.from_env({f"WHALEFALL_{name}": value})


async def test_a_malformed_exception_for_targets_is_refused_by_name(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="WHALEFALL_TARGETS_ALLOW"):
        Database.of(replace(settings, targets_allow=("everything",)))


def test_secrets_do_not_show() -> None:
    shown = repr(Settings(secret_keys="k:secret", metrics_token="secret"))

    assert "secret'" not in shown


@pytest.mark.parametrize(
    ("zone", "midnight"),
    [
        ("UTC", "2026-03-01T00:00:00"),
        ("Asia/Shanghai", "2026-02-28T16:00:00"),
        ("America/New_York", "2026-11-01T04:00:00"),  # the day on which an hour comes twice
        ("Europe/London", "2026-03-29T00:00:00"),  # the day on which one is missing
        ("Australia/Lord_Howe", "2026-04-04T13:00:00"),  # half an hour comes twice
        ("Pacific/Apia", "2011-12-30T10:00:00"),  # the 31st, there was no 30th
    ],
)
def test_a_day_begins_with_its_first_instant(zone: str, midnight: str) -> None:
    settings = Settings(time_zone=zone)
    first = datetime.fromisoformat(midnight).replace(tzinfo=UTC)
    last = first - timedelta(milliseconds=1)

    assert first.astimezone(settings.zone).strftime("%H:%M:%S.%f") == "00:00:00.000000"
    assert last.astimezone(settings.zone).strftime("%H:%M:%S.%f") == "23:59:59.999000"
    assert settings.day_of(last) < settings.day_of(first)


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_DAYS", "0"), ("SESSION_DAYS", "-1"), ("RAW_MONTHS", "2"), ("WORKER_THREADS", "0")],
)
def test_nothing_is_kept_for_less_than_it_is_used(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"WHALEFALL_{name} must be"):
        Settings.from_env({f"WHALEFALL_{name}": value})
