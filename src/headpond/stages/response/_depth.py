"""How many texts an endpoint can rank in the time there is, learnt from the calls before."""

from __future__ import annotations

import threading

FIRST = 16
"""Texts of the first call, of which nothing is known."""

SHARE = 0.8
"""Share of the time that a call is planned to take; the rest is for calls that take longer than those before."""

INSTANT = 50e-6
"""Seconds for a text below which no model ran: the scores were kept from an earlier search."""

_WEIGHT = 0.3
"""Of the latest call in the moving estimate."""


class Depth:
    """A moving estimate of the time a text takes; many threads may use it at once.

    What a call takes besides its texts is spread over them, so that a call of few texts looks dear. With every call the
    number of texts comes nearer to what fits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: float | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds that a text takes; None before the first call."""
        return self._seconds

    def fitting(self, seconds: float) -> int:
        """How many texts fit into a time, at least one."""
        each = self._seconds
        return FIRST if each is None else max(1, int(SHARE * seconds / each)) if each > 0 else 1_000_000

    def took(self, seconds: float, texts: int) -> None:
        """Learns from a call that was answered."""
        each = seconds / texts
        with self._lock:
            if self._seconds is not None and each < INSTANT:
                return
            self._seconds = each if self._seconds is None else (1 - _WEIGHT) * self._seconds + _WEIGHT * each

    def late(self, seconds: float, texts: int) -> None:
        """Learns from a call that was not answered in time: it would have taken twice as long at least."""
        with self._lock:
            self._seconds = max(2 * seconds / texts, self._seconds or 0.0)
