"""How often a failed call is tried again, and how long to wait before the next try."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from elastic_transport import TransportError
from elasticsearch import ApiError

from headpond.pipeline.api_error import describe
from headpond.pipeline.pace.verdict import Verdict, judge, wait_asked_for

T = TypeVar("T")

UNCLEAR = 4
"""Tries after failures of which nobody knows whether they pass."""

_DOUBLINGS = 30


class StopRequested(Exception):
    """The job is being stopped while a call waits for its next try."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how fast to try again: exponential with full jitter.

    Source of the waits: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Attributes:
        attempts: tries of one call, the first included.
        base: seconds; the n-th wait is random between 0 and `base * 2 ** n`.
        longest: seconds; no wait is longer, a server's `Retry-After` excepted (up to ten times this).
        patience: seconds that a job goes on trying after that, as long as failures may pass, see `Outage`.
    """

    attempts: int = 10
    base: float = 0.5
    longest: float = 30.0
    patience: float = 0.0

    def tries(self, verdict: Verdict, *, unclear: int = UNCLEAR) -> int:
        """Tries that a failure of this kind gets; `unclear` is what an unclear one gets at most."""
        if verdict.passes:
            return self.attempts
        return min(unclear, self.attempts) if verdict is Verdict.UNCLEAR else 1

    def wait(self, attempt: int, error: Exception) -> float:
        """Seconds to wait after the `attempt`-th failure, from 1."""
        seconds = random.uniform(0, min(self.longest, self.base * 2 ** min(attempt - 1, _DOUBLINGS)))
        return max(seconds, min(wait_asked_for(error), 10 * self.longest))

    def call(
        self,
        work: Callable[[], T],
        stop: threading.Event,
        on_retry: Callable[[], None],
        *,
        unclear: int = UNCLEAR,
        hold: Callable[[Failed], bool] = lambda failed: False,
    ) -> tuple[T, int]:
        """Calls until it works; the result and the number of tries.

        Args:
            work: the call.
            stop: ends the waiting.
            on_retry: called before every further try.
            unclear: tries after failures of which nobody knows whether they pass.
            hold: asked after the last try; True goes on trying.

        Raises:
            Failed: it did not work; holds the last error.
            StopRequested: `stop` was set.
        """
        attempt = unclear_ones = 0
        while True:
            attempt += 1
            try:
                return work(), attempt
            except (ApiError, TransportError) as error:
                verdict = judge(error)
                unclear_ones += verdict is Verdict.UNCLEAR
                # Throttles before an unclear failure say nothing about it.
                tried = unclear_ones if verdict is Verdict.UNCLEAR else attempt
                if tried >= self.tries(verdict, unclear=unclear):
                    failed = Failed(describe(error), verdict, attempt)
                    if not hold(failed):
                        raise failed from error
                if stop.wait(self.wait(attempt, error)):
                    raise StopRequested from None
            on_retry()


class Failed(Exception):
    """A call that failed in the end.

    Attributes:
        reason: what the last error said.
        verdict: what it means.
        attempts: how often it was tried.
    """

    def __init__(self, reason: str, verdict: Verdict, attempts: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.verdict = verdict
        self.attempts = attempts
