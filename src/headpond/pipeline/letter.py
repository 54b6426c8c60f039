"""One dead letter: a record that could not be indexed, why, and everything that is needed to send it again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from headpond.pipeline import bulk
from headpond.pipeline.spec import PipelineSpec
from headpond.stages.record import Failure, Record


@dataclass(frozen=True, slots=True)
class Origin:
    """The job that a letter comes from.

    Attributes:
        pipeline: its name.
        file: its file; empty for one that was written in Python.
        identity: what it does, see `identity.of_pipeline`, in hex.
        index: the index that the documents were for.
        id_field: the field that holds ids, if one was named.
        job: the job's id; None when its state is not kept.
    """

    pipeline: str
    file: str
    identity: str
    index: str
    id_field: str | None
    job: str | None

    @classmethod
    def of(cls, spec: PipelineSpec, identity: bytes, index: str, id_field: str | None, job: str | None) -> Origin:
        """The origin of the letters of a job that runs a pipeline."""
        file = str(Path(spec.where.file).absolute()) if spec.where.file else ""
        return cls(spec.name, file, identity.hex(), index, id_field, job)


def of_record(origin: Origin, record: Record, reason: str) -> dict[str, Any]:
    """The letter of a record that has a failure.

    `document` is there when something had been embedded into it, or it was refused by the index: with it nothing has
    to be paid for again. `replaces` are the digests of the documents that it was to take the place of.
    """
    assert record.failure is not None
    raw = orjson.Fragment(record.raw)
    letter = _begun(origin, record.failure, raw, reason, record.source, record.line, record.number)
    routing = {} if record.routing is None else {"routing": record.routing}
    letter["action"] = {"index": {"_index": origin.index, "_id": record.id, **routing}}
    letter |= {"hash": record.digest, "replaces": list(record.replaces)}
    if record.inputs or record.failure.stage == bulk.STAGE:
        with suppress(ValueError):  # that is what failed, and the record says it all
            letter["document"] = orjson.Fragment(bulk.document(record))
    return letter


def of_unreadable(
    origin: Origin, failure: Failure, raw: Any, reason: str, source: str, line: int | None, number: int
) -> dict[str, Any]:
    """The letter of something read that can be no record; it has no id."""
    letter = _begun(origin, failure, raw, reason, source, line, number)
    return letter | {"action": {"index": {"_index": origin.index}}}


def _begun(
    origin: Origin, failure: Failure, raw: Any, reason: str, source: str, line: int | None, number: int
) -> dict[str, Any]:
    pipeline: Mapping[str, Any] = {
        "name": origin.pipeline,
        "file": origin.file,
        "identity": origin.identity,
        "id_field": origin.id_field,
    }
    return {
        "record": raw,
        "reason": reason,
        "stage": failure.stage,
        "error": failure.error,
        "source": source,
        "line": line,
        "attempts": failure.attempts,
        "when": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "pipeline": pipeline,
        "job": origin.job,
        "number": number,
    }
