"""One record on its way through the processors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from headpond.stages import path


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record stopped.

    Attributes:
        stage: the processor that failed, as in `processors[1].inference`.
        error: what it said.
        attempts: how often it was tried.
        tag: the processor's `tag`, for `_ingest.on_failure_processor_tag`.
    """

    stage: str
    error: str
    attempts: int = 1
    tag: str | None = None


@dataclass(slots=True)
class Record:
    """A document, where it came from, and what became of it.

    Attributes:
        document: what will be indexed; processors change it in place.
        id: the document's `_id`.
        source: the name of what it was read from.
        line: its line there, from 1; None where there are no lines.
        number: its place among all records of a job, from 0.
        raw: the record as it was read, JSON; a dead letter holds it.
        digest: what the record and the pipeline look like, see `headpond.pipeline.identity`.
        inputs: for every field with vectors the digests of what they were made from, in the order of the vectors, see
            `headpond.stages.inference.digest`.
        replaces: digests of the documents that this one may take the place of, as far as they are known; `""` stands
            for one without a digest.
        contended: whether another record with the same id is still on its way, so the index cannot be asked about it.
        dropped: whether a `drop` processor took it out on purpose.
        failure: set when a processor failed.
        ingest: Elasticsearch's `_ingest` metadata, for templates.
    """

    document: dict[str, Any]
    id: str = ""
    source: str = ""
    line: int | None = None
    number: int = 0
    raw: bytes = b""
    digest: str = ""
    inputs: dict[str, list[str]] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    contended: bool = False
    dropped: bool = False
    failure: Failure | None = None
    ingest: dict[str, Any] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether the next processor should see it."""
        return self.failure is None and not self.dropped

    def value(self, name: str) -> Any:
        """What templates and conditions read: a field, `_id`, or `_ingest.*`; `path.MISSING` when there is none."""
        if name == "_id":
            return self.id or path.MISSING
        if name == "_ingest.timestamp":
            return datetime.now(UTC).isoformat()
        if name.startswith("_ingest."):
            return path.get(self.ingest, name.removeprefix("_ingest."))
        return path.get(self.document, name)
