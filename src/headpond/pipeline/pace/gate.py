"""What every request to an endpoint goes through: its rate, and what its answer teaches about the concurrency."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from headpond.pipeline.pace.concurrency import Concurrency
from headpond.pipeline.pace.rate import Rate
from headpond.pipeline.pace.verdict import Verdict, judge, wait_asked_for

T = TypeVar("T")


class Gate:
    """Lets requests of one endpoint through; safe to use from several threads.

    Args:
        rate: gives out turns.
        ceiling: requests at a time at most.
        stop: ends the waiting.
        on_throttle: called for each request that was refused because there were too many.
        start: requests at a time, at first.
    """

    def __init__(
        self, rate: Rate, ceiling: int, stop: threading.Event, on_throttle: Callable[[], None], *, start: int = 2
    ) -> None:
        self._rate = rate
        self._concurrency = Concurrency(ceiling, start=start)
        self._stop = stop
        self._on_throttle = on_throttle
        self._lock = threading.Lock()
        self._busy = 0
        self._last_answer = float("-inf")

    def limit(self) -> int:
        """Requests at a time, now."""
        return self._concurrency.limit

    def answered_since(self, moment: float) -> bool:
        """Whether a request has succeeded since a moment of `time.monotonic`."""
        return self._last_answer > moment

    def call(self, tokens: int, work: Callable[[], T]) -> T:
        """Makes one request when its turn has come.

        Args:
            tokens: that it will cost, estimated.
            work: the request.

        Raises:
            StopRequested: before the turn came.
            Exception: whatever `work` raises.
        """
        self._rate.wait(tokens, self._stop)
        with self._lock:
            self._busy += 1
            busy = self._busy
        sent = time.monotonic()
        try:
            result = work()
        except Exception as error:
            if judge(error) is Verdict.THROTTLED:
                self._throttled(sent, wait_asked_for(error))
            raise
        else:
            with self._lock:
                self._last_answer = time.monotonic()
                self._concurrency.answered(self._last_answer - sent, busy)
            return result
        finally:
            with self._lock:
                self._busy -= 1

    def close(self) -> None:
        """Closes what the rate is kept in."""
        self._rate.close()

    def _throttled(self, sent: float, wait: float) -> None:
        self._on_throttle()
        with self._lock:
            self._concurrency.throttled(sent, time.monotonic())
        if wait > 0:
            self._rate.hold(wait)
