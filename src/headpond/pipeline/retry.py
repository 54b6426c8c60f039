"""Which failures of a call pass by themselves, and how long to wait before the next try."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from elastic_transport import SerializationError, TlsError, TransportError
from elasticsearch import ApiError

from headpond.pipeline.api_error import describe

T = TypeVar("T")

_PASSING = frozenset({408, 429, 502, 503, 504})
_ACCESS = frozenset({401, 403, 404})
# Elasticsearch turns an upstream 5xx into a 400 that quotes the status, see its BaseResponseHandler.
_MASKED = re.compile(r"\bstatus \[(429|5\d\d)\]")


class Verdict(Enum):
    """What a failed call means."""

    PASSING = auto()
    """Throttled, overloaded or timed out: the same call may succeed later."""
    UNCLEAR = auto()
    """An error of the server: worth one more try, and maybe one input is to blame."""
    INPUT = auto()
    """The request was refused: some input is to blame."""
    UNREACHABLE = auto()
    """Nobody answers; passing, but when it does not pass there is no use in going on."""
    ACCESS = auto()
    """Not allowed or not there: no input is to blame, nothing will pass."""


def judge(error: Exception) -> Verdict:
    """What the error of a call means; decided by the body where the status hides it."""
    if isinstance(error, ApiError):
        status = error.meta.status
        if status in _PASSING or (status == 400 and _MASKED.search(describe(error))):
            return Verdict.PASSING
        if status in _ACCESS:
            return Verdict.ACCESS
        return Verdict.UNCLEAR if status >= 500 else Verdict.INPUT
    if isinstance(error, SerializationError):
        return Verdict.PASSING
    if isinstance(error, TlsError):
        return Verdict.ACCESS
    if isinstance(error, TransportError):
        return Verdict.UNREACHABLE
    return Verdict.INPUT


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
    """

    attempts: int = 6
    base: float = 0.5
    longest: float = 20.0

    def tries(self, verdict: Verdict) -> int:
        """Tries that a failure of this kind gets."""
        if verdict in (Verdict.PASSING, Verdict.UNREACHABLE):
            return self.attempts
        return min(2, self.attempts) if verdict is Verdict.UNCLEAR else 1

    def wait(self, attempt: int, error: Exception) -> float:
        """Seconds to wait after the `attempt`-th failure, from 1."""
        seconds = random.uniform(0, min(self.longest, self.base * 2 ** (attempt - 1)))
        return max(seconds, min(_retry_after(error), 10 * self.longest))

    def call(self, work: Callable[[], T], stop: threading.Event, on_retry: Callable[[], None]) -> tuple[T, int]:
        """Calls until it works; the result and the number of tries.

        Args:
            work: the call.
            stop: ends the waiting.
            on_retry: called before every further try.

        Raises:
            Failed: it did not work; holds the last error.
            StopRequested: `stop` was set.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return work(), attempt
            except (ApiError, TransportError) as error:
                verdict = judge(error)
                if attempt >= self.tries(verdict):
                    raise Failed(describe(error), verdict, attempt) from error
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


def _retry_after(error: Exception) -> float:
    if not isinstance(error, ApiError):
        return 0.0
    try:
        return float(error.meta.headers.get("retry-after") or 0)
    except ValueError:
        return 0.0
