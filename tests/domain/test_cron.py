"""Five fields in a time zone, against walking through the minutes one by one."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from whalefall.domain.cron import Cron
from whalefall.errors import BadInput

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)  # of which one island once left one out
ZONES = (
    "UTC",
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
INSTANTS = tuple(
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        # Around the turns of clocks, months, leap days, quarters, years and ISO's week 53.
        *("2011-12-29T08:00", "2011-12-30T09:59", "2020-02-28T23:00", "2020-02-29T12:00"),
        *("2020-12-27T22:00", "2020-12-31T15:59", "2021-01-01T00:00", "2021-01-03T23:59"),
        *("2023-02-28T15:59", "2023-12-31T15:59", "2024-02-28T16:00", "2024-02-29T15:59"),
        *("2024-03-10T05:30", "2024-03-10T06:59", "2024-03-31T00:30", "2024-03-31T15:59"),
        *("2024-04-06T14:00", "2024-04-06T15:30", "2024-06-30T15:59", "2024-06-30T23:59"),
        *("2024-09-30T15:59", "2024-10-05T15:00", "2024-10-05T15:30", "2024-10-27T00:30"),
        *("2024-11-03T04:30", "2024-11-03T05:30", "2024-11-03T06:30", "2024-12-29T15:59"),
        *("2024-12-31T15:59", "2024-12-31T23:59", "2025-03-09T06:00", "2025-03-30T00:59"),
        *("2025-10-26T00:59", "2025-11-02T05:59", "2026-01-01T00:00", "2026-03-01T00:00"),
        *("2026-03-08T06:59", "2026-10-04T15:29", "2026-11-01T05:00", "2026-12-31T23:59"),
    )
)
TIMES = ((3, 0), (2, 30), (1, 59), (0, 0), (23, 59))  # hour and minute


def brute(hour: int, minute: int, zone: ZoneInfo, after: datetime) -> datetime:
    """The next time a clock on the wall shows it; when it jumps over it, the moment it has."""
    moment = after.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    while True:
        local, before = moment.astimezone(zone), (moment - MINUTE).astimezone(zone)
        if (local.hour, local.minute) == (hour, minute) and local.fold == 0:
            return moment
        wall, earlier = local.replace(tzinfo=None), before.replace(tzinfo=None)
        skipped = [day.replace(hour=hour, minute=minute) for day in (wall, wall - DAY)]
        if any(earlier < one < wall for one in skipped):
            return moment
        moment += MINUTE


@pytest.mark.parametrize("name", ZONES)
def test_every_day_at_a_time_is_what_the_clock_on_the_wall_says(name: str) -> None:
    zone = ZoneInfo(name)
    assert len(INSTANTS) == 40
    for instant in INSTANTS:
        for hour, minute in TIMES:
            cron = Cron.parse(f"{minute} {hour} * * *", zone)

            assert cron.next_after(instant) == brute(hour, minute, zone, instant), instant


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("0 3 * * 1", "Monday"),  # crontab's Monday; 0 and 7 are Sunday
        ("0 3 * * 0", "Sunday"),
        ("0 3 * * 7", "Sunday"),
        ("0 3 * * MON", "Monday"),
    ],
)
def test_days_of_the_week_are_crontabs(expression: str, first: str) -> None:
    cron = Cron.parse(expression, SHANGHAI)

    days = [moment.astimezone(SHANGHAI) for moment in islice(cron.after(datetime.now(UTC)), 5)]

    assert {f"{day:%A %H:%M}" for day in days} == {f"{first} 03:00"}


def test_a_day_of_the_month_or_of_the_week_is_enough() -> None:
    cron = Cron.parse("0 0 13 * 5", ZoneInfo("UTC"))
    year = [m for m in islice(cron.after(datetime(2026, 1, 1, tzinfo=UTC)), 70) if m.year == 2026]

    assert all(m.day == 13 or m.weekday() == 4 for m in year)
    assert len(year) == 52 + 12 - 3  # three of its thirteenths are Fridays


@pytest.mark.parametrize(
    "text", ["", "0 3 * *", "0 0 3 * * *", "61 3 * * *", "0 3 30 2 *", "@daily", "x", "0 3 * * 8"]
)
def test_what_never_comes_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Cron.parse(text, SHANGHAI)

    assert caught.value.field == ("cron",)
    assert "For example" in (caught.value.hint or "")


def test_spaces_are_made_one() -> None:
    assert Cron.parse("  0   3 * *  * ", SHANGHAI).expression == "0 3 * * *"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 * * *", "Every day at 03:00"),
        ("30 2,14 * * *", "Every day at 02:30, 14:30"),
        ("5 8-10 * * *", "Every day at 08:05, 09:05, 10:05"),
        ("0 3 * * 1", "Every Monday at 03:00"),
        ("0 3 * * mon,THU", "Every Monday, Thursday at 03:00"),
        ("0 3 * * 7", "Every Sunday at 03:00"),
        ("0 3 1,15 * *", "On day 1, 15 of every month at 03:00"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("*/1 * * * *", "Every 1 minute"),
        ("* * * * *", "Every minute"),
        ("5,35 * * * *", "Every hour at minute 5, 35"),
        ("*/7 * * * *", None),
        ("0 3 1 * 1", None),
        ("0 */5 * * *", None),
        ("0 3 * 6 *", None),
    ],
)
def test_the_usual_ones_have_words(expression: str, words: str | None) -> None:
    assert Cron.parse(expression, SHANGHAI).words == words


def test_times_that_were_missed_become_the_latest_one() -> None:
    cron = Cron.parse("0 3 * * *", NEW_YORK)
    first = datetime(2026, 3, 6, 8, tzinfo=UTC)

    assert cron.latest(first, first) == (first, 0)
    assert cron.latest(first, first + timedelta(hours=23)) == (first, 0)
    # On the eighth the clocks go forward: that night is an hour shorter.
    assert cron.latest(first, datetime(2026, 3, 8, 7, tzinfo=UTC)) == (
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        2,
    )


@pytest.mark.parametrize(
    ("expression", "hours"),
    [("0 3 * * *", 24), ("0 3 * * 1", 168), ("*/15 * * * *", 0.25), ("0 6,18 * * *", 12)],
)
def test_results_get_as_old_as_the_longest_pause(expression: str, hours: float) -> None:
    assert Cron.parse(expression, SHANGHAI).longest_pause == timedelta(hours=hours)
