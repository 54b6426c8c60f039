from __future__ import annotations

import pytest

from headpond.pipeline.query.breaker import FAILURES, FIRST_PAUSE, LONGEST_HOLD, LONGEST_PAUSE, Breaker
from headpond.stages.inference import NotAskedError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock)


def fail(breaker: Breaker, times: int = FAILURES) -> None:
    for _ in range(times):
        breaker.enter(1.0)
        breaker.failed("it broke (500)")


def test_it_lets_calls_through_until_enough_have_failed_in_a_row(breaker: Breaker) -> None:
    fail(breaker, FAILURES - 1)
    breaker.enter(1.0)
    breaker.succeeded()
    fail(breaker, FAILURES - 1)
    breaker.enter(1.0)
    breaker.failed("the last straw")
    with pytest.raises(NotAskedError) as caught:
        breaker.enter(1.0)
    assert str(caught.value) == "not asked: 5 failures in a row, next try in 1 s; the last was: the last straw"


def test_after_the_pause_one_call_is_let_through_and_success_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += FIRST_PAUSE
    breaker.enter(1.0)
    with pytest.raises(NotAskedError):
        breaker.enter(1.0)
    breaker.succeeded()
    for _ in range(FAILURES):
        breaker.enter(1.0)


def test_each_failed_try_makes_the_pause_longer_up_to_a_bound(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    pause, pauses = FIRST_PAUSE, []
    for _ in range(8):
        clock.now += pause - 0.01
        assert breaker.refusal(1.0) is not None
        clock.now += 0.02
        breaker.enter(1.0)
        breaker.failed("still")
        pause = min(2 * pause, LONGEST_PAUSE)
        pauses.append(pause)
    assert pauses[-1] == LONGEST_PAUSE


def test_failures_of_calls_that_were_under_way_do_not_make_the_pause_longer(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3 * FAILURES):
        if breaker.refusal(1.0) is None:
            breaker.enter(1.0)
        breaker.failed("it broke")
    clock.now += FIRST_PAUSE
    breaker.enter(1.0)


def test_a_try_whose_end_is_never_told_does_not_close_it_for_ever(breaker: Breaker, clock: Clock) -> None:
    fail(breaker)
    clock.now += FIRST_PAUSE
    breaker.enter(5.0)
    clock.now += 5.0
    assert breaker.refusal(1.0) is not None
    clock.now += FIRST_PAUSE
    breaker.enter(1.0)


def test_time_outs_say_nothing_about_calls_that_bring_much_more_time(breaker: Breaker) -> None:
    for _ in range(FAILURES):
        breaker.enter(0.1)
        breaker.failed("no answer within 100 ms", timed_out_after=0.1)
    assert breaker.refusal(0.1) is not None
    assert breaker.refusal(0.2) is not None
    breaker.enter(10.0)
    breaker.failed("no answer within 10000 ms", timed_out_after=10.0)
    assert breaker.refusal(10.0) is not None


def test_a_wait_that_was_asked_for_is_kept_within_reason(breaker: Breaker, clock: Clock) -> None:
    breaker.enter(1.0)
    breaker.failed("too many requests (429)", hold=7.0)
    refused = breaker.refusal(60.0)
    assert str(refused) == "not asked: too many requests (429); next try in 7 s"
    clock.now += 7.0
    breaker.enter(1.0)
    breaker.failed("too many requests (429)", hold=1e9)
    clock.now += LONGEST_HOLD
    breaker.enter(1.0)
