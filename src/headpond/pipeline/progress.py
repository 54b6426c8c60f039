"""Tells the caller of a job how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from headpond.pipeline.report import Counters, OnProgress

TICK = 0.1
"""Seconds between two calls."""


class Progress:
    """Calls back a few times a second, from the thread that started the job.

    Args:
        callback: called with a snapshot; None tells nobody.
        counters: of the job.
        fraction: how much of the sources has been read.
    """

    def __init__(self, callback: OnProgress | None, counters: Counters, fraction: Callable[[], float | None]) -> None:
        self._callback = callback
        self._counters = counters
        self._fraction = fraction
        self._last = 0.0

    def show(self, *, done: bool = False) -> None:
        """Calls back when it is time, and always when the job is done."""
        now = time.monotonic()
        if self._callback is not None and (done or now - self._last >= TICK):
            self._last = now
            callback, self._callback = self._callback, None  # one that raises is not called again
            callback(self._counters.snapshot(self._fraction(), done=done))
            self._callback = callback
