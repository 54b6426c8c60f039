import email.utils

import httpx
import pytest

from headpond.errors import RestError
from headpond.inference.deadline import Deadline
from headpond.services._http import retry
from headpond.services._http.rate_limit import RateLimits, TokenBucket
from headpond.services._http.retry import FailedAttempt, retry_after, with_retries
from tests.services.clock import Clock

ERROR = RestError(400, "status_exception", "no")


@pytest.fixture
def clock(no_waiting_for_a_turn: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that retries, rate limits and deadlines see, in place of the one that never waits for a turn."""
    return Clock(monkeypatch, "headpond.services._http.rate_limit", "headpond.inference.deadline")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "x", "retry-after": "3"}, 3.0),
        ({}, None),
        ({"retry-after": "-1"}, 0.0),
    ],
)
def test_retry_after_is_read_as_a_number_of_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


def test_retry_after_is_read_as_a_date(clock: Clock) -> None:
    date = email.utils.formatdate(clock.now + 100, usegmt=True)
    assert retry_after(httpx.Headers({"retry-after": date})) == 100


def fail(times: int, **options: object) -> tuple[list[int], object]:
    """An attempt that fails so often and then succeeds, with the list of its calls."""
    calls: list[int] = []

    def attempt() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise FailedAttempt(ERROR, **{"retry": True, **options})  # type: ignore[arg-type]
        return "done"

    return calls, attempt


def test_an_attempt_is_repeated_until_it_succeeds(clock: Clock) -> None:
    calls, attempt = fail(4)
    assert with_retries(attempt, Deadline.after(60)) == "done"  # type: ignore[arg-type]
    assert len(calls) == 5
    assert len(clock.slept) == 4
    assert all(seconds <= bound for seconds, bound in zip(clock.slept, (1, 2, 4, 5), strict=True))


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"retry": False}, 1), ({"attempts": 2, "retry_after": 0}, 2), ({"retry_after": 60}, 1)],
)
def test_it_is_given_up_when_repeating_is_no_use(clock: Clock, options: dict[str, object], expected: int) -> None:
    calls, attempt = fail(9, **options)
    with pytest.raises(RestError) as caught:
        with_retries(attempt, Deadline.after(50))  # type: ignore[arg-type]
    assert caught.value is ERROR
    assert len(calls) == expected


def test_without_a_deadline_it_is_given_up_all_the_same(clock: Clock) -> None:
    calls, attempt = fail(10**9)
    with pytest.raises(RestError):
        with_retries(attempt, Deadline.never())  # type: ignore[arg-type]
    assert len(calls) > 1
    assert sum(clock.slept) <= retry.GIVE_UP_SECONDS


def test_a_bucket_lets_a_second_worth_through_at_once_and_then_spaces(clock: Clock) -> None:
    bucket, soon = TokenBucket(120), Deadline.after(0.4)
    assert [bucket.acquire(soon) for _ in range(3)] == [True, True, False]
    assert clock.slept == []
    assert bucket.acquire(Deadline.after(5))
    assert clock.slept == [0.5]


def test_each_key_has_a_bucket_of_its_own(clock: Clock) -> None:
    limits, soon = RateLimits(), Deadline.after(0.02)
    assert limits.acquire(("a",), 1, soon)
    assert not limits.acquire(("a",), 1, soon)
    assert limits.acquire(("b",), 1, soon)
