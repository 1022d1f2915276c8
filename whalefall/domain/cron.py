"""Times of a schedule: five fields read as crontab reads them, in a time zone of their own."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from whalefall.errors import BadInput, Sentence, counted, said

FIELD, FIELDS = "cron", 5
LONGEST_LOOK = 62  # occurrences that tell how often it runs: two months of a daily one
WEEKDAYS = (
    said("Sunday"),
    said("Monday"),
    said("Tuesday"),
    said("Wednesday"),
    said("Thursday"),
    said("Friday"),
    said("Saturday"),
)
_NAMES = {"SUN": "0", "MON": "1", "TUE": "2", "WED": "3", "THU": "4", "FRI": "5", "SAT": "6"}


@dataclass(frozen=True)
class Cron:
    """An expression of five fields in a time zone. When clocks go forward, what falls into the
    hour that is missing runs right after it; what falls into the hour that comes twice runs once.
    """

    expression: str
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> "Cron":
        """Raises BadInput for what is no expression, or for one that never comes."""
        expression = " ".join(text.split())
        if len(expression.split()) != FIELDS:
            raise BadInput(
                "Enter five fields: minute, hour, day of the month, month, day of the week.",
                field=FIELD,
                hint=said("For example 0 3 * * * for every day at 03:00."),
            )
        cron = cls(expression, zone)
        try:
            cron.next_after(datetime.now(UTC))
        except (CronSimError, ValueError, StopIteration) as error:
            raise BadInput(
                "This is no time that ever comes.",
                field=FIELD,
                hint=said("For example 0 3 * * 1 for Mondays at 03:00."),
            ) from error
        return cron

    def next_after(self, moment: datetime) -> datetime:
        """The first time later than `moment`, in UTC."""
        return next(self.after(moment))

    def after(self, moment: datetime) -> Iterator[datetime]:
        """All times later than `moment`, in UTC. Ends where no further one comes in 50 years."""
        for local in CronSim(self.expression, moment.astimezone(self.zone)):
            # In the hour that comes twice the library goes back to the first of the two.
            if (found := local.astimezone(UTC)) > moment:
                yield found

    def latest(self, first: datetime, now: datetime) -> tuple[datetime, int]:
        """Of the times from `first`, which is one of them, the last that is not later than `now`,
        and how many are before it."""
        count, last = 0, first
        for moment in itertools.takewhile(lambda moment: moment <= now, self.after(first)):
            count, last = count + 1, moment
        return last, count

    @property
    def longest_pause(self) -> timedelta:
        """The longest time between two of the next runs: how old its results get by themselves."""
        times = list(itertools.islice(self.after(datetime.now(UTC)), LONGEST_LOOK))
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        return max(pauses, default=timedelta(days=366))

    @property
    def words(self) -> Sentence | None:
        """The usual expressions for people; none for the others, which say it themselves."""
        minute, hour, day, month, weekday = self.expression.upper().split()
        if month != "*":
            return None
        if hour == day == weekday == "*":
            return _within_the_hour(minute)
        times = _times(minute, hour)
        if times is None:
            return None
        if day == weekday == "*":
            return said("Every day at %(times)s", times=times)
        if day == "*" and (days := _weekdays(weekday)):
            return said("Every %(days)s at %(times)s", days=days, times=times)
        if weekday == "*" and (dates := _numbers(day)):
            return said("On day %(dates)s of every month at %(times)s", dates=dates, times=times)
        return None


def _within_the_hour(minute: str) -> Sentence | None:
    step = minute.removeprefix("*/")
    if minute == "*":
        return said("Every minute")
    if minute.startswith("*/") and step.isdigit() and 60 % int(step) == 0:
        return counted("Every %(count)s minute", "Every %(count)s minutes", int(step))
    if minutes := _numbers(minute):
        return said("Every hour at minute %(minutes)s", minutes=minutes)
    return None


def _times(minute: str, hour: str) -> list[str] | None:
    hours = _numbers(hour)
    if not minute.isdigit() or not hours:
        return None
    return [f"{each:02}:{int(minute):02}" for each in hours]


def _weekdays(text: str) -> list[Sentence]:
    for name, number in _NAMES.items():
        text = text.replace(name, number)
    return [WEEKDAYS[number % 7] for number in _numbers(text)]


def _numbers(text: str) -> list[int]:
    """The numbers of a list with spans; none where it is anything else."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or not (last or "0").isdigit():
            return []
        found += range(int(first), int(last or first) + 1)
    return found
