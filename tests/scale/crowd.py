"""Fifty people, what they do and how often, and what they think in between.

After an answer a person thinks for 0.6 seconds on average, exponentially distributed: together
they send 70 to 80 requests a second, which two cores serve at about half their strength. Every
twelve seconds one of five operators has a database refreshed, in turns waiting and not.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from tests.scale import browsing, reading, refreshing
from tests.scale.notes import Notes
from tests.scale.person import Person
from tests.scale.site import Site
from whalefall.auth import Role

THINK_SECONDS = 0.6
LONGEST_THOUGHT = 3.0
REFRESH_EVERY_SECONDS = 12
REFRESHERS = 5
ARRIVING = 4  # at once


@dataclass(frozen=True)
class Doing:
    """Something that people do; `share` is how often, `role` who alone does it."""

    name: str
    act: Callable[[Person], Awaitable[None]]
    share: float = 0
    role: Role | None = None


Plan: TypeAlias = deque[tuple[float, Doing]]

MIX = (
    Doing("ledger page, by cursor", reading.ledger_page, 18),
    Doing("ledger, filtered", reading.filtered_ledger, 12),
    Doing("search with its count", reading.search, 10),
    Doing("20 × 20 × 10 nested", reading.nested, 4),
    Doing("100 tables of a database", reading.tables, 12),
    Doing("2,000 tables of a database", reading.wide_tables, 1),
    Doing("node", reading.node, 5),
    Doing("nodes", reading.nodes, 4),
    Doing("size history", reading.history, 4),
    Doing("sync sessions", reading.sessions, 2),
    Doing("me", reading.me, 2),
    Doing("credentials and tokens", reading.keys, 4, Role.ADMIN),
    Doing("page: ledger, by htmx", browsing.ledger_part, 10),
    Doing("page: search, by htmx", browsing.searched_part, 4),
    Doing("page: whole", browsing.page, 8),
    Doing("file: CSV", browsing.export, 0.3),
    Doing("sign-in", browsing.sign_in, 0.3),
    Doing("tokens renewed", browsing.renew, 0.6),
)
WAIT = Doing("a refresh, waited for", refreshing.refresh_and_wait)
BEGIN = Doing("a refresh, begun", refreshing.refresh_and_follow)
REFRESHES = (WAIT.name, BEGIN.name)
WORK = (WAIT.name, refreshing.FOLLOWED)  # takes as long as a server is read
NAMES = (*(doing.name for doing in MIX), BEGIN.name, *WORK)


@asynccontextmanager
async def arrived(site: Site, notes: Notes) -> AsyncIterator[list[Person]]:
    """Everybody, signed in and in front of a first page; they leave with the block.

    What fifty arrivals at once cost is not noted: it is no matter of this test.
    """
    doors = asyncio.Semaphore(ARRIVING)

    async def enter(person: Person) -> None:
        async with doors:
            await browsing.sign_in(person)
            await reading.ledger_page(person)

    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(Person(account, site, notes, seed))
            for seed, account in enumerate(site.accounts)
        ]
        await asyncio.gather(*map(enter, people))
        notes.seconds.clear()
        yield people


async def live(people: Sequence[Person], seconds: float) -> None:
    """Have everybody do what they do until the time is over."""
    began = time.monotonic()
    plans = _plans(people, planned_refreshes(seconds), began)
    async with asyncio.TaskGroup() as together:
        for person, plan in zip(people, plans, strict=True):
            together.create_task(_live(person, began + seconds, plan))


def planned_refreshes(seconds: float) -> Plan:
    """When a refresh is due, in seconds from the beginning, and which; none at the very end."""
    moments = range(0, max(1, int(seconds) - 5), REFRESH_EVERY_SECONDS)
    return deque((moment, (WAIT, BEGIN)[turn % 2]) for turn, moment in enumerate(moments))


async def do(person: Person, doing: Doing) -> None:
    """Do one thing; what goes wrong is noted."""
    person.doing = doing.name
    try:
        await doing.act(person)
    except Exception as error:  # one person's trouble must not stop the others
        person.notes.fail(doing.name, error)


def _plans(people: Sequence[Person], refreshes: Plan, began: float) -> list[Plan]:
    """Each person's share of the refreshes, with the moments of the clock."""
    operators = [person for person in people if person.account.role is Role.OPERATOR][:REFRESHERS]
    plans = {person.account.name: Plan() for person in people}
    for turn, (moment, doing) in enumerate(refreshes):
        name = operators[turn % REFRESHERS].account.name
        plans[name].append((began + moment, doing))
    return [plans[person.account.name] for person in people]


async def _live(person: Person, until: float, plan: Plan) -> None:
    mix = [doing for doing in MIX if doing.role in (None, person.account.role)]
    shares = [doing.share for doing in mix]
    while True:
        await _think(person)
        if (now := time.monotonic()) >= until:
            return
        is_due = bool(plan) and plan[0][0] <= now
        doing = plan.popleft()[1] if is_due else person.random.choices(mix, shares)[0]
        await do(person, doing)


async def _think(person: Person) -> None:
    await asyncio.sleep(min(person.random.expovariate(1 / THINK_SECONDS), LONGEST_THOUGHT))
