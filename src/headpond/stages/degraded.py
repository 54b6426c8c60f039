"""A part of a search that could not be done, as answers say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Degraded:
    """A stage that could not do its work; the answer is the one from before it.

    Attributes:
        stage: which one, as in `response_processors[0].rerank`.
        reason: why.
        spent_ms: how long it tried.
    """

    stage: str
    reason: str
    spent_ms: int

    def to_json(self) -> dict[str, Any]:
        """`{"stage", "reason", "spent_ms"}`, as answers carry it."""
        return {"stage": self.stage, "reason": self.reason, "spent_ms": self.spent_ms}
