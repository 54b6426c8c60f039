"""Writes a field: a value, a text with `{{{other}}}` fields in it, or a copy of another field."""

from __future__ import annotations

from pydantic import Field

from headpond.stages import fields, template
from headpond.stages.ingest._value import ValueSpec
from headpond.stages.ingest.base import RecordProcessor
from headpond.stages.record import Record


class SetSpec(ValueSpec):
    """Options of `set`."""

    override: bool = Field(True, description="Whether a field that has a value already is written.")
    ignore_empty_value: bool = Field(
        False, description="Leave the field alone when a snippet or `copy_from` gives null or an empty text."
    )


class Set(RecordProcessor[SetSpec]):
    """Writes a field."""

    Spec = SetSpec

    def __init__(self, spec: SetSpec, name: str) -> None:
        super().__init__(spec, name)
        self._field = template.compile(spec.field)
        self._source = spec.source()
        self._may_be_empty = spec.copy_from is not None or template.is_template(spec.value)

    def apply(self, record: Record) -> None:
        """Writes the field of one record.

        Raises:
            ValueError: `copy_from` names a field that is missing, or the field cannot be written.
        """
        spec = self.spec
        path = self._field.render(record)
        if not spec.override and fields.has(record, path) and fields.get(record, path) is not None:
            return
        value = self._source(record, spec.ignore_empty_value)
        if spec.ignore_empty_value and self._may_be_empty and fields.is_empty(value):
            return
        fields.put(record, path, value)
