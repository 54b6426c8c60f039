"""Keeping an endpoint below its requests per minute."""

from __future__ import annotations

import threading
import time

from headpond.inference.deadline import Deadline


class TokenBucket:
    """Lets through so many requests a minute, evenly, with bursts of at most a second's worth.

    Args:
        requests_per_minute: the rate; above zero.
    """

    def __init__(self, requests_per_minute: int) -> None:
        self._spacing = 60.0 / requests_per_minute
        self._burst = max(1.0, requests_per_minute / 60) * self._spacing
        self._lock = threading.Lock()
        # The moment at which every request let through so far will have been paid for.
        self._paid_until = 0.0

    def acquire(self, deadline: Deadline) -> bool:
        """Waits for a turn; False when it would come after the deadline, and then no turn is used up."""
        with self._lock:
            now = time.monotonic()
            paid_until = max(self._paid_until, now) + self._spacing
            wait = paid_until - now - self._burst
            if wait >= deadline.remaining:
                return False
            self._paid_until = paid_until
        if wait > 0:
            time.sleep(wait)
        return True


class RateLimits:
    """One bucket for each key; the key is whatever the provider counts by."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[object, ...], TokenBucket] = {}

    def acquire(self, key: tuple[object, ...], requests_per_minute: int, deadline: Deadline) -> bool:
        """Waits for a turn; False when it would come too late."""
        whole = (*key, requests_per_minute)
        with self._lock:
            bucket = self._buckets.get(whole)
            if bucket is None:
                bucket = self._buckets[whole] = TokenBucket(requests_per_minute)
        return bucket.acquire(deadline)
