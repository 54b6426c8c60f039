"""How many records are enriched together, learnt from how long that takes."""

from __future__ import annotations

import threading

_FAST, _SLOW = 1.0, 4.0
_LEAST, _REQUESTS = 16, 2


class WindowSize:
    """A limit that grows while windows come back quickly and falls when they are slow; safe in several threads.

    A window is handed on as a whole. Small ones let the first request go out early, keep writing busy while endpoints
    are asked, and leave little to do at the end; large ones spare round trips where inference is fast or not needed.

    Args:
        most: records; the limit is never above.
        inputs: texts in a request of the endpoints that are asked; None when none is. The first limit, which is also
            the least, is enough for two requests.
    """

    def __init__(self, most: int, inputs: int | None) -> None:
        self._most = max(most, 1)
        self._least = self._most if inputs is None else min(max(_LEAST, _REQUESTS * inputs), self._most)
        self._now = self._least
        self._lock = threading.Lock()

    @property
    def now(self) -> int:
        """Records in a window."""
        return self._now

    def took(self, seconds: float, records: int) -> None:
        """Notes a window that was enriched, and how many records it held.

        Args:
            seconds: of its work, waiting included.
            records: how many it held; a smaller window than allowed says nothing about a larger one.
        """
        with self._lock:
            if seconds > _SLOW:
                self._now = max(self._least, min(self._now, records // 2))
            elif seconds < _FAST and records >= self._now:
                self._now = min(self._most, self._now * 2)
