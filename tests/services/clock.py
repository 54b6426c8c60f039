"""Time for tests of what waits."""

from __future__ import annotations

import pytest


class Clock:
    """Time that passes only when somebody sleeps; retries see it, and the other modules that are named."""

    def __init__(self, patch: pytest.MonkeyPatch, *modules: str) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []
        for module in ("headpond.services._http.retry", "tenacity.nap", *modules):
            patch.setattr(f"{module}.time", self)

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
