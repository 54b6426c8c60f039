from __future__ import annotations

import random

from headpond.pipeline.pace.concurrency import Concurrency, first_limit


def rounds(concurrency: Concurrency, number: int, seconds: float) -> None:
    """Rounds of answers that use the whole limit."""
    for _ in range(number):
        for _ in range(max(2, concurrency.limit)):
            concurrency.answered(seconds, concurrency.limit)


def test_it_starts_small_doubles_and_stops_at_the_ceiling() -> None:
    concurrency = Concurrency(20)
    seen = [concurrency.limit]
    for _ in range(6):
        rounds(concurrency, 1, 0.06)
        seen.append(concurrency.limit)
    assert seen == [2, 4, 8, 16, 20, 20, 20]


def test_an_unused_limit_does_not_grow() -> None:
    concurrency = Concurrency(20)
    for _ in range(100):
        concurrency.answered(0.06, 1)
    assert concurrency.limit == 2


def test_a_throttled_request_cuts_at_once_and_those_beside_it_do_not_cut_again() -> None:
    concurrency = Concurrency(32)
    rounds(concurrency, 4, 0.06)
    assert concurrency.limit == 32
    concurrency.throttled(sent=10.0, now=10.1)
    assert concurrency.limit == 22
    concurrency.throttled(sent=10.05, now=10.2)
    assert concurrency.limit == 22
    concurrency.throttled(sent=10.3, now=10.4)
    assert concurrency.limit == 15
    rounds(concurrency, 1, 0.06)
    assert concurrency.limit == 16  # from now on one by one


def test_it_never_falls_below_one() -> None:
    concurrency = Concurrency(8)
    for moment in range(50):
        concurrency.throttled(float(moment), moment + 0.5)
    assert concurrency.limit == 1


def test_slower_answers_ease_it_and_jitter_does_not() -> None:
    chance = random.Random(1)
    concurrency = Concurrency(16)
    for _ in range(400):
        concurrency.answered(chance.uniform(0.05, 0.07), concurrency.limit)
    assert concurrency.limit == 16
    rounds(concurrency, 3, 0.5)
    assert concurrency.limit < 16


def test_an_endpoint_that_has_become_slower_is_not_starved() -> None:
    concurrency = Concurrency(32)
    rounds(concurrency, 6, 0.05)
    rounds(concurrency, 40, 0.5)
    assert concurrency.limit == 32


def converged(capacity: int) -> list[int]:
    """The limits on an endpoint that works on so many requests at a time and queues the rest."""
    concurrency = Concurrency(64)
    limits = []
    for _ in range(1_000):
        rounds(concurrency, 1, 0.05 * max(1.0, concurrency.limit / capacity))
        limits.append(concurrency.limit)
    return limits[100:]


def test_it_settles_near_what_an_endpoint_works_on_at_a_time() -> None:
    for capacity in (1, 4, 16):
        limits = converged(capacity)
        assert capacity <= min(limits)
        assert max(limits) <= max(4, 2.5 * capacity)


def test_where_the_allowance_is_known_it_begins_with_what_that_is_for() -> None:
    assert [first_limit(rate) for rate in (None, 60, 3_000, 1_000_000)] == [2, 2, 12, 16]
    assert Concurrency(32, start=first_limit(3_000)).limit == 12
    assert Concurrency(4, start=16).limit == 4
