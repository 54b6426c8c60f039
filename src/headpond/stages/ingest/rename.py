"""Moves a field to another name."""

from __future__ import annotations

from pydantic import Field, field_validator

from headpond.stages import fields, template
from headpond.stages.ingest.base import ProcessorSpec, RecordProcessor
from headpond.stages.record import Record


class RenameSpec(ProcessorSpec):
    """Options of `rename`."""

    field: str = Field(description="The field to move; snippets are allowed.")
    target_field: str = Field(description="Its new name; snippets are allowed.")
    ignore_missing: bool = Field(False, description="Leave a record without the field alone.")
    override: bool = Field(False, description="Whether a field that has the new name already is replaced.")

    @field_validator("field", "target_field")
    @classmethod
    def _is_template(cls, name: str) -> str:
        template.compile(name)
        return name


class Rename(RecordProcessor[RenameSpec]):
    """Moves a field."""

    Spec = RenameSpec

    def __init__(self, spec: RenameSpec, name: str) -> None:
        super().__init__(spec, name)
        self._field, self._target = template.compile(spec.field), template.compile(spec.target_field)

    def apply(self, record: Record) -> None:
        """Moves the field of one record.

        Raises:
            ValueError: the field is missing, or the new name is taken.
        """
        path, target = self._field.render(record), self._target.render(record)
        if not path or not fields.has(record, path, in_range=True):
            if self.spec.ignore_missing:
                return
            if not path:
                raise ValueError("field path cannot be null nor empty")
            raise ValueError(f"field [{path}] doesn't exist")
        if fields.has(record, target, in_range=True) and not self.spec.override:
            raise ValueError(f"field [{target}] already exists")
        value = fields.get(record, path)
        fields.remove(record, path)
        try:
            fields.put(record, target, value)
        except ValueError:
            fields.put(record, path, value)
            raise
