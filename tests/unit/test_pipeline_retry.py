from __future__ import annotations

import threading
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionError, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from headpond.pipeline.pace.verdict import Verdict
from headpond.pipeline.retry import Failed, Retry, StopRequested

NODE = NodeConfig("http", "127.0.0.1", 9200)


def error(status: int, reason: str = "no", headers: dict[str, str] | None = None) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(headers or {}), 0.1, NODE)
    return ApiError("wrong", meta, {"error": {"type": "x", "reason": reason}})


class Calls:
    """Fails with these errors, then works."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


QUICK = Retry(attempts=3, base=0.001, longest=0.002)


def call(work: Any, retry: Retry = QUICK, stop: threading.Event | None = None) -> tuple[str, int]:
    return retry.call(work, stop or threading.Event(), lambda: None)


def test_what_passes_is_tried_again() -> None:
    assert call(Calls(error(429), ConnectionError("refused"))) == ("done", 3)


def test_what_does_not_pass_fails_after_the_last_try() -> None:
    work = Calls(*[error(503, "busy")] * 5)
    with pytest.raises(Failed, match=r"busy \(503\)") as caught:
        call(work)
    assert (caught.value.attempts, caught.value.verdict, work.made) == (3, Verdict.THROTTLED, 3)


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (401, 1), (500, 3)])
def test_what_will_not_pass_is_not_tried_on(status: int, tries: int) -> None:
    work = Calls(*[error(status)] * 5)
    with pytest.raises(Failed):
        call(work)
    assert work.made == tries


def test_an_unclear_failure_gets_as_many_tries_as_the_caller_says_throttles_aside() -> None:
    work = Calls(error(429), error(503), error(500), error(429), error(500), error(500))
    with pytest.raises(Failed) as caught:
        Retry(attempts=9, base=0.001, longest=0.002).call(work, threading.Event(), lambda: None, unclear=2)
    assert (caught.value.attempts, caught.value.verdict) == (5, Verdict.UNCLEAR)


def test_a_stop_ends_the_waiting() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StopRequested):
        call(Calls(error(429)), Retry(attempts=3, base=1000, longest=1000), stop)


def test_waits_are_random_and_bounded_and_follow_the_server() -> None:
    retry = Retry(attempts=9, base=1, longest=10)
    waits = [retry.wait(attempt, error(503)) for attempt in range(1, 9) for _ in range(50)]
    assert len({round(wait, 6) for wait in waits}) > 300
    assert all(0 <= wait <= 10 for wait in waits)
    assert retry.wait(1, error(429, headers={"retry-after": "30"})) == 30
    assert retry.wait(1, error(429, headers={"retry-after": "1000"})) == 100
    assert retry.wait(1, error(429, headers={"retry-after": "soon"})) <= 1
