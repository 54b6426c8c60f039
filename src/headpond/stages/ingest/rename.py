"""Moves a field to another name."""

from __future__ import annotations

from pydantic import Field

from headpond.stages import path
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class RenameSpec(ProcessorSpec):
    """Options of `rename`."""

    field: str = Field(description="The field to move.")
    target_field: str = Field(description="Its new name.")
    ignore_missing: bool = Field(False, description="Leave a record without the field alone.")
    override: bool = Field(False, description="Whether a field that has the new name already is replaced.")


class Rename(RecordProcessor[RenameSpec]):
    """Moves a field."""

    Spec = RenameSpec

    def apply(self, record: Record) -> None:
        """Moves the field of one record.

        Raises:
            ValueError: the field is missing, or the new name is taken.
        """
        spec, document = self.spec, record.document
        value = path.get(document, spec.field)
        if value is path.MISSING:
            if spec.ignore_missing:
                return
            raise ValueError(f"field [{spec.field}] does not exist")
        if not spec.override and path.get(document, spec.target_field) is not path.MISSING:
            raise ValueError(f"field [{spec.target_field}] already exists")
        path.remove(document, spec.field)
        try:
            path.put(document, spec.target_field, value)
        except ValueError:
            path.put(document, spec.field, value)
            raise
