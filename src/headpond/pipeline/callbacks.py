"""Tells the caller of a job how far it is and what could not be indexed, in the caller's own thread."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from headpond.pipeline.report import OnProgress, Snapshot
from headpond.pipeline.telemetry import Telemetry

OnDeadLetter = Callable[[dict[str, Any]], None]


class Callbacks:
    """Takes letters from any thread and hands them on when the job shows its progress, a few times a second.

    Args:
        on_progress: called with each snapshot.
        on_dead_letter: called with each letter before that.
        telemetry: told of each snapshot.
    """

    def __init__(
        self, on_progress: OnProgress | None, on_dead_letter: OnDeadLetter | None, telemetry: Telemetry
    ) -> None:
        self._telemetry = telemetry
        self._on_progress = on_progress
        self._on_dead_letter = on_dead_letter
        self._letters: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    @property
    def listener(self) -> OnDeadLetter | None:
        """What writes of dead letters call; None when nobody listens."""
        return self._letters.put if self._on_dead_letter is not None else None

    def tell(self, snapshot: Snapshot) -> None:
        """Calls back."""
        self._telemetry.tell(snapshot)
        while self._on_dead_letter is not None and not self._letters.empty():
            self._on_dead_letter(self._letters.get())
        if self._on_progress is not None:
            self._on_progress(snapshot)
