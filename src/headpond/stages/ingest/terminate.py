"""Ends the current pipeline for a record, which goes on behind it. Use it with `if`."""

from __future__ import annotations

from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class TerminateSpec(ProcessorSpec):
    """`terminate` has only the options that every processor has."""


class Terminate(RecordProcessor[TerminateSpec]):
    """Ends the current pipeline."""

    Spec = TerminateSpec

    def apply(self, record: Record) -> None:
        """Marks the record; the end of the pipeline takes the mark away."""
        record.terminated = True
