"""Leaves a record out: it is not indexed and is no error. Use it with `if`."""

from __future__ import annotations

from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class DropSpec(ProcessorSpec):
    """`drop` has only the options that every processor has."""


class Drop(RecordProcessor[DropSpec]):
    """Leaves records out."""

    Spec = DropSpec

    def apply(self, record: Record) -> None:
        """Marks the record as dropped."""
        record.dropped = True
