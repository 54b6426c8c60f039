"""Stops asking an endpoint that fails, and tries it again now and then.

After some failures in a row nothing is asked for a pause; then one call is let through. When that fails too the pause
grows, when it succeeds all is as before. (Nygard, "Release It!", 2007, chapter 5.2; the libraries for it count no
time-outs by their length and know no `Retry-After`.)
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from headpond.stages.inference import NotAskedError

FAILURES = 5
"""In a row, before an endpoint is left alone."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds; each pause is twice as long as the one before."""

LONGEST_HOLD = 300.0
"""Seconds that a `Retry-After` is believed at most."""


class Breaker:
    """Of one endpoint; safe to be used by many threads.

    A time-out says nothing about calls that bring much more time, so after time-outs alone a call is let through when
    it has more than twice the time of the longest of them.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._held_until = 0.0
        self._failures = 0
        self._reason = ""
        self._patience = 0.0
        self._pause = 0.0
        self._until = 0.0
        self._trying_until = 0.0

    def refusal(self, seconds: float) -> NotAskedError | None:
        """Why a call would not be let through now; None when it would.

        Args:
            seconds: the time that it brings.
        """
        with self._lock:
            return self._refusal(seconds)

    def enter(self, seconds: float) -> None:
        """Lets a call through; its end must be told with `succeeded` or `failed`.

        Args:
            seconds: the time that it brings.

        Raises:
            NotAskedError: the endpoint is left alone.
        """
        with self._lock:
            refused = self._refusal(seconds)
            if refused is not None:
                raise refused
            if self._failures >= FAILURES and seconds <= 2 * self._patience:
                # Should its end never be told, another one may try after a while.
                self._trying_until = self._clock() + seconds + self._pause

    def succeeded(self) -> None:
        """A call was answered."""
        with self._lock:
            self._failures = 0
            self._patience = self._pause = self._until = self._trying_until = 0.0

    def failed(self, reason: str, *, timed_out_after: float | None = None, hold: float = 0.0) -> None:
        """A call was not answered, or with nonsense.

        Args:
            reason: for people.
            timed_out_after: the seconds it had, when that is why it failed.
            hold: seconds in which the endpoint wants no calls.
        """
        with self._lock:
            now = self._clock()
            self._failures += 1
            self._reason = reason
            patience = math.inf if timed_out_after is None else timed_out_after
            self._patience = max(self._patience, patience)
            if hold > 0:
                self._held_until = max(self._held_until, now + min(hold, LONGEST_HOLD))
            if self._failures < FAILURES:
                return
            # Failures of calls that had begun before the pause tell nothing new.
            if now >= self._until:
                self._pause = min(2 * self._pause, LONGEST_PAUSE) if self._pause else FIRST_PAUSE
                self._until = now + self._pause
            self._trying_until = 0.0

    def _refusal(self, seconds: float) -> NotAskedError | None:
        now = self._clock()
        if now < self._held_until:
            return NotAskedError(f"not asked: {self._reason}; next try in {_said(self._held_until - now)}")
        if self._failures < FAILURES or seconds > 2 * self._patience:
            return None
        free = max(self._until, self._trying_until)
        if now >= free:
            return None
        failures = f"{self._failures} failures in a row"
        return NotAskedError(f"not asked: {failures}, next try in {_said(free - now)}; the last was: {self._reason}")


def _said(seconds: float) -> str:
    return f"{max(seconds, 0.001):.1g} s" if seconds < 1 else f"{seconds:.0f} s"
