"""Adds a value, or several, to a list; a field that is no list becomes one, and one that is missing is made."""

from __future__ import annotations

from pydantic import Field

from headpond.stages import fields, template
from headpond.stages.ingest._value import ValueSpec
from headpond.stages.ingest.base import RecordProcessor
from headpond.stages.record import Record


class AppendSpec(ValueSpec):
    """Options of `append`."""

    allow_duplicates: bool = Field(True, description="Whether values that are in the list already are added again.")
    ignore_empty_values: bool = Field(False, description="Pass over null and empty texts.")


class Append(RecordProcessor[AppendSpec]):
    """Adds to a list."""

    Spec = AppendSpec

    def __init__(self, spec: AppendSpec, name: str) -> None:
        super().__init__(spec, name)
        self._field = template.compile(spec.field)
        self._source = spec.source()

    def apply(self, record: Record) -> None:
        """Adds to the list of one record.

        Raises:
            ValueError: `copy_from` names a field that is missing, or the field cannot be written.
        """
        spec = self.spec
        path = self._field.render(record)
        value = self._source(record, spec.ignore_empty_values)
        fields.append(
            record,
            path,
            value,
            allow_duplicates=spec.allow_duplicates,
            ignore_empty_values=spec.ignore_empty_values,
        )
