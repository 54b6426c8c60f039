"""How many requests an endpoint gets at a time, learnt from how it answers."""

from __future__ import annotations

_AS_BEFORE, _SLOW = 1.5, 2.5
"""Times the quickest round: up to the first the limit grows, above the second it falls."""
_EASED, _CUT = 0.9, 0.7
_PATIENCE, _FALLEN = 5, 0.8
_START, _MOST_AT_START = 2, 16
_ROUND_TRIP = 0.25


def first_limit(requests_per_minute: float | None) -> int:
    """Requests at a time that an endpoint gets at first: what its allowance is for where answers take 0.25 seconds.

    Args:
        requests_per_minute: its allowance; None where nothing is known of it.
    """
    if requests_per_minute is None:
        return _START
    return max(_START, min(_MOST_AT_START, int(requests_per_minute / 60 * _ROUND_TRIP)))


class Concurrency:
    """A limit that grows while answers come as fast as ever, and falls when they slow down or a request is throttled.

    It doubles until the first sign of trouble, then it grows by one a round (as many answers as the limit says). A
    round that takes 2.5 times the quickest means that requests queue up: the limit falls by a tenth. When five such
    falls have not made answers quicker, the endpoint itself has become slower, and this is how quick it is from now on.
    A throttled request cuts the limit at once, but one cut is enough for all that were under way at that moment. Not
    safe for several threads. After TCP Vegas and Vector's adaptive request concurrency.

    Args:
        ceiling: the limit is never above.
        start: the first limit.
    """

    def __init__(self, ceiling: int, *, start: int = _START) -> None:
        self._ceiling = max(1, ceiling)
        self._limit = float(min(start, self._ceiling))
        self._doubling = True
        self._sum = 0.0
        self._count = 0
        self._busiest = 0
        self._quickest: float | None = None
        self._slow_rounds = 0
        self._first_slow = 0.0
        self._last_cut = float("-inf")

    @property
    def limit(self) -> int:
        """Requests at a time, now."""
        return int(self._limit)

    def answered(self, seconds: float, busy: int) -> None:
        """Notes an answer.

        Args:
            seconds: from sending to answer.
            busy: requests that were under way when it was sent, itself included.
        """
        self._sum += seconds
        self._count += 1
        self._busiest = max(self._busiest, busy)
        if self._count < max(2, self.limit):
            return
        mean, busiest = self._sum / self._count, self._busiest
        self._sum, self._count, self._busiest = 0.0, 0, 0
        if self._quickest is None or mean < self._quickest:
            self._quickest = mean if self._quickest is None else (mean + self._quickest) / 2
        if mean > _SLOW * self._quickest:
            self._ease(mean)
            return
        self._slow_rounds = 0
        if mean > _AS_BEFORE * self._quickest:
            self._doubling = False
        elif busiest >= self.limit:  # an unused limit says nothing about a larger one
            self._limit = min(self._ceiling, self._limit * 2 if self._doubling else self._limit + 1)

    def throttled(self, sent: float, now: float) -> None:
        """Notes a request that was refused because there were too many.

        Args:
            sent: when it was sent.
            now: the present moment on the same clock.
        """
        if sent < self._last_cut:
            return
        self._last_cut = now
        self._limit = max(1.0, self._limit * _CUT)
        self._doubling = False
        self._sum, self._count, self._busiest = 0.0, 0, 0

    def _ease(self, mean: float) -> None:
        self._doubling = False
        self._limit = max(1.0, self._limit * _EASED)
        if self._slow_rounds == 0:
            self._first_slow = mean
        self._slow_rounds += 1
        if self._slow_rounds >= _PATIENCE:
            if mean > _FALLEN * self._first_slow:
                self._quickest = mean
            self._slow_rounds = 0
