"""What an examination of an endpoint found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: what was looked at: `target`, `endpoint`, `answer`, `dimensions` or `index`.
        ok: whether it is as it should be.
        what: one sentence.
        cause: a word for what is wrong, as in `key refused`; None where nothing is.
        next: what to do about it; None where nothing is to be done.
    """

    check: str
    ok: bool
    what: str
    cause: str | None = None
    next: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The members that are there."""
        shown = {"check": self.check, "ok": self.ok, "what": self.what, "cause": self.cause, "next": self.next}
        return {name: value for name, value in shown.items() if value is not None}


@dataclass(slots=True)
class Diagnosis:
    """All that was found about one endpoint.

    Attributes:
        inference_id: the endpoint.
        findings: in the order they were made; after one that is not ok, those that rest on it are missing.
    """

    inference_id: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.ok for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "inference_id": self.inference_id,
            "ok": self.ok,
            "findings": [finding.to_json() for finding in self.findings],
        }
