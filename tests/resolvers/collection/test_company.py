"""Who works beside whom: what has killed a worker takes nobody with it again."""

import asyncio

from whalefall.resolvers.collection.company import Company


class Worker:
    """One that is at work from when there is room until it is told to stop."""

    def __init__(self, company: Company, *, alone: bool = False) -> None:
        self.began, self.may_stop = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._work(company, alone=alone))

    async def _work(self, company: Company, *, alone: bool) -> None:
        async with company.joined(alone=alone):
            self.began.set()
            await self.may_stop.wait()

    async def stop(self) -> None:
        self.may_stop.set()
        await self.task


async def begun(*workers: Worker) -> list[bool]:
    """Who is at work once everybody has had a turn."""
    for _ in range(10):
        await asyncio.sleep(0)
    return [worker.began.is_set() for worker in workers]


async def test_those_who_never_lost_a_worker_work_beside_each_other() -> None:
    company = Company()
    first, second = Worker(company), Worker(company)

    assert await begun(first, second) == [True, True]

    await first.stop()
    await second.stop()


async def test_one_that_has_waits_for_the_others_and_they_for_it() -> None:
    company = Company()
    first = Worker(company)
    await begun(first)
    lonely = Worker(company, alone=True)
    await begun(lonely)
    second, other = Worker(company), Worker(company, alone=True)
    assert await begun(lonely, second, other) == [False, False, False]

    await first.stop()
    assert await begun(lonely, second, other) == [True, False, False]
    await lonely.stop()
    assert await begun(second, other) == [False, True]
    await other.stop()
    assert await begun(second) == [True]
    await second.stop()


async def test_one_that_gives_up_waiting_holds_nobody_up() -> None:
    company = Company()
    first = Worker(company)
    await begun(first)
    lonely = Worker(company, alone=True)
    await begun(lonely)
    second = Worker(company)
    await begun(second)

    lonely.task.cancel()
    await asyncio.gather(lonely.task, return_exceptions=True)

    assert await begun(second) == [True]
    await first.stop()
    await second.stop()
