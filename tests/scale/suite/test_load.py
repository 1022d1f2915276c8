"""Fifty people for ten minutes: nothing fails, answers come in time, memory is flat."""

import signal

import pytest

from tests.scale.crowd import WORK
from tests.scale.notes import percentile
from tests.scale.report import Outcome
from tests.scale.site import PROCESSES
from tests.scale.suite.conftest import SECONDS

IN_TIME_SECONDS = 0.3
IN_TIME_EVEN_IF_RARE_SECONDS = 1.0
LEAST_ANSWERS_A_SECOND = 50
POOLED = 10 + 8 + 8  # connections of a process: for sessions, and of its two read-only pools
LISTENING = 1
READ_AT_ONCE = 1  # connections to the one server that is read

pytestmark = pytest.mark.timeout(SECONDS + 600)


def test_every_answer_is_right(outcome: Outcome) -> None:
    assert outcome.notes.failures == []
    assert outcome.notes.failed == 0


def test_the_load_is_what_was_meant(outcome: Outcome) -> None:
    assert outcome.people == 50
    assert outcome.rate >= LEAST_ANSWERS_A_SECOND
    assert outcome.refreshes == outcome.planned_refreshes > 0


def test_ninety_five_of_a_hundred_answers_come_in_time(outcome: Outcome) -> None:
    assert percentile(outcome.answers, 95) < IN_TIME_SECONDS


def test_no_kind_of_answer_is_slow_because_it_is_rare(outcome: Outcome) -> None:
    slowest = {
        name: percentile(seconds, 95)
        for name, seconds in outcome.notes.seconds.items()
        if name not in WORK
    }

    slow = {name: p95 for name, p95 in slowest.items() if p95 >= IN_TIME_EVEN_IF_RARE_SECONDS}
    assert slow == {}


@pytest.mark.parametrize("process", PROCESSES)
def test_memory_is_flat(outcome: Outcome, process: str) -> None:
    growth = outcome.growths[process]

    assert growth.is_flat, growth


def test_connections_stay_within_the_pools(outcome: Outcome) -> None:
    assert max(one.ours for one in outcome.samples) <= len(PROCESSES) * (POOLED + LISTENING)
    assert max(one.reading for one in outcome.samples) <= READ_AT_ONCE


def test_nothing_is_left_behind(outcome: Outcome) -> None:
    assert outcome.rest.is_none, outcome.rest


def test_no_log_has_an_error(outcome: Outcome) -> None:
    assert outcome.written.errors == []


def test_processes_end_when_they_are_told(outcome: Outcome) -> None:
    assert set(outcome.statuses) == set(PROCESSES)
    assert -signal.SIGKILL not in outcome.statuses.values()
