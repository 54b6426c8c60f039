"""One budget of time that the parts of a search share."""

from __future__ import annotations

import math
import time


class Deadline:
    """A point in time; what is divided over the parts of a search is the time until then.

    Args:
        seconds: from now; None for no end.

    Attributes:
        started: the clock (`time.monotonic`) when it was made.
        at: the clock when it passes; infinite for no end.
    """

    __slots__ = ("at", "started")

    def __init__(self, seconds: float | None = None) -> None:
        self.started = time.monotonic()
        self.at = math.inf if seconds is None else self.started + seconds

    def within(self, seconds: float) -> Deadline:
        """A part of this budget: passes after `seconds`, or with this one if that is earlier."""
        part = Deadline(seconds)
        part.at = min(part.at, self.at)
        return part

    @property
    def left(self) -> float:
        """Seconds until it passes, 0 when it has; infinite for no end."""
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left <= 0

    @property
    def spent_ms(self) -> int:
        """Milliseconds since it was made."""
        return round((time.monotonic() - self.started) * 1000)
