"""How many bytes a bulk request carries, learnt from how the cluster answers."""

from __future__ import annotations

import threading

_LEAST = 65_536
_GROWN, _EASED, _CUT = 1.25, 0.8, 0.5
_SLOW, _FAST = 15.0, 5.0


class BulkSize:
    """A limit that grows with clean answers and falls with refusals and slow ones; safe to use from several threads.

    A refusal (429, memory pressure) halves it at once; an answer that took more than 15 seconds takes a fifth away. A
    clean answer to a request that was nearly as large as allowed adds a quarter, unless it took more than 5 seconds.

    Args:
        most: bytes; the limit is never above.
        start: bytes; the first limit.
    """

    def __init__(self, most: int, *, start: int = 1_000_000) -> None:
        self._most = max(most, 1)
        self._least = min(_LEAST, self._most)
        self._now = min(start, self._most)
        self._lock = threading.Lock()

    @property
    def now(self) -> int:
        """Bytes in a request; one larger document goes alone."""
        return self._now

    def answered(self, seconds: float, size: int) -> None:
        """Notes a request that was taken, and its bytes."""
        with self._lock:
            if seconds > _SLOW:
                self._now = max(self._least, int(min(size, self._now) * _EASED))
            elif seconds < _FAST and size > 0.7 * self._now:
                self._now = min(self._most, int(self._now * _GROWN))

    def refused(self, size: int) -> None:
        """Notes a request that was too much for the cluster, as a whole or in part, and its bytes."""
        with self._lock:
            # Of several that were under way together the first one cuts: the others are not smaller than what is left.
            self._now = max(self._least, int(min(self._now, max(size * _CUT, self._now * _CUT))))
