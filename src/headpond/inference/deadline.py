"""Until when an answer is of use."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from headpond.inference.duration import format_duration


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, with the timeout it came from.

    Attributes:
        timeout: seconds given; infinite for none.
        moment: when it is over, on `time.monotonic`.
    """

    timeout: float
    moment: float = field(repr=False)

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline `seconds` from now; a negative number means none, as `timeout=-1` does in Elasticsearch."""
        timeout = seconds if seconds >= 0 else math.inf
        return cls(timeout, time.monotonic() + timeout)

    @classmethod
    def never(cls) -> Deadline:
        """No deadline."""
        return cls.after(-1)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative; infinite when there is no deadline."""
        return max(0.0, self.moment - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return self.remaining == 0

    def __str__(self) -> str:
        return format_duration(-1 if math.isinf(self.timeout) else self.timeout)
