"""What became of dead letters that were replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headpond.pipeline.report import InferenceUse, Report


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """The outcome. `letters` is always `indexed + unchanged + superseded + dropped + dead_lettered`.

    Attributes:
        letters: that were chosen.
        indexed: written to the index now.
        unchanged: the index held the document already, or a `drop` processor of the pipeline left it out.
        superseded: the index holds a newer document of this id, or a later letter does; nothing was overwritten.
        dropped: a `drop` processor of the repair gave them up.
        dead_lettered: failed again; `dead_letters` holds them.
        passed_over: letters that were not chosen.
        dead_letters: the new file; None when nothing failed again, or what did is in the old files (`in_place`).
        jobs: a report for every pipeline and index.
    """

    letters: int
    indexed: int
    unchanged: int
    superseded: int
    dropped: int
    dead_lettered: int
    passed_over: int
    dead_letters: Path | None
    jobs: Sequence[Report]

    @property
    def settled(self) -> int:
        """Letters whose fate is known."""
        return self.indexed + self.unchanged + self.superseded + self.dropped + self.dead_lettered

    @property
    def inference(self) -> InferenceUse:
        """What endpoints were asked by all jobs."""
        used = [job.inference for job in self.jobs]
        tokens = [use.tokens for use in used]
        return InferenceUse(
            requests=sum(use.requests for use in used),
            inputs=sum(use.inputs for use in used),
            tokens=None if None in tokens else sum(number or 0 for number in tokens),
            cached=sum(use.cached for use in used),
            retries=sum(use.retries for use in used),
        )

    def to_json(self) -> dict[str, Any]:
        """The report as `headpond replay --report` writes it."""
        counts = ("letters", "indexed", "unchanged", "superseded", "dropped", "dead_lettered", "passed_over")
        return {
            **{name: getattr(self, name) for name in counts},
            "inference": self.inference.to_json(),
            "dead_letters": str(self.dead_letters) if self.dead_letters else None,
            "jobs": [job.to_json() for job in self.jobs],
        }
