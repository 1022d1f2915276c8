"""What a caller may spend: it fills again, and nobody spends what is another's."""

import tracemalloc

import pytest

from tests.factories import ADA, NOBODY, VERA
from whalefall.errors import Refused
from whalefall.schema import budget
from whalefall.schema.budget import Budget
from whalefall.settings import Settings

SETTINGS = Settings(graphql_cost_per_second=1000, graphql_max_cost=3000)


class Clock:
    """Stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bucket(clock: Clock) -> Budget:
    return Budget(clock)


def test_a_budget_is_spent_and_fills_again(bucket: Budget, clock: Clock) -> None:
    assert bucket.take(2500, ADA, "", SETTINGS) == 500
    with pytest.raises(Refused):
        bucket.take(501, ADA, "", SETTINGS)

    clock.now += 0.5

    assert bucket.take(501, ADA, "", SETTINGS) == 499


def test_a_budget_fills_no_further_than_one_operation_or_one_second(
    bucket: Budget, clock: Clock
) -> None:
    bucket.take(3000, ADA, "", SETTINGS)

    clock.now += 3600

    assert bucket.take(1, ADA, "", SETTINGS) == 2999


@pytest.mark.parametrize(
    ("cost", "hint"), [(1100, "Try again in 1 second."), (2600, "Try again in 2 seconds.")]
)
def test_who_is_refused_is_told_when_to_come_back(bucket: Budget, cost: int, hint: str) -> None:
    bucket.take(2000, ADA, "", SETTINGS)

    with pytest.raises(Refused) as refused:
        bucket.take(cost, ADA, "", SETTINGS)

    assert refused.value.problem_code == "RATE_LIMIT_EXCEEDED"
    assert refused.value.meaning.retryable
    assert refused.value.hint == hint


def test_what_is_refused_takes_nothing(bucket: Budget) -> None:
    bucket.take(2000, ADA, "", SETTINGS)
    with pytest.raises(Refused):
        bucket.take(2000, ADA, "", SETTINGS)

    assert bucket.take(1000, ADA, "", SETTINGS) == 0


def test_users_and_addresses_have_budgets_of_their_own(bucket: Budget) -> None:
    bucket.take(3000, ADA, "192.0.2.1", SETTINGS)
    bucket.take(3000, NOBODY, "192.0.2.1", SETTINGS)

    assert bucket.take(3000, VERA, "192.0.2.1", SETTINGS) == 0
    assert bucket.take(3000, NOBODY, "192.0.2.2", SETTINGS) == 0
    with pytest.raises(Refused):
        bucket.take(1, ADA, "192.0.2.9", SETTINGS)


def test_an_ipv6_network_has_one_budget(bucket: Budget) -> None:
    bucket.take(3000, NOBODY, "2001:db8::1", SETTINGS)

    with pytest.raises(Refused):
        bucket.take(1, NOBODY, "2001:db8::2", SETTINGS)
    assert bucket.take(3000, NOBODY, "2001:db8:0:1::1", SETTINGS) == 0


def test_a_stranger_gets_a_hundredth(bucket: Budget, clock: Clock) -> None:
    bucket.take(3000, NOBODY, "192.0.2.1", SETTINGS)

    clock.now += 1

    assert bucket.take(10, NOBODY, "192.0.2.1", SETTINGS) == 0


def test_what_no_budget_holds_empties_it(bucket: Budget) -> None:
    assert bucket.take(1_000_000, ADA, "", SETTINGS) == 0


def test_a_rate_of_nothing_still_fills(bucket: Budget, clock: Clock) -> None:
    poor = Settings(graphql_cost_per_second=0, graphql_max_cost=0)
    bucket.take(1, ADA, "", poor)
    with pytest.raises(Refused):
        bucket.take(1, ADA, "", poor)

    clock.now += 1

    assert bucket.take(1, ADA, "", poor) == 0


def test_many_callers_take_no_more_memory_than_some(bucket: Budget) -> None:
    def come(first: int) -> int:
        for number in range(first, first + budget.MAX_CALLERS):
            bucket.take(1, NOBODY, f"2001:db8::{number:08x}", SETTINGS)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    some = come(0)
    many = max(come(n * budget.MAX_CALLERS) for n in range(1, 4))
    tracemalloc.stop()

    assert many < some * 2


def test_the_busy_are_remembered_longest(bucket: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_CALLERS", 2)
    bucket.take(3000, ADA, "", SETTINGS)
    for address in ("a", "b", "c"):
        bucket.take(1, NOBODY, address, SETTINGS)
        with pytest.raises(Refused):
            bucket.take(1, ADA, "", SETTINGS)
