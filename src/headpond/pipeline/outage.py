"""A target that is away for a while is waited for, longer than any single call is tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from headpond.pipeline.retry import Failed

log = logging.getLogger("headpond.pipeline")


class Outage:
    """Says how long to go on trying, and tells once that the target is waited for, and once that it is back.

    Args:
        patience: seconds that a call goes on after its usual tries, as long as its failures may pass.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._told = False

    def hold(self) -> Callable[[Failed], bool]:
        """For one call: whether it is tried once more after a failure, see `Retry.call`."""
        until: float | None = None

        def goes_on(failed: Failed) -> bool:
            nonlocal until
            now = time.monotonic()
            until = now + self._patience if until is None else until
            if now >= until or not failed.verdict.passes:
                return False
            self._tell(failed.reason, until - now)
            return True

        return goes_on

    def over(self) -> None:
        """The target has taken a call."""
        if not self._told:
            return
        with self._lock:
            told, self._told = self._told, False
        if told:
            log.warning("the target answers again")

    def _tell(self, reason: str, seconds: float) -> None:
        with self._lock:
            told, self._told = self._told, True
        if not told:
            log.warning("the target takes nothing at the moment, it is tried for %.0f s more: %s", seconds, reason)
