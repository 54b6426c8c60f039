"""Sending again what may succeed the next time."""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception

from headpond.errors import RestError
from headpond.inference.deadline import Deadline

T = TypeVar("T")

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 5.0
GIVE_UP_SECONDS = 30.0
"""Elasticsearch's `xpack.inference.http.retry.initial_delay`, `.max_delay_bound` and `.timeout`."""

CONNECT_ATTEMPTS = 3
"""Where nobody listens, more attempts than these only keep the user from the message."""


class FailedAttempt(Exception):
    """One attempt that failed.

    Args:
        error: what the caller gets unless a later attempt succeeds.
        retry: whether there may be one.
        retry_after: seconds the provider asked to wait.
        attempts: at most so many.
    """

    def __init__(
        self, error: RestError, *, retry: bool, retry_after: float | None = None, attempts: int | None = None
    ) -> None:
        super().__init__(error.reason)
        self.error = error
        self.retry = retry
        self.retry_after = retry_after
        self.attempts = attempts


def with_retries(attempt: Callable[[], T], deadline: Deadline, *, once: bool = False) -> T:
    """Calls `attempt` until it succeeds, must not be repeated, or the next try would come too late.

    Waits are random between zero and an exponential bound ("full jitter"), or what `Retry-After` asks plus a little.

    Args:
        attempt: raises `FailedAttempt`.
        deadline: for all attempts together.
        once: one attempt only.

    Raises:
        RestError: of the last attempt.
    """
    started = time.monotonic()
    try:
        return attempt()  # nearly all succeed, and tenacity costs as much as the request's bytes
    except FailedAttempt as failed:
        first = [failed]

    def next_attempt() -> T:
        if first:
            raise first.pop()
        return attempt()

    def stop(state: RetryCallState) -> bool:
        failed = _failed(state)
        if once:
            return True
        if failed.attempts is not None and state.attempt_number >= failed.attempts:
            return True
        left = min(deadline.remaining, started + GIVE_UP_SECONDS - time.monotonic())
        return state.upcoming_sleep >= left

    retrying = Retrying(
        retry=retry_if_exception(lambda error: isinstance(error, FailedAttempt) and error.retry),
        wait=_wait,
        stop=stop,
        reraise=True,
    )
    try:
        return retrying(next_attempt)
    except FailedAttempt as failed:
        raise failed.error from failed.__cause__


def _wait(state: RetryCallState) -> float:
    asked = _failed(state).retry_after
    bound = min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (state.attempt_number - 1))
    return random.uniform(0, bound) if asked is None else asked + random.uniform(0, min(bound, 0.1 * asked))


def _failed(state: RetryCallState) -> FailedAttempt:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, FailedAttempt)
    return error


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or a date, or `retry-after-ms`, which some providers send."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    """A number not below zero; None for what is none, or is not finite."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
